#include "gateway/http/session.hpp"

#include <boost/asio/co_spawn.hpp>
#include <charconv>
#include <cstring>
#include <ctime>

#include "gateway/http/compression.hpp"
#include "gateway/http/exchange.hpp"
#include "gateway/http/memory_budget.hpp"
#include "gateway/http/request_parser.hpp"
#include "gateway/http/web_socket.hpp"

namespace causeway::http {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t inline_coding_bytes_max = 256 * 1024;
constexpr std::size_t inline_gunzip_bytes_max = 16 * 1024;  // packed; unpacked it may be a hundred times as much
constexpr std::size_t gzip_bytes_min = 1024;
constexpr std::size_t linger_bytes_max = 1024 * 1024;
constexpr std::chrono::seconds linger_time{2};

/// Bytes read and not yet parsed. Grows from 4 KiB to 64 KiB, when a body is being read.
class ReadBuffer {
public:
    std::string_view bytes() const { return {data_.data() + begin_, end_ - begin_}; }
    void consume(std::size_t count) {
        begin_ += count;
        if (begin_ == end_) begin_ = end_ = 0;
    }
    net::mutable_buffer prepare(std::size_t wanted) {
        if (begin_ > 0) {
            std::memmove(data_.data(), data_.data() + begin_, end_ - begin_);
            end_ -= begin_;
            begin_ = 0;
        }
        if (data_.size() - end_ < wanted) data_.resize(std::max(end_ + wanted, data_.size()));
        return {data_.data() + end_, data_.size() - end_};
    }
    void commit(std::size_t count) { end_ += count; }
    void shrink() {
        if (begin_ == end_ && data_.size() > 2 * header_room) std::vector<char>(header_room).swap(data_);
    }
    static constexpr std::size_t header_room = 4 * 1024, body_room = 64 * 1024;

private:
    std::vector<char> data_ = std::vector<char>(header_room);
    std::size_t begin_ = 0, end_ = 0;
};

std::string_view http_date_now() {
    struct Cache {
        std::time_t second = -1;
        char text[32];
        std::size_t size = 0;
    };
    thread_local Cache cache;
    const std::time_t now = std::time(nullptr);
    if (now != cache.second) {
        std::tm parts{};
        gmtime_r(&now, &parts);
        cache.size = std::strftime(cache.text, sizeof cache.text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
        cache.second = now;
    }
    return {cache.text, cache.size};
}

void append_number(std::string& out, std::size_t value) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out.append(digits, end);
}

bool has_body(unsigned status) { return status >= 200 && status != 204 && status != 304; }

struct Framing {
    std::string_view request_id, correlation_id;
    bool keep_alive = true;
};

/// Status line and fields. A line break inside a value would let a client write our header: such a field is left out.
void write_head(const Response& response, const Framing& framing, std::string& out) {
    out.clear();
    out += "HTTP/1.1 ";
    append_number(out, response.status);
    out.append(" ").append(reason_phrase(response.status)).append("\r\n");
    for (std::size_t i = 0; i < response.headers.size(); ++i) {
        const std::string_view value = response.headers.value(i);
        if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) continue;
        out.append(response.headers.name(i)).append(": ").append(value).append("\r\n");
    }
    if (has_body(response.status)) {
        out += "Content-Length: ";
        append_number(out, response.body.bytes());
        out += "\r\n";
    }
    out.append("Date: ").append(http_date_now()).append("\r\n");
    // No answer of ours is anything else than it says, whatever a browser would like to see in it.
    if (!response.headers.has("X-Content-Type-Options")) out += "X-Content-Type-Options: nosniff\r\n";
    if (!framing.request_id.empty()) out.append("X-Request-Id: ").append(framing.request_id).append("\r\n");
    if (!framing.correlation_id.empty()) out.append("X-Correlation-Id: ").append(framing.correlation_id).append("\r\n");
    out += framing.keep_alive ? "\r\n" : "Connection: close\r\n\r\n";
}

