#pragma once
#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/result.hpp>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/http/asio.hpp"
#include "gateway/http/connection.hpp"

namespace causeway::mllp {

namespace net = boost::asio;
using http::as_result;
using http::Awaitable;
using http::error_code;
using http::Executor;

/// What one MLLP entry point may cost. Every one of them is configurable.
struct ListenerLimits {
    std::size_t connections_max = 256;
    std::size_t connections_per_peer_max = 64;
    std::size_t message_bytes_max = std::size_t{16} << 20;
    std::chrono::milliseconds idle_time{300'000};  ///< between messages
    std::chrono::milliseconds frame_time{30'000};  ///< from the first byte of a message to its end
    std::chrono::milliseconds write_time{30'000};  ///< for one answer to be taken by the peer
    std::chrono::milliseconds drain_time{10'000};
    std::uint32_t damaged_frames_max = 16;  ///< on one connection; then it is closed
    std::size_t junk_bytes_max = 4'096;     ///< outside of frames, on one connection; then it is closed
};

/// Who is at the other end of a session.
struct SessionInfo {
    std::string listener;  ///< name of the entry point, for rows and metrics
    std::shared_ptr<const http::Peer> peer;
    std::uint64_t session = 0;  ///< counts from 1
};

/// What goes back on the connection a message came from: nothing, one acknowledgement, or an accept acknowledgement
/// followed by an application acknowledgement.
struct Reply {
    std::vector<std::string> messages;  ///< without frame bytes
    bool close = false;                 ///< after the last of them
    std::string unframed;               ///< written as it is after them: for stand-in partners that misbehave
};

/// Takes each message of each session. The session reads no further until the answer is given, so a full gateway slows
/// its senders down and drops nothing.
class MessageHandler {
public:
    virtual ~MessageHandler() = default;
    virtual Awaitable<Reply> handle(std::string message, const SessionInfo& session) = 0;
    /// A frame that could not be read as one: too large, cut off, without start. The answer to it, or nothing.
    virtual Reply damaged(std::string_view beginning, std::string_view reason, const SessionInfo& session);
};

/// What a listener tells whoever counts and logs. Called on I/O threads; must not block.
class ListenerEvents {
public:
    virtual ~ListenerEvents() = default;
    virtual void connections_changed(std::size_t) {}
    virtual void connection_refused(const std::string& address) { (void)address; }
    /// A session ended with an exception: a bug of ours. `what` has no content of a message.
    virtual void session_failed(const char* what) { (void)what; }
    virtual void frame_damaged(const SessionInfo&, std::string_view reason) { (void)reason; }
};

struct ListenError {
    std::string message;
};
template <class T>
using ListenResult = boost::system::result<T, ListenError>;
[[noreturn]] void throw_exception_from_error(const ListenError& error, const boost::source_location& where);

/// The MLLP entry point: acceptors, sessions and their bounds.
///
/// Lives on an io_context that may be run by several threads; each connection has a strand. Loopback addresses only,
/// unless something in front of us encrypts.
class Listener {
public:
    struct Options {
        std::string name = "mllp";
        ListenerLimits limits;
        bool allow_remote_plaintext = false;
    };

    Listener(net::io_context& io, MessageHandler& handler, Options options, ListenerEvents* events = nullptr);
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    /// Binds and begins to accept. Port 0 takes a free one; the port is the answer.
    ListenResult<std::uint16_t> listen(const std::string& address, std::uint16_t port);

    /// Stops accepting, closes sessions between messages, lets messages in progress be answered for limits.drain_time,
    /// then cancels. `done` is called once, on an I/O thread, when the last session has ended. Any thread may call it.
    void stop(std::function<void()> done);

    std::size_t connections() const { return connections_.size(); }
    bool stopping() const noexcept { return stopping_.load(std::memory_order_relaxed); }

private:
    using Acceptor = net::basic_socket_acceptor<net::ip::tcp, Executor>;
    using Timer =
        net::basic_waitable_timer<std::chrono::steady_clock, net::wait_traits<std::chrono::steady_clock>, Executor>;

    Awaitable<> accept_loop(Acceptor& acceptor);
    Awaitable<> sweep_loop();
    Awaitable<> run_session(std::shared_ptr<http::Connection> connection, std::uint64_t number);
    void sweep();
    void ended(const std::exception_ptr& failure);

    net::io_context& io_;
    MessageHandler& handler_;
    const Options options_;
    ListenerEvents no_events_;
    ListenerEvents* events_;
    Executor strand_;  // acceptors, sweeper, stop
    std::list<Acceptor> acceptors_;
    Timer sweeper_;
    bool sweeping_ = false;
    http::Connections connections_;
    std::atomic<bool> stopping_ = false;
    http::SteadyTime stop_deadline_{};
    std::function<void()> stopped_;
    std::uint64_t sessions_ = 0;
};

}  // namespace causeway::mllp
