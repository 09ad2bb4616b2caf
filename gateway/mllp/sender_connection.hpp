#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gateway/http/asio.hpp"
#include "gateway/http/keep_alive.hpp"
#include "gateway/http/stream.hpp"
#include "gateway/tls/context.hpp"
#include "hl7v2/mllp.hpp"

namespace causeway::mllp {

namespace net = boost::asio;
using http::as_result;
using http::Awaitable;
using http::error_code;
using http::Executor;

/// One connection to a partner's MLLP listener, as a client: connect, send a message, receive messages.
///
/// All calls from one coroutine on the strand given. After a time-out or a failure the connection is closed: whatever
/// still comes on it belongs to nobody.
class SenderConnection {
public:
    struct Options {
        std::size_t message_bytes_max = std::size_t{16} << 20;
        std::shared_ptr<tls::Source> tls = nullptr;  ///< null: plain text
        int release = 1;  ///< of MLLP; 2: every message that comes is answered by a commit block at once
        bool unframed_answers =
            false;  ///< a message without frame is taken too, once nothing follows it for quiet_time
        http::KeepAlive keep_alive = {};
    };
    static constexpr std::chrono::milliseconds quiet_time{300};

    SenderConnection(Executor strand, Options options);
    ~SenderConnection();
    SenderConnection(const SenderConnection&) = delete;
    SenderConnection& operator=(const SenderConnection&) = delete;

    /// With the TLS handshake, if there is to be one.
    Awaitable<error_code> connect(std::string host, std::uint16_t port, std::chrono::milliseconds timeout);
    /// Frames and writes. The message must stay where it is until the answer.
    Awaitable<error_code> send(std::string_view message, std::chrono::milliseconds timeout);

    struct Received {
        enum class Kind { message, commit_ack, commit_nak, timeout, closed, damaged } kind = Kind::closed;
        std::string message;
    };
    /// The next message, at the latest at `deadline`.
    Awaitable<Received> receive(std::chrono::steady_clock::time_point deadline);

    void close() noexcept;
    /// Ends what is in progress with an error, from another coroutine or handler on the same strand.
    void abort() noexcept;
    bool open() const noexcept { return stream_ != nullptr; }

private:
    using Timer =
        net::basic_waitable_timer<std::chrono::steady_clock, net::wait_traits<std::chrono::steady_clock>, Executor>;
    class Deadline;
    Awaitable<error_code> write(std::span<net::const_buffer> pieces);
    std::optional<std::string> finish_bare();

    Executor strand_;
    Options options_;
    std::unique_ptr<http::Stream> stream_;
    std::function<void()> cancel_connect_;  ///< while one is in progress
    std::unique_ptr<hl7v2::mllp::FrameDecoder> decoder_;
};

}  // namespace causeway::mllp