/// The client's own id of this request, if it is short and plain enough to be sent back.
std::string_view correlation_id(const Headers& headers) {
    std::string_view id = headers.get("X-Correlation-Id");
    if (id.empty()) id = headers.get("X-Request-Id");
    if (id.size() > 128) return {};
    for (const char c : id)
        if (c <= ' ' || c > '~') return {};
    return id;
}

bool compressible(std::string_view content_type) {
    return content_type.find("json") != std::string_view::npos || content_type.find("xml") != std::string_view::npos ||
           content_type.starts_with("text/") || content_type.find("javascript") != std::string_view::npos;
}

net::awaitable<std::optional<std::string>> gzip_on_pool(const Body& body) { co_return gzip(body); }

void use_gzip(Response& response, std::optional<std::string> smaller) {
    if (!smaller) return;
    response.body.clear();
    response.body.append(std::move(*smaller));
    response.headers.set("Content-Encoding", "gzip");
}

bool worth_gzip(const Response& response) {
    return has_body(response.status) && response.body.bytes() >= gzip_bytes_min &&
           !response.headers.has("Content-Encoding") && compressible(response.headers.get("Content-Type"));
}

bool is_packed(const Request& request) {
    const std::string_view coding = request.headers.get("Content-Encoding");
    return equal_ignoring_case(coding, "gzip") || equal_ignoring_case(coding, "x-gzip");
}

/// `size` is what the packed body says of itself, or the most a body may have if that is less.
Refusal decode_body(Request& request, const Limits& limits, std::size_t size) {
    const std::string_view coding = request.headers.get("Content-Encoding");
    if (coding.empty() || equal_ignoring_case(coding, "identity")) return {};
    if (!is_packed(request)) return {415, "not-supported", "The only content coding of this server is gzip"};
    std::string plain;
    switch (gunzip(request.body, size, limits.gzip_ratio_max, plain)) {
        case GunzipError::none:
            break;
        case GunzipError::corrupt:
            return {400, "structure", "The request body is not one complete gzip member"};
        case GunzipError::too_large:
            if (size < limits.body_bytes_max) return {400, "structure", "The gzip member is larger than it says"};
            return {413, "too-long", "The request body is larger than this server allows"};
        case GunzipError::ratio:
            return {413, "too-long", "The request body expands more than this server allows"};
    }
    request.body = std::move(plain);
    request.headers.remove("Content-Encoding");
    return {};
}

Response response_of(const Refusal& refusal) { return outcome_response(refusal.status, refusal.code, refusal.text); }

std::chrono::milliseconds body_time(const Request& request, const Limits& limits) {
    std::uint64_t announced = 0;
    const std::string_view length = request.headers.get("Content-Length");
    if (length.empty() || std::from_chars(length.data(), length.data() + length.size(), announced).ec != std::errc{})
        return limits.body_time;
    const auto slowest = std::chrono::seconds(5) +
                         std::chrono::seconds(announced / std::max<std::size_t>(1, limits.body_bytes_per_second_min));
    return std::min<std::chrono::milliseconds>(limits.body_time, slowest);
}

net::awaitable<Refusal> decode_on_pool(Request& request, const Limits& limits, std::size_t size) {
    co_return decode_body(request, limits, size);
}

/// What reading one request came to.
struct Incoming {
    enum class Kind : std::uint8_t { complete, ended, screened, refused } kind = Kind::ended;
    Response response;  ///< for screened (the request had no body) and refused (the connection is closed after it)
};

Incoming refused(Response response) { return {Incoming::Kind::refused, std::move(response)}; }

Response no_room() {
    Response busy = outcome_response(503, "throttled", "The server holds as much as it may at once; try again");
    busy.headers.add("Retry-After", "1");
    return busy;
}

/// Answers that change nothing may be taken back when there is no room for them.
bool only_reads(Method method, std::string_view path) {
    return method == Method::get || method == Method::head || path.ends_with("/_search");
}

