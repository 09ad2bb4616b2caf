#include "gateway/mllp/send_run.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <utility>

#include "gateway/exchange/answer.hpp"
#include "gateway/mllp/message_template.hpp"
#include "hl7v2/acknowledgement_mode.hpp"
#include "hl7v2/builder.hpp"
#include "hl7v2/message_view.hpp"

namespace causeway::mllp {
namespace {

using namespace hl7v2::literals;
using std::chrono::steady_clock;
using Timer = net::basic_waitable_timer<steady_clock, net::wait_traits<steady_clock>, Executor>;

/// The state that the connections of one run share. They run on one thread.
class Run {
public:
    Run(net::io_context& io, const SendOptions& options, const std::vector<std::string>& messages,
        const std::function<void(const SendResult&)>& each)
        : io_(io), options_(options), each_(each), total_(options.repeat * messages.size()) {
        for (const auto& message : messages) templates_.emplace_back(message);
    }

    SendReport go() {
        const auto began = steady_clock::now();
        begin_ = began;
        const auto rethrow = [this](const std::exception_ptr& failure) {
            if (failure && !failure_) failure_ = failure;
        };
        for (std::size_t i = 0; i < std::max<std::size_t>(1, options_.connections); ++i) {
            net::co_spawn(net::make_strand(io_), sender(), rethrow);
        }
        io_.run();
        if (failure_) std::rethrow_exception(failure_);
        report_.elapsed = std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - began);
        std::sort(report_.times_us.begin(), report_.times_us.end());
        return std::move(report_);
    }

private:
    Awaitable<> sender() {
        const auto strand = co_await net::this_coro::executor;
        SenderConnection connection(strand, {.message_bytes_max = options_.answer_bytes_max, .tls = options_.tls});
        Timer timer(strand);
        while (next_ < total_) {
            const std::uint64_t number = ++next_;
            if (options_.per_second > 0) {
                const auto due = std::chrono::duration<double>(static_cast<double>(number - 1) / options_.per_second);
                timer.expires_at(begin_ + std::chrono::duration_cast<steady_clock::duration>(due));
                co_await timer.async_wait(as_result);
            }
            auto result = co_await one(connection, number);
            count(result);
        }
        connection.close();
    }

    Awaitable<SendResult> one(SenderConnection& connection, std::uint64_t number) {
        SendResult result;
        result.number = number;
        const std::string message = make(number, result.control_id);
        const auto began = steady_clock::now();
        const auto fail = [&](std::string_view code, std::string text) {
            result.code = code;
            result.text = std::move(text);
        };
        if (!connection.open()) {
            const auto error = co_await connection.connect(options_.host, options_.port, options_.connect_timeout);
            if (error) {
                fail("failed", "cannot connect: " + error.message());
                co_return result;
            }
        }
        if (const auto error = co_await connection.send(message, options_.answer_timeout)) {
            fail("failed", "cannot send: " + error.message());
            co_return result;
        }
        ++report_.sent;
        if (!options_.wait_for_answer) {
            result.code = "sent";
            co_return result;
        }
        co_await await_answers(connection, message, began, result);
        co_return result;
    }

    /// In enhanced mode there may be two: CA, then AA. What a message does not ask for is not waited for.
    Awaitable<> await_answers(SenderConnection& connection, std::string_view message, steady_clock::time_point began,
                              SendResult& result) {
        using Kind = SenderConnection::Received::Kind;
        const auto view = hl7v2::MessageView::parse(message, {{}, hl7v2::Tolerances::all()});
        hl7v2::AckWait wait(view.has_value() ? hl7v2::ack_request(*view) : hl7v2::AckRequest{}, result.control_id,
                            true);
        if (wait.state() == hl7v2::AckWait::State::settled && options_.release != 2) {
            result.code = "sent";
            co_return;
        }
        for (;;) {
            auto received = co_await connection.receive(began + options_.answer_timeout);
            result.time = std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - began);
            if (received.kind == Kind::commit_nak) {
                result.code = "NAK";
                co_return;
            }
            if (received.kind == Kind::commit_ack) {
                if (wait.state() != hl7v2::AckWait::State::settled) continue;
                result.code = "sent";
                result.text = "committed";
                co_return;
            }
            if (received.kind == Kind::timeout && wait.state() != hl7v2::AckWait::State::settled &&
                wait.give_up_waiting()) {
                result.code = "sent";
                result.text = "no error was reported";
                co_return;
            }
            if (received.kind != Kind::message) {
                // What came instead of an answer says more than that none came.
                if (result.code.empty()) result.code = "none";
                if (result.text.empty())
                    result.text = received.kind == Kind::timeout  ? "no answer in time"
                                  : received.kind == Kind::closed ? "the connection was closed without an answer"
                                                                  : "the answer is not framed as MLLP";
                co_return;
            }
            const auto step = take(received.message, wait);
            if (step == hl7v2::AckWait::Step::progressed) continue;
            read(std::move(received.message), result);
            if (step != hl7v2::AckWait::Step::not_ours) co_return;
            ++report_.strays;  // a late answer to another message: the right one may still follow
        }
    }

