#include "gateway/mllp/sender_connection.hpp"

#include <array>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/connect.hpp>
#include <optional>
#include <utility>

#include "gateway/tls/stream.hpp"

namespace causeway::mllp {

/// While it lives, `cancel` is called at the time given, once. Lives on the strand.
class SenderConnection::Deadline {
public:
    template <class Cancel>
    Deadline(const Executor& strand, std::chrono::steady_clock::time_point at, Cancel cancel)
        : timer_(strand), state_(std::make_shared<State>()) {
        timer_.expires_at(at);
        timer_.async_wait([state = state_, cancel = std::move(cancel)](error_code error) {
            if (error || state->over) return;
            state->expired = true;
            cancel();
        });
    }
    ~Deadline() { state_->over = true; }
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;
    bool expired() const noexcept { return state_->expired; }

private:
    struct State {
        bool over = false, expired = false;
    };
    Timer timer_;
    std::shared_ptr<State> state_;
};

SenderConnection::SenderConnection(Executor strand, Options options)
    : strand_(std::move(strand)), options_(std::move(options)) {}

SenderConnection::~SenderConnection() { close(); }

void SenderConnection::close() noexcept {
    if (stream_) stream_->close();
    stream_.reset();
    decoder_.reset();
}

void SenderConnection::abort() noexcept {
    if (stream_) stream_->close();
    if (cancel_connect_) cancel_connect_();
}

Awaitable<error_code> SenderConnection::connect(std::string host, std::uint16_t port,
                                                std::chrono::milliseconds timeout) {
    close();
    using Resolver = net::ip::basic_resolver<net::ip::tcp, Executor>;
    Resolver resolver(strand_);
    http::Socket socket(strand_);
    cancel_connect_ = [&resolver, &socket] {
        error_code ignored;
        resolver.cancel();
        socket.close(ignored);
    };
    struct Clear {
        std::function<void()>& function;
        ~Clear() { function = nullptr; }
    } const clear{cancel_connect_};
    const auto until = std::chrono::steady_clock::now() + timeout;
    const Deadline deadline(strand_, until, cancel_connect_);
    const auto [unresolved, addresses] = co_await resolver.async_resolve(host, std::to_string(port), as_result);
    if (deadline.expired()) co_return net::error::timed_out;
    if (unresolved) co_return unresolved;
    const auto [refused, endpoint] = co_await net::async_connect(socket, addresses, as_result);
    if (deadline.expired()) co_return net::error::timed_out;
    if (refused) co_return refused;
    http::set_keep_alive(socket, options_.keep_alive);
    auto stream = options_.tls ? tls::make_client_stream(std::move(socket), options_.tls->current(), host)
                               : http::make_plain_stream(std::move(socket));
    cancel_connect_ = [&stream] { stream->close(); };
    const Deadline handshake_deadline(strand_, until, cancel_connect_);
    const auto failed = co_await stream->handshake();
    if (handshake_deadline.expired()) co_return net::error::timed_out;
    if (failed) co_return failed;
    stream_ = std::move(stream);
    decoder_ = std::make_unique<hl7v2::mllp::FrameDecoder>(
        hl7v2::mllp::FrameOptions{options_.message_bytes_max, options_.unframed_answers});
    co_return error_code{};
}

Awaitable<error_code> SenderConnection::send(std::string_view message, std::chrono::milliseconds timeout) {
    if (!stream_) co_return net::error::not_connected;
    static constexpr std::string_view start = "\v", end = "\x1c\r";
    http::Stream* stream = stream_.get();
    const Deadline deadline(strand_, std::chrono::steady_clock::now() + timeout, [stream] { stream->cancel(); });
    std::array<net::const_buffer, 3> pieces = {net::buffer(start), net::buffer(message), net::buffer(end)};
    const auto error = co_await write(pieces);
    if (!error) co_return error_code{};
    const bool late = deadline.expired();
    close();
    co_return late ? error_code(net::error::timed_out) : error;
}

Awaitable<error_code> SenderConnection::write(std::span<net::const_buffer> left) {
    while (!left.empty()) {
        const auto [error, size] = co_await stream_->write_some(left);
        if (error) co_return error;
        std::size_t sent = size;
        while (!left.empty() && sent >= left.front().size()) {
            sent -= left.front().size();
            left = left.subspan(1);
        }
        if (sent > 0) left.front() += sent;
    }
    co_return error_code{};
}

/// The message without frame that has come, once nothing follows it.
std::optional<std::string> SenderConnection::finish_bare() {
    if (decoder_->bare() == 0) return std::nullopt;
    const auto frame = decoder_->finish();
    if (!frame || frame->state != hl7v2::mllp::FrameState::missing_start) return std::nullopt;
    return std::string(frame->bytes);
}

Awaitable<SenderConnection::Received> SenderConnection::receive(std::chrono::steady_clock::time_point until) {
    if (!stream_) co_return Received{};
    http::Stream* stream = stream_.get();
    const Deadline deadline(strand_, until, [stream] { stream->cancel(); });
    for (;;) {
        if (const auto frame = decoder_->next()) {
            using hl7v2::mllp::FrameState;
            if (frame->state == FrameState::clean || frame->state == FrameState::missing_carriage_return) {
                Received received{Received::Kind::message, std::string(frame->bytes)};
                if (options_.release != 2) co_return received;
                const auto commit = hl7v2::mllp::encode_commit(true);
                std::array<net::const_buffer, 1> pieces = {net::buffer(commit)};
                const auto lost = co_await write(pieces);
                (void)lost;  // the message is here all the same; the next read says that the connection is gone
                co_return received;
            }
            if (frame->state == FrameState::commit) {
                const bool accepted = frame->bytes == std::string_view(&hl7v2::mllp::commit_ack, 1);
                co_return Received{accepted ? Received::Kind::commit_ack : Received::Kind::commit_nak, {}};
            }
            if (options_.unframed_answers && frame->state == FrameState::missing_start)
                co_return Received{Received::Kind::message, std::string(frame->bytes)};
            close();
            co_return Received{Received::Kind::damaged, {}};
        }
        const auto room = decoder_->prepare();
        std::optional<Deadline> quiet;
        if (decoder_->bare() > 0)
            quiet.emplace(strand_, std::chrono::steady_clock::now() + quiet_time, [stream] { stream->cancel(); });
        const auto [error, size] = co_await stream->read_some(net::buffer(room.data(), room.size()));
        if (error) {
            const bool late = deadline.expired();
            if (quiet)  // nothing more came, whatever ended the wait
                if (auto message = finish_bare()) co_return Received{Received::Kind::message, std::move(*message)};
            close();
            co_return Received{late ? Received::Kind::timeout : Received::Kind::closed, {}};
        }
        decoder_->commit(size);
    }
}

}  // namespace causeway::mllp
