#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/http/connection.hpp"

namespace causeway::http {

struct Request;
struct Response;

/// Takes a client's web socket frames apart (RFC 6455, clause 5): bytes in, messages out, no socket. A client that does
/// not keep to the protocol is told so by `close_code`; nothing is read after that.
class WebSocketDecoder {
public:
    enum class Kind : std::uint8_t { text, binary, ping, pong, close };
    struct Message {
        Kind kind = Kind::text;
        std::string bytes;  ///< unmasked, of all fragments
    };

    explicit WebSocketDecoder(std::size_t message_bytes_max) : message_bytes_max_(message_bytes_max) {}
    /// False if the protocol was broken.
    bool feed(std::string_view bytes, std::vector<Message>& out);
    std::uint16_t close_code() const noexcept { return close_code_; }

private:
    /// One frame from the front of `pending_`; false if it is not complete or wrong.
    bool take(std::vector<Message>& out);
    bool broken(std::uint16_t code);

    const std::size_t message_bytes_max_;
    std::string pending_;
    std::string message_;  ///< of the fragments so far
    bool in_message_ = false;
    Kind kind_ = Kind::text;
    std::uint16_t close_code_ = 0;
};

/// One whole, unmasked frame as a server sends it. `opcode`: 1 text, 8 close, 9 ping, 10 pong.
std::string web_socket_frame(std::uint8_t opcode, std::string_view payload);

/// An open web socket as what speaks over it sees it. Thread-safe.
class WebSocket {
public:
    virtual ~WebSocket() = default;
    /// Queues a text message. `done` is called once, with true when its bytes were given to the system; with false when
    /// the connection ended before, or at once when the queue is full (a peer that does not read).
    virtual void send(std::string text, std::function<void(bool)> done) = 0;
    virtual void close() = 0;
};

/// What a connection is for after its handshake. Called on the connection's strand, one call at a time.
class WebSocketUser {
public:
    virtual ~WebSocketUser() = default;
    virtual void opened(const std::shared_ptr<WebSocket>& socket) = 0;
    virtual void received(std::string text) = 0;
    virtual void ended() noexcept = 0;
};

/// 101 with `user` behind it, or the answer that says what is wrong with the request (RFC 6455, clause 4.2).
Response accept_web_socket(const Request& request, std::shared_ptr<WebSocketUser> user);

/// Serves an upgraded connection until either side ends it. `early`: what was read beyond the handshake. A ping goes out
/// twice a minute; a peer that is silent for longer than a minute is gone.
Awaitable<> run_web_socket(std::shared_ptr<Connection> connection, std::shared_ptr<WebSocketUser> user,
                           std::string early);

}  // namespace causeway::http