/// What a gzip member says of its own size: its last four bytes (RFC 1952). A lie is found while it is unpacked.
std::size_t unpacked_bytes(std::string_view member) {
    std::size_t size = 0;
    for (std::size_t i = 0; i < 4 && i < member.size(); ++i)
        size = size << 8 | static_cast<unsigned char>(member[member.size() - 1 - i]);
    return size;
}

/// The parts of a connection's life, as coroutines over the frame of run_session.
struct Session {
    const std::shared_ptr<Connection>& connection;
    const SessionContext& context;
    ReadBuffer buffer{};
    std::string head{};
    std::vector<net::const_buffer> pieces{};

    /// An answer that there is no room for must be taken by then.
    std::optional<SteadyTime> write_until{};

    Awaitable<Incoming> read_request(RequestParser& parser, MemoryBudget::Share& share, bool first);
    Awaitable<Incoming> read_body(RequestParser& parser, MemoryBudget::Share& share);
    Awaitable<Incoming> decode(Request& request, MemoryBudget::Share& share);
    Awaitable<bool> wait_for_room(MemoryBudget::Share& share, MemoryBudget::Part part, std::size_t bytes);
    Awaitable<> hold_answer(MemoryBudget::Share& share, Response& response, bool may_be_refused);
    Awaitable<bool> write(const Response& response, const Framing& framing, bool with_body);
    Awaitable<bool> write_pieces();
    Awaitable<> linger();
};

Awaitable<Incoming> Session::read_request(RequestParser& parser, MemoryBudget::Share& share, bool first) {
    Connection& self = *connection;
    bool begun = !buffer.bytes().empty();
    const SteadyTime start = steady_clock::now();
    // From accept, or from the first byte of a later request; armed once.
    self.expire_at(start + (begun || first ? context.limits.header_time : context.limits.idle_time));
    for (;;) {
        if (!buffer.bytes().empty()) {
            buffer.consume(parser.feed(buffer.bytes()));
            if (parser.refusal().status != 0) co_return refused(response_of(parser.refusal()));
            if (parser.header_done()) break;
        }
        self.idle.store(!begun, std::memory_order_release);
        if (!begun && context.stopping.load(std::memory_order_acquire)) co_return Incoming{};
        const auto [error, size] = co_await self.stream->read_some(buffer.prepare(ReadBuffer::header_room / 2));
        self.idle.store(false, std::memory_order_release);
        self.idle_sweeps.store(0, std::memory_order_relaxed);
        if (error && self.timed_out && begun)
            co_return refused(outcome_response(408, "timeout", "The request header took too long"));
        if (error) co_return Incoming{};
        if (!begun && !first) self.expire_at(steady_clock::now() + context.limits.header_time);
        begun = true;
        buffer.commit(size);
    }
    parser.request.peer = self.peer;
    if (auto answer = context.handler.screen(parser.request))
        co_return Incoming{parser.complete() ? Incoming::Kind::screened : Incoming::Kind::refused, std::move(*answer)};
    if (!parser.complete()) co_return co_await read_body(parser, share);
    co_return Incoming{Incoming::Kind::complete, {}};
}

/// False if there was none in time. The connection has no deadline meanwhile.
Awaitable<bool> Session::wait_for_room(MemoryBudget::Share& share, MemoryBudget::Part part, std::size_t bytes) {
    constexpr std::chrono::milliseconds pause{10};
    if (share.hold(part, bytes)) co_return true;
    if (!share.wait(part, bytes)) co_return false;
    connection->never_expire();
    Timer timer(connection->executor);
    const auto until = steady_clock::now() + context.limits.memory_wait;
    bool held = false;
    while (!held && steady_clock::now() < until && !context.stopping.load(std::memory_order_relaxed)) {
        timer.expires_after(pause);
        co_await timer.async_wait(as_result);
        held = share.hold(part, bytes);
    }
    share.leave_line();
    co_return held;
}

