#include "gateway/mllp/stand_in.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <charconv>
#include <fstream>
#include <sstream>
#include <utility>

#include "gateway/exchange/answer.hpp"
#include "gateway/mllp/message_template.hpp"
#include "gateway/mllp/send_run.hpp"
#include "gateway/mllp/sender_connection.hpp"
#include "hl7v2/acknowledge.hpp"
#include "hl7v2/mllp.hpp"

namespace causeway::mllp {
namespace {

using std::chrono::steady_clock;
using Timer = net::basic_waitable_timer<steady_clock, net::wait_traits<steady_clock>, Executor>;

/// A name that sorts by time and is never used twice, also by the next run in the same folder.
std::string file_name(const hl7v2::MessageView* message, std::uint64_t number) {
    const auto now = std::chrono::system_clock::now();
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count() % 1'000'000;
    std::string kind =
        message == nullptr ? "unreadable" : fmt::format("{}_{}", message->message_type(), message->trigger_event());
    for (char& c : kind) {
        if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_') c = '_';
    }
    return fmt::format("{:%Y%m%dT%H%M%S}.{:06}-{:06}-{}", fmt::gmtime(std::chrono::system_clock::to_time_t(now)), us,
                       number, kind.substr(0, 32));
}

}  // namespace

bool split_host_port(std::string_view text, std::string& host, std::uint16_t& port) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return false;
    host = text.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    const auto digits = text.substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    return error == std::errc() && end == digits.data() + digits.size() && port != 0;
}

StandIn::StandIn(net::io_context& io, ListenScript script, Options options, Tell tell)
    : io_(io), script_(std::move(script)), options_(std::move(options)), tell_(std::move(tell)) {}

void StandIn::tell(const std::string& line) {
    const std::lock_guard lock(mutex_);
    if (tell_) tell_(line);
}

