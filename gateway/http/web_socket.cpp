#include "gateway/http/web_socket.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>

#include "gateway/http/message.hpp"

namespace causeway::http {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t message_bytes_max = 4 * 1024;  // what clients say are commands
constexpr std::size_t waiting_max = 1'000;
constexpr std::size_t waiting_bytes_max = 16u << 20;
constexpr std::chrono::seconds ping_every{30}, silence_max{75}, write_time{20};

constexpr std::uint8_t op_continuation = 0, op_text = 1, op_binary = 2, op_close = 8, op_ping = 9, op_pong = 10;

/// Clause 4.2.2: the key and a constant, hashed, so that no plain HTTP server answers so by accident.
std::string accept_value(std::string_view key) {
    const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
    std::array<unsigned char, 2 * EVP_MAX_MD_SIZE> encoded{};
    const int length = EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(size));
    return {reinterpret_cast<const char*>(encoded.data()), static_cast<std::size_t>(length)};
}

/// Does a list parted by commas name the token, whatever its case?
bool names(std::string_view list, std::string_view token) {
    while (!list.empty()) {
        auto one = list.substr(0, list.find(','));
        list.remove_prefix(std::min(list.size(), one.size() + 1));
        while (one.starts_with(' ')) one.remove_prefix(1);
        while (one.ends_with(' ')) one.remove_suffix(1);
        if (equal_ignoring_case(one, token)) return true;
    }
    return false;
}

/// The sending side: messages wait here for the one coroutine that writes.
class OpenSocket final : public WebSocket, public std::enable_shared_from_this<OpenSocket> {
public:
    explicit OpenSocket(std::shared_ptr<Connection> connection)
        : connection_(std::move(connection)), wake_(connection_->executor) {}

    void send(std::string text, std::function<void(bool)> done) override {
        queue({web_socket_frame(op_text, text), std::move(done)});
    }
    void close() override { control(op_close, std::string("\x03\xe8", 2)); }
    void control(std::uint8_t opcode, std::string_view payload) {
        queue({web_socket_frame(opcode, payload), {}, opcode == op_close});
    }
    /// On the strand.
    void end() {
        ended_ = true;
        wake_.cancel();
    }
    Awaitable<> write() {
        while (!ended_) {
            std::optional<Waiting> next = front();
            if (!next) {
                wake_.expires_after(ping_every);
                const auto [error] = co_await wake_.async_wait(as_result);
                if (!error && !ended_) control(op_ping, {});
                continue;
            }
            const bool sent = co_await write_all(next->frame);
            if (next->done) next->done(sent);
            if (!sent || next->last) break;
        }
        ended_ = true;
        connection_->stream->shutdown_send();
        while (auto left = front())
            if (left->done) left->done(false);
        closed_to_new();
    }

private:
    struct Waiting {
        std::string frame;
        std::function<void(bool)> done;
        bool last = false;
    };

    void queue(Waiting message) {
        {
            const std::lock_guard lock(mutex_);
            const bool room = waiting_.size() < waiting_max && bytes_ + message.frame.size() <= waiting_bytes_max;
            if (room && !closed_) {
                bytes_ += message.frame.size();
                waiting_.push_back(std::move(message));
                net::post(connection_->executor, Wake{shared_from_this()});
                return;
            }
        }
        if (message.done) message.done(false);
    }
    std::optional<Waiting> front() {
        const std::lock_guard lock(mutex_);
        if (waiting_.empty()) return std::nullopt;
        Waiting next = std::move(waiting_.front());
        waiting_.pop_front();
        bytes_ -= next.frame.size();
        return next;
    }
    void closed_to_new() {
        std::deque<Waiting> late;
        {
            const std::lock_guard lock(mutex_);
            closed_ = true;
            late.swap(waiting_);
        }
        for (auto& one : late)
            if (one.done) one.done(false);
    }
    Awaitable<bool> write_all(std::string_view bytes) {
        while (!bytes.empty()) {
            const std::array<net::const_buffer, 1> piece{net::buffer(bytes.data(), bytes.size())};
            const auto [error, size] = co_await connection_->stream->write_some(piece);
            if (error) co_return false;
            bytes.remove_prefix(size);
        }
        co_return true;
    }
    struct Wake {
        std::shared_ptr<OpenSocket> self;
        void operator()() const { self->wake_.cancel(); }
    };

    const std::shared_ptr<Connection> connection_;
    net::basic_waitable_timer<steady_clock, net::wait_traits<steady_clock>, Executor> wake_;
    bool ended_ = false;  ///< strand only
    std::mutex mutex_;
    std::deque<Waiting> waiting_;
    std::size_t bytes_ = 0;
    bool closed_ = false;
};

struct WriterEnded {
    std::shared_ptr<OpenSocket> socket;
    void operator()(const std::exception_ptr&) const {}
};

Awaitable<> write_messages(std::shared_ptr<OpenSocket> socket) { co_await socket->write(); }

}  // namespace

bool WebSocketDecoder::broken(std::uint16_t code) {
    close_code_ = code;
    return false;
}

bool WebSocketDecoder::feed(std::string_view bytes, std::vector<Message>& out) {
    if (close_code_ != 0) return false;
    pending_ += bytes;
    while (take(out)) {
    }
    return close_code_ == 0;
}

