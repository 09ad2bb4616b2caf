#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/http/entry_point.hpp"

namespace causeway::mllp {

namespace net = boost::asio;
using http::as_result;
using http::Awaitable;
using http::error_code;
using http::Executor;
using http::ListenError;
using http::ListenResult;

/// What one MLLP entry point may cost. Every one of them is configurable.
struct ListenerLimits {
    std::size_t connections_max = 256;
    std::size_t connections_per_peer_max = 64;  ///< loopback peers are only bound by the total
    std::size_t message_bytes_max = std::size_t{16} << 20;
    std::size_t bytes_in_flight_max = std::size_t{256} << 20;  ///< of all connections; beyond it nothing more is read
    std::chrono::milliseconds handshake_time{10'000};          ///< of TLS
    std::chrono::milliseconds idle_time{300'000};              ///< between messages
    std::chrono::milliseconds frame_time{30'000};              ///< from the first byte of a message to its end
    std::chrono::milliseconds write_time{30'000};              ///< for one answer to be taken by the peer
    std::chrono::milliseconds drain_time{10'000};
    std::chrono::milliseconds quiet_time{500};  ///< without bytes: then a message without frame has ended
    std::uint32_t damaged_frames_max = 16;      ///< on one connection; then it is closed
    std::size_t junk_bytes_max = 4'096;         ///< outside of frames, in a row; then the connection is closed
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
    struct Part {
        std::chrono::milliseconds wait{0};
        std::string bytes;  ///< frame bytes and all
    };
    std::vector<Part> parts{};  ///< after all that, each after its wait; for stand-in partners too
    bool kept = true;           ///< what came is durable: MLLP release 2 commits it, or asks for it again
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

/// Why a session ended.
enum class SessionEnd : std::uint8_t {
    peer,         ///< the peer closed the connection, or it broke
    reply,        ///< the handler wanted it closed
    stopped,      ///< the listener stops
    idle,         ///< no message in idle_time
    slow_frame,   ///< a message took longer than frame_time
    slow_reader,  ///< an answer was not taken in write_time
    junk,         ///< more bytes outside of frames than junk_bytes_max
    damaged,      ///< more damaged frames than damaged_frames_max
    proxy,        ///< a proxy did not say who connects
};
std::string_view to_string(SessionEnd end) noexcept;

/// What a listener tells whoever counts and logs. Called on I/O threads; must not block.
class ListenerEvents {
public:
    virtual ~ListenerEvents() = default;
    virtual void connections_changed(std::size_t) {}
    virtual void connection_refused(const std::string& address) { (void)address; }
    virtual void handshake_failed(const std::string& address, const std::string& reason) {
        (void)address, (void)reason;
    }
    /// A session ended with an exception: a bug of ours. `what` has no content of a message.
    virtual void session_failed(const char* what) { (void)what; }
    virtual void session_ended(const SessionInfo&, SessionEnd end) { (void)end; }
    virtual void frame_damaged(const SessionInfo&, std::string_view reason) { (void)reason; }
    /// A message came without frame, the first on its connection; `missing` says what of a frame was not there.
    virtual void frame_missing(const SessionInfo&, std::string_view missing) { (void)missing; }
    /// Bytes outside of frames, since the frame before.
    virtual void junk_skipped(const SessionInfo&, std::size_t bytes) { (void)bytes; }
};

/// The MLLP entry point: acceptors, sessions and their bounds, over plain TCP or TLS.
class Listener : private http::Sessions {
public:
    struct Options {
        std::string name = "mllp";
        ListenerLimits limits{};
        /// Plain text on addresses other than loopback: something in front of us encrypts.
        bool allow_plaintext = false;
        std::shared_ptr<tls::Source> tls{};  ///< null: plain text
        int release = 1;  ///< of MLLP; 2: each block is answered by a commit block, ACK once it is durable, else NAK
        /// Messages without frame are taken too, and answered without one.
        bool unframed = false;
        /// Addresses of proxies: a connection from one begins with a PROXY header, which says who connects.
        std::vector<std::string> proxies{};
        http::KeepAlive keep_alive{};
    };

    Listener(net::io_context& io, MessageHandler& handler, Options options, ListenerEvents* events = nullptr);

    /// Binds and begins to accept. Port 0 takes a free one; the port is the answer.
    ListenResult<std::uint16_t> listen(const std::string& address, std::uint16_t port) {
        return entry_.listen(address, port);
    }

    /// Stops accepting, closes sessions between messages, lets messages in progress be answered for limits.drain_time,
    /// then cancels. `done` is called once, on an I/O thread, when the last session has ended. Any thread may call it.
    void stop(std::function<void()> done) { entry_.stop(std::move(done)); }

    std::size_t connections() const { return entry_.connections(); }
    bool stopping() const noexcept { return entry_.stopping(); }

private:
    struct Session;
    Awaitable<> run_session(std::shared_ptr<http::Connection> connection, std::uint64_t number) override;
    void connections_changed(std::size_t count) override { events_->connections_changed(count); }
    void connection_refused(const std::string& address) override { events_->connection_refused(address); }
    void handshake_failed(const std::string& address, const std::string& reason) override {
        events_->handshake_failed(address, reason);
    }
    void session_failed(const char* what) override { events_->session_failed(what); }

    MessageHandler& handler_;
    const Options options_;
    ListenerEvents no_events_;
    ListenerEvents* events_;
    std::atomic<std::size_t> bytes_in_flight_ = 0;
    http::EntryPoint entry_;  // last: its sessions use the rest
};

}  // namespace causeway::mllp