std::string StandIn::next_id() {
    const auto us =
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count();
    return fmt::format("L{}{:03}", us % 1'000'000'000'000, ++ids_ % 1'000);
}

void StandIn::keep(std::string_view bytes, const hl7v2::MessageView* message, std::uint64_t number) {
    if (options_.out.empty()) return;
    const auto path = options_.out / (file_name(message, number) + ".hl7");
    const auto part = path.string() + ".part";  // whoever watches the folder sees whole files only
    std::ofstream file(part, std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.close();
    std::error_code error;
    if (file) std::filesystem::rename(part, path, error);
    if (!file || error) tell("cannot write " + path.string());
}

void StandIn::count(const std::string& type, std::size_t bytes) {
    const bool plain =
        type.size() <= 16 && std::all_of(type.begin(), type.end(), [](char c) {
            return c == '^' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        });
    const std::lock_guard lock(mutex_);
    bytes_ += bytes;
    ++types_[plain && (types_.size() < types_max || types_.contains(type)) ? type : "other"];
}

std::string StandIn::answer(const hl7v2::MessageView& message, std::string_view code, std::string_view error) {
    std::vector<hl7v2::ErrEntry> errors;
    if (!error.empty()) {
        unsigned number = 207;
        std::from_chars(error.data(), error.data() + error.size(), number);
        errors.push_back({.code = static_cast<hl7v2::ErrorCode>(number)});
    }
    {
        const std::lock_guard lock(mutex_);
        ++answers_[std::string(code)];
    }
    const auto now = hl7_now();
    const auto id = next_id();
    return hl7v2::acknowledge(message, hl7v2::parse_ack_code(code).value_or(hl7v2::AckCode::aa), errors,
                              {.now = now, .control_id = id});
}

std::vector<std::string> StandIn::read_file(const std::string& name, const hl7v2::MessageView& message) {
    const auto path = options_.scripts / name;
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        tell("cannot read " + path.string());
        return {};
    }
    std::ostringstream text;
    text << file.rdbuf();
    std::vector<std::string> messages;
    for (const auto& each : split_messages(text.str())) {
        messages.push_back(MessageTemplate(each).render([&](std::string_view place) -> std::optional<std::string> {
            if (place == "control_id") return next_id();
            if (place == "now") return hl7_now();
            const auto at = hl7v2::Path::parse(place);
            if (at.has_error()) return std::nullopt;
            return std::string(at->position.component == 0 ? message.field(*at).raw() : message.at(*at).raw());
        }));
    }
    return messages;
}

Awaitable<Reply> StandIn::handle(std::string bytes, const SessionInfo&) {
    const auto number = received_.fetch_add(1, std::memory_order_relaxed) + 1;
    const auto message = hl7v2::MessageView::parse(bytes, {{}, hl7v2::Tolerances::all()});
    keep(bytes, message.has_value() ? &*message : nullptr, number);
    if (message.has_error()) {
        count("unreadable", bytes.size());
        tell(fmt::format("{:>6}  unreadable, {} bytes", number, bytes.size()));
        const auto now = hl7_now();
        const auto id = next_id();
        Reply reply;
        reply.messages.push_back(hl7v2::reject_unreadable(
            bytes, hl7v2::AckCode::ar, {.code = hl7v2::ErrorCode::segment_sequence}, {.now = now, .control_id = id}));
        co_return reply;
    }
    count(fmt::format("{}^{}", message->message_type(), message->trigger_event()), bytes.size());
    tell(fmt::format("{:>6}  {}^{} {} {} bytes", number, message->message_type(), message->trigger_event(),
                     message->control_id(), bytes.size()));
    static const std::vector<ScriptAction> accept = {
        ScriptAction{.kind = ScriptAction::Kind::answer, .code = "AA", .error = {}, .file = {}, .to = {}}};
    const ScriptRule* rule = nullptr;
    {
        const std::lock_guard lock(mutex_);
        rule = script_.match(*message);
    }
    const bool is_acknowledgement = static_cast<bool>(message->segment("MSA"));
    if (rule == nullptr && is_acknowledgement) co_return Reply{};  // an acknowledgement is not acknowledged
    co_return co_await act(rule == nullptr ? accept : rule->actions, bytes, *message);
}

namespace {

/// Puts the answers of a script in their order: what a delay stands before leaves after it.
class ReplyWriter {
public:
    void wait(std::uint64_t ms) { pause_ += std::chrono::milliseconds(ms); }
    void raw(std::string bytes) { reply_.parts.push_back({std::exchange(pause_, {}), std::move(bytes)}); }
    void framed(std::string_view message) { raw(hl7v2::mllp::encode_frame(message)); }
    void close() { reply_.close = true; }
    /// A delay at the end holds the next message back.
    Reply take() {
        if (pause_.count() > 0) raw({});
        return std::move(reply_);
    }

private:
    Reply reply_;
    std::chrono::milliseconds pause_{0};
};

}  // namespace

std::string StandIn::with_wrong_id(const std::string& bytes, const hl7v2::MessageView& message) {
    auto wrong = bytes;
    const auto id = message.control_id();
    wrong.replace(message.offset_of(id), id.size(), "NOT-" + std::string(id));
    const auto other = hl7v2::MessageView::parse(wrong, {{}, hl7v2::Tolerances::all()});
    return other.has_value() ? answer(*other, "AA", {}) : std::string();
}

Awaitable<Reply> StandIn::act(const std::vector<ScriptAction>& actions, const std::string& bytes,
                              const hl7v2::MessageView& message) {
    using Kind = ScriptAction::Kind;
    ReplyWriter out;
    for (const auto& action : actions) {
        switch (action.kind) {
            case Kind::answer:
                out.framed(answer(message, action.code, action.error));
                break;
            case Kind::answer_file:
                for (const auto& each : read_file(action.file, message)) out.framed(each);
                break;
            case Kind::delay:
                out.wait(action.ms);
                break;
            case Kind::silence:
                break;
            case Kind::close:
                out.close();
                break;
            case Kind::wrong_id:
                out.framed(with_wrong_id(bytes, message));
                break;
            case Kind::garbage:
                out.framed("this is not an acknowledgement");
                break;
            case Kind::half: {
                const auto framed = hl7v2::mllp::encode_frame(answer(message, "AA", {}));
                out.raw(framed.substr(0, framed.size() / 2));
                out.close();
                break;
            }
            case Kind::pieces: {
                const auto framed = hl7v2::mllp::encode_frame(answer(message, "AA", {}));
                const auto size = std::max<std::size_t>(1, framed.size() / action.count);
                for (std::size_t at = 0; at < framed.size(); at += size) {
                    if (at > 0) out.wait(action.ms);
                    out.raw(framed.substr(at, size));
                }
                break;
            }
            case Kind::send_file:
                spawn_sending(action, read_file(action.file, message));
                break;
            case Kind::acknowledge:
                spawn_sending(action, {answer(message, action.code, action.error)});
                break;
        }
    }
    co_return out.take();
}

void StandIn::spawn_sending(const ScriptAction& action, std::vector<std::string> messages) {
    net::co_spawn(net::make_strand(io_), send_later(action, std::move(messages)),
                  [this](const std::exception_ptr& failure) {
                      if (failure) tell("sending failed: a bug");
                  });
}

std::string StandIn::statistics() const {
    const std::lock_guard lock(mutex_);
    const auto list = [](const std::map<std::string, std::uint64_t>& counts) {
        std::string out;
        for (const auto& [name, count] : counts) {
            out += out.empty() ? "" : ",";
            out += fmt::format("\"{}\":{}", name, count);
        }
        return out;
    };
    return fmt::format(R"({{"received":{},"bytes":{},"types":{{{}}},"answers":{{{}}}}})", received(), bytes_,
                       list(types_), list(answers_));
}

Awaitable<> StandIn::send_later(ScriptAction action, std::vector<std::string> messages) {
    const auto strand = co_await net::this_coro::executor;
    Timer timer(strand);
    timer.expires_after(std::chrono::milliseconds(action.ms));
    co_await timer.async_wait(as_result);
    std::string host;
    std::uint16_t port = 0;
    const std::string what = action.file.empty() ? "acknowledgement " + action.code : action.file;
    const std::string to = action.to.empty() ? options_.reply_to : action.to;
    if (!split_host_port(to, host, port)) {
        tell("send " + what + ": no address; give `to HOST:PORT` or --reply-to");
        co_return;
    }
    SenderConnection connection(strand, {.tls = options_.tls});
    if (const auto error = co_await connection.connect(host, port, options_.timeout)) {
        tell("send " + what + " to " + to + ": " + error.message());
        co_return;
    }
    for (const auto& message : messages) {
        if (const auto error = co_await connection.send(message, options_.timeout)) {
            tell("send " + what + ": " + error.message());
            co_return;
        }
        const auto received = co_await connection.receive(steady_clock::now() + options_.timeout);
        const auto known = exchange::read_answer(received.message);
        tell("sent    " + what + ": " + (known ? std::string(to_string(known->code)) : "no answer"));
        if (!connection.open()) co_return;
    }
}

}  // namespace causeway::mllp