    static hl7v2::AckWait::Step take(const std::string& answer, hl7v2::AckWait& wait) {
        const auto view = hl7v2::MessageView::parse(answer, {{}, hl7v2::Tolerances::all()});
        if (view.has_error()) return hl7v2::AckWait::Step::unexpected;
        const auto read = hl7v2::read_acknowledgement(*view);
        return read ? wait.take(*read) : hl7v2::AckWait::Step::unexpected;
    }

    std::string make(std::uint64_t number, std::string& control_id) {
        const auto fresh_id = fmt::format("{}{}", options_.control_id_prefix, number);
        const auto now = hl7_now();
        auto message = templates_[(number - 1) % templates_.size()].render(
            [&](std::string_view name) -> std::optional<std::string> {
                if (name == "control_id") return fresh_id;
                if (name == "now") return now;
                if (name == "n") return std::to_string(number);
                return std::nullopt;
            });
        const auto view = hl7v2::MessageView::parse(message, {{}, hl7v2::Tolerances::all()});
        if (view.has_error()) return message;  // a tool for testing sends what it is told
        if (options_.fresh) {
            auto builder = hl7v2::MessageBuilder::edit(*view);
            builder.set("MSH-10"_v2, fresh_id);
            builder.set("MSH-7"_v2, now);
            control_id = fresh_id;
            return builder.text();
        }
        control_id = view->control_id();
        return message;
    }

    static void read(std::string answer, SendResult& result) {
        result.text.clear();
        const auto known = exchange::read_answer(answer);
        if (!known) {
            result.code = "none";
            result.text = "the answer is no acknowledgement";
        } else {
            result.code = to_string(known->code);
            if (known->control_id != result.control_id) {
                result.text = "MSA-2 is \"" + known->control_id + "\"";
                result.code += "?";
            } else if (!known->error_code.empty()) {
                result.text = "error " + known->error_code;
            }
        }
        result.answer = std::move(answer);
    }

    void count(const SendResult& result) {
        ++report_.codes[result.code];
        if (result.code == "AA" || result.code == "CA" || result.code == "sent") {
            ++report_.positive;
        } else if (result.code.ends_with('?')) {
            ++report_.mismatched;
        } else if (result.code == "failed" || result.code == "none") {
            ++report_.failed;
        } else {
            ++report_.negative;
        }
        if (!result.answer.empty() && report_.times_us.size() < SendReport::times_max) {
            report_.times_us.push_back(
                static_cast<std::uint32_t>(std::min<std::int64_t>(result.time.count(), UINT32_MAX)));
        }
        if (each_) each_(result);
    }

    net::io_context& io_;
    const SendOptions& options_;
    const std::function<void(const SendResult&)>& each_;
    std::vector<MessageTemplate> templates_;
    std::uint64_t total_, next_ = 0;
    steady_clock::time_point begin_;
    SendReport report_;
    std::exception_ptr failure_;
};

}  // namespace

double SendReport::per_second() const {
    return elapsed.count() == 0 ? 0.0 : static_cast<double>(sent) * 1e6 / static_cast<double>(elapsed.count());
}

std::uint32_t SendReport::percentile_us(double share) const {
    if (times_us.empty()) return 0;
    const auto index = static_cast<std::size_t>(share * static_cast<double>(times_us.size() - 1) + 0.5);
    return times_us[std::min(index, times_us.size() - 1)];
}

std::string SendReport::json() const {
    std::string answers;
    for (const auto& [code, count] : codes)
        answers += fmt::format("{}\"{}\":{}", answers.empty() ? "" : ",", code, count);
    const auto ms = [this](double share) { return static_cast<double>(percentile_us(share)) / 1e3; };
    std::string latency = "null";
    if (!times_us.empty())
        latency = fmt::format(R"({{"min":{:.3f},"p50":{:.3f},"p90":{:.3f},"p99":{:.3f},"p99_9":{:.3f},"max":{:.3f}}})",
                              ms(0), ms(0.5), ms(0.9), ms(0.99), ms(0.999), ms(1));
    return fmt::format(
        R"({{"sent":{},"positive":{},"negative":{},"mismatched":{},"strays":{},"failed":{},"results":{{{}}},"seconds":{:.3f},)"
        R"("messages_per_second":{:.1f},"latency_ms":{}}})",
        sent, positive, negative, mismatched, strays, failed, answers, static_cast<double>(elapsed.count()) / 1e6,
        per_second(), latency);
}

SendReport send_all(net::io_context& io, const SendOptions& options, const std::vector<std::string>& messages,
                    const std::function<void(const SendResult&)>& each) {
    if (messages.empty()) return {};
    return Run(io, options, messages, each).go();
}

std::string hl7_now() {
    const auto now = std::chrono::system_clock::now();
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
    return fmt::format("{:%Y%m%d%H%M%S}.{:03}+0000", fmt::gmtime(std::chrono::system_clock::to_time_t(now)), ms);
}

}  // namespace causeway::mllp