Awaitable<Incoming> Session::read_body(RequestParser& parser, MemoryBudget::Share& share) {
    using Part = MemoryBudget::Part;
    Connection& self = *connection;
    auto until = steady_clock::now() + body_time(parser.request, context.limits);
    self.expire_at(until);
    if (parser.expects_continue() && buffer.bytes().empty()) {
        head = "HTTP/1.1 100 Continue\r\n\r\n";
        pieces.assign(1, net::buffer(head));
        if (!co_await write_pieces()) co_return Incoming{};
    }
    for (;;) {
        std::size_t used = 1;
        while (used > 0 && !buffer.bytes().empty() && !parser.complete()) {
            used = parser.feed(buffer.bytes());
            buffer.consume(used);
            if (parser.refusal().status != 0) co_return refused(response_of(parser.refusal()));
        }
        const auto size_now = parser.request.body.size();
        if (!share.hold(Part::bodies, size_now)) {
            const auto waited_from = steady_clock::now();
            if (!co_await wait_for_room(share, Part::bodies, size_now)) co_return refused(no_room());
            until += steady_clock::now() - waited_from;
            self.expire_at(until);
        }
        if (parser.complete()) break;
        // What is left is a chunk header or a trailer that is not complete yet.
        if (buffer.bytes().size() > context.limits.header_bytes_max)
            co_return refused(outcome_response(400, "structure", "The request is not well-formed HTTP"));
        const auto [error, size] = co_await self.stream->read_some(buffer.prepare(ReadBuffer::body_room));
        if (error && self.timed_out)
            co_return refused(outcome_response(408, "timeout", "The request body took too long"));
        if (error) co_return Incoming{};
        buffer.commit(size);
    }
    buffer.shrink();
    if (parser.request.headers.has("Content-Encoding")) {
        auto decoded = co_await decode(parser.request, share);
        if (decoded.kind != Incoming::Kind::complete) co_return decoded;
    }
    const std::string& body = parser.request.body;
    if (body.size() > MemoryBudget::small_bytes_max) {
        const bool room = co_await wait_for_room(share, Part::documents, document_bytes(body));
        if (!room) co_return Incoming{Incoming::Kind::screened, no_room()};
    }
    co_return Incoming{Incoming::Kind::complete, {}};
}

Awaitable<Incoming> Session::decode(Request& request, MemoryBudget::Share& share) {
    if (!is_packed(request)) {
        const auto refusal = decode_body(request, context.limits, 0);
        if (refusal.status != 0) co_return refused(response_of(refusal));
        co_return Incoming{Incoming::Kind::complete, {}};
    }
    const auto size = std::min(unpacked_bytes(request.body), context.limits.body_bytes_max);
    if (!co_await wait_for_room(share, MemoryBudget::Part::bodies, request.body.size() + size))
        co_return refused(no_room());
    Refusal refusal;
    if (context.cpu && request.body.size() > inline_gunzip_bytes_max)
        refusal = co_await net::co_spawn(*context.cpu, decode_on_pool(request, context.limits, size),
                                         net::use_awaitable_t<Executor>{});
    else
        refusal = decode_body(request, context.limits, size);
    if (refusal.status != 0) co_return refused(response_of(refusal));
    co_return Incoming{Incoming::Kind::complete, {}};
}

/// Large answers count until they are written. One that there is no room for is refused if it may be, and must be taken
/// at once if it may not.
Awaitable<> Session::hold_answer(MemoryBudget::Share& share, Response& response, bool may_be_refused) {
    using Part = MemoryBudget::Part;
    const auto size = response.body.bytes();
    if (may_be_refused) {
        share.release();  // of the request nothing is left
        if (!co_await wait_for_room(share, Part::answers, size)) response = no_room();
    } else if (!share.hold(Part::answers, size)) {
        share.hold_anyway(Part::answers, size);
        write_until = steady_clock::now() + context.limits.hurried_write_time;
    }
}