bool WebSocketDecoder::take(std::vector<Message>& out) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(pending_[i]); };
    if (pending_.size() < 2) return false;
    const bool last = (byte(0) & 0x80) != 0;
    const auto opcode = static_cast<std::uint8_t>(byte(0) & 0x0f);
    const bool control = opcode >= 8;
    if ((byte(0) & 0x70) != 0) return broken(1002);  // no extension was agreed on
    if ((byte(1) & 0x80) == 0) return broken(1002);  // clients mask
    std::uint64_t size = byte(1) & 0x7f;
    std::size_t at = 2;
    const std::size_t wide = size == 126 ? 2 : size == 127 ? 8 : 0;
    if (control && (wide != 0 || !last)) return broken(1002);
    if (wide != 0) {
        if (pending_.size() < at + wide) return false;
        size = 0;
        for (std::size_t i = 0; i < wide; ++i) size = size << 8 | byte(at + i);
        at += wide;
    }
    if (size > message_bytes_max_ || message_.size() + size > message_bytes_max_) return broken(1009);
    if (pending_.size() < at + 4 + size) return false;
    std::string payload = pending_.substr(at + 4, static_cast<std::size_t>(size));
    for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(payload[i] ^ pending_[at + i % 4]);
    pending_.erase(0, at + 4 + static_cast<std::size_t>(size));
    if (control) {
        if (opcode > op_pong) return broken(1002);
        out.push_back({opcode == op_close  ? Kind::close
                       : opcode == op_ping ? Kind::ping
                                           : Kind::pong,
                       std::move(payload)});
        return true;
    }
    if (opcode > op_binary || (opcode == op_continuation) != in_message_) return broken(1002);
    if (opcode != op_continuation) kind_ = opcode == op_text ? Kind::text : Kind::binary;
    message_ += payload;
    in_message_ = !last;
    if (last) out.push_back({kind_, std::exchange(message_, {})});
    return true;
}

std::string web_socket_frame(std::uint8_t opcode, std::string_view payload) {
    std::string out;
    out += static_cast<char>(0x80 | opcode);
    const auto big_endian = [&](int bytes) {
        for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(payload.size() >> (8 * i));
    };
    if (payload.size() < 126) {
        out += static_cast<char>(payload.size());
    } else if (payload.size() <= 0xffff) {
        out += static_cast<char>(126);
        big_endian(2);
    } else {
        out += static_cast<char>(127);
        big_endian(8);
    }
    out += payload;
    return out;
}

Response accept_web_socket(const Request& request, std::shared_ptr<WebSocketUser> user) {
    const bool asked = request.method == Method::get && names(request.headers.get("Upgrade"), "websocket") &&
                       names(request.headers.get("Connection"), "Upgrade");
    if (!asked) {
        auto response = outcome_response(426, "not-supported", "This path is for web sockets");
        response.headers.add("Upgrade", "websocket");
        response.headers.add("Connection", "Upgrade");
        return response;
    }
    if (request.headers.get("Sec-WebSocket-Version") != "13") {
        auto response = outcome_response(426, "not-supported", "The version of web sockets here is 13");
        response.headers.add("Sec-WebSocket-Version", "13");
        return response;
    }
    const std::string_view key = request.headers.get("Sec-WebSocket-Key");
    if (key.size() != 24) return outcome_response(400, "structure", "The web socket's key is missing or wrong");
    Response response;
    response.status = 101;
    response.headers.add("Upgrade", "websocket");
    response.headers.add("Connection", "Upgrade");
    response.headers.add("Sec-WebSocket-Accept", accept_value(key));
    response.upgrade = std::move(user);
    return response;
}

namespace {

/// True if it was we who ended it: a close frame is on its way.
Awaitable<bool> read_messages(Connection& connection, OpenSocket& socket, WebSocketUser& user, std::string_view early) {
    WebSocketDecoder decoder(message_bytes_max);
    std::vector<char> room(4 * 1024);
    std::string_view bytes = early;
    for (bool open = true; open;) {
        std::vector<WebSocketDecoder::Message> messages;
        const bool good = decoder.feed(bytes, messages);
        for (auto& message : messages) {
            if (message.kind == WebSocketDecoder::Kind::text) user.received(std::move(message.bytes));
            if (message.kind == WebSocketDecoder::Kind::ping) socket.control(op_pong, message.bytes);
            if (message.kind == WebSocketDecoder::Kind::close || message.kind == WebSocketDecoder::Kind::binary) {
                socket.close();
                open = false;
                break;
            }
        }
        if (!good) {
            const auto code = decoder.close_code();
            socket.control(op_close, std::string{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)});
            open = false;
        }
        if (!open) break;
        connection.expire_at(steady_clock::now() + silence_max);
        const auto [error, size] = co_await connection.stream->read_some(net::buffer(room));
        if (error) co_return false;
        bytes = {room.data(), size};
    }
    co_return true;
}

}  // namespace

Awaitable<> run_web_socket(std::shared_ptr<Connection> connection, std::shared_ptr<WebSocketUser> user,
                           std::string early) {
    const auto socket = std::make_shared<OpenSocket>(connection);
    net::co_spawn(connection->executor, write_messages(socket), WriterEnded{socket});
    connection->idle.store(true, std::memory_order_release);  // a drain may close it at once
    bool closing = true;
    try {
        user->opened(socket);
        closing = co_await read_messages(*connection, *socket, *user, early);
    } catch (const std::exception&) {
        socket->close();  // of the library or of memory: the connection ends, its user hears of it
    }
    user->ended();
    // The writer sends what it has, the close frame at last; then the session's end closes the stream.
    connection->expire_at(steady_clock::now() + write_time);
    std::vector<char> room(1024);
    while (closing) {
        const auto [error, size] = co_await connection->stream->read_some(net::buffer(room));
        if (error) break;
    }
    socket->end();
}

}  // namespace causeway::http