/// False if the connection broke or did not take the bytes in time.
Awaitable<bool> Session::write_pieces() {
    Connection& self = *connection;
    std::span<net::const_buffer> rest(pieces);
    bool suspended = false;
    for (;;) {
        std::size_t written = 0;
        error_code error;
        if (!suspended) {
            written = self.stream->try_write(rest, error);
            if (error == net::error::would_block || error == net::error::try_again) error = {}, suspended = true;
        } else {
            const auto until = steady_clock::now() + context.limits.write_time;
            self.expire_at(write_until ? std::min(until, *write_until) : until);
            std::tie(error, written) = co_await self.stream->write_some(rest);
        }
        if (error) co_return false;
        while (!rest.empty() && written >= rest.front().size()) {
            written -= rest.front().size();
            rest = rest.subspan(1);
        }
        if (rest.empty()) co_return true;
        rest.front() += written;
    }
}

Awaitable<bool> Session::write(const Response& response, const Framing& framing, bool with_body) {
    write_head(response, framing, head);
    pieces.assign(1, net::buffer(head));
    if (with_body && has_body(response.status))
        for (std::size_t i = 0; i < response.body.piece_count(); ++i) {
            const std::string_view piece = response.body.piece(i);
            pieces.emplace_back(piece.data(), piece.size());
        }
    co_return co_await write_pieces();
}

/// Closing while unread bytes lie in our receive buffer resets the connection and can destroy the answer on its way.
Awaitable<> Session::linger() {
    connection->stream->shutdown_send();
    connection->idle.store(true, std::memory_order_release);
    connection->expire_at(steady_clock::now() + linger_time);
    for (std::size_t read = 0; read < linger_bytes_max;) {
        buffer.consume(buffer.bytes().size());
        const auto [error, size] = co_await connection->stream->read_some(buffer.prepare(ReadBuffer::header_room));
        if (error) co_return;
        read += size;
    }
}

}  // namespace

Awaitable<> run_session(std::shared_ptr<Connection> connection, SessionContext context) {
    Session session{connection, context};
    for (bool first = true;; first = false) {
        RequestParser parser(context.limits);
        MemoryBudget::Share share(context.memory, connection->peer.get());
        Incoming incoming = co_await session.read_request(parser, share, first);
        if (incoming.kind == Incoming::Kind::ended) co_return;

        const SteadyTime start = steady_clock::now();
        connection->never_expire();
        Request& request = parser.request;
        request.id = context.request_prefix;
        append_number(request.id, context.next_request.fetch_add(1, std::memory_order_relaxed));
        const std::string id = request.id, correlation(correlation_id(request.headers)), path(request.path());
        const Method method = request.method;
        const std::size_t request_bytes = request.body.size();
        const bool gzip_accepted = accepts_gzip(request.headers.get("Accept-Encoding"));
        bool keep_alive = incoming.kind != Incoming::Kind::refused && parser.keep_alive();

        if (incoming.kind == Incoming::Kind::complete) {
            const auto exchange = std::make_shared<Exchange>(connection->executor);
            context.handler.handle(std::move(request), Reply(exchange));
            if (!exchange->answered()) co_await exchange->async_wait(as_result);
            incoming.response = std::move(exchange->response());
        }
        Response& response = incoming.response;
        if (gzip_accepted && worth_gzip(response)) {
            if (context.cpu && response.body.bytes() > inline_coding_bytes_max)
                use_gzip(response, co_await net::co_spawn(*context.cpu, gzip_on_pool(response.body),
                                                          net::use_awaitable_t<Executor>{}));
            else
                use_gzip(response, gzip(response.body));
        }
        session.write_until.reset();
        if (response.body.bytes() > MemoryBudget::small_bytes_max)
            co_await session.hold_answer(share, response, only_reads(method, path));
        else
            share.release();
        keep_alive = keep_alive && !context.stopping.load(std::memory_order_relaxed);
        const bool written = co_await session.write(response, {id, correlation, keep_alive}, method != Method::head);
        context.events.served({method, path, response.status, id,
                               std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - start),
                               request_bytes, response.body.bytes()});
        if (!written) co_return;
        if (response.status == 101 && response.upgrade)
            co_return co_await run_web_socket(connection, std::move(response.upgrade),
                                              std::string(session.buffer.bytes()));
        if (!keep_alive) co_return co_await session.linger();
    }
}

}  // namespace causeway::http
