#include "gateway/mllp/listener.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <utility>

#include "gateway/http/byte_share.hpp"
#include "gateway/mllp/proxy_header.hpp"
#include "hl7v2/mllp.hpp"

namespace causeway::mllp {
namespace {

using hl7v2::mllp::FrameState;
using std::chrono::steady_clock;

using Timer = net::basic_waitable_timer<steady_clock, net::wait_traits<steady_clock>, Executor>;

constexpr std::size_t free_bytes = 256 * 1024;  // of a frame under way: not counted against bytes_in_flight_max
constexpr std::chrono::milliseconds full_pause{10};

bool usable(FrameState state) { return state == FrameState::clean || state == FrameState::missing_carriage_return; }

std::string_view describe(FrameState state) {
    switch (state) {
        case FrameState::clean:
        case FrameState::missing_carriage_return:
            return "complete";
        case FrameState::missing_end:
            return "no end block before the next start block";
        case FrameState::missing_start:
            return "no start block before the end block";
        case FrameState::too_large:
            return "the message is larger than the limit";
        case FrameState::commit:
            return "a commit block where a message was due";
    }
    return "damaged";
}

http::EntryPoint::Options entry_options(const Listener::Options& options) {
    return {.name = options.name,
            .connections_max = options.limits.connections_max,
            .connections_per_peer_max = options.limits.connections_per_peer_max,
            .handshake_time = options.limits.handshake_time,
            .drain_time = options.limits.drain_time,
            .busy_answer = {},  // MLLP has no words for it
            .tls = options.tls,
            .allow_plaintext = options.allow_plaintext,
            .keep_alive = options.keep_alive};
}

}  // namespace

std::string_view to_string(SessionEnd end) noexcept {
    switch (end) {
        case SessionEnd::peer:
            return "peer";
        case SessionEnd::reply:
            return "reply";
        case SessionEnd::stopped:
            return "stopped";
        case SessionEnd::idle:
            return "idle";
        case SessionEnd::slow_frame:
            return "slow frame";
        case SessionEnd::slow_reader:
            return "slow reader";
        case SessionEnd::junk:
            return "junk";
        case SessionEnd::damaged:
            return "damaged frames";
        case SessionEnd::proxy:
            return "no PROXY header";
    }
    return "unknown";
}

Reply MessageHandler::damaged(std::string_view, std::string_view, const SessionInfo&) { return {}; }

Listener::Listener(net::io_context& io, MessageHandler& handler, Options options, ListenerEvents* events)
    : handler_(handler),
      options_(std::move(options)),
      events_(events != nullptr ? events : &no_events_),
      entry_(io, *this, entry_options(options_)) {}

/// The parts of a connection's life, as coroutines over the frame of run_session.
struct Listener::Session {
    Listener& listener;
    http::Connection& connection;
    SessionInfo info;
    hl7v2::mllp::FrameDecoder decoder;
    http::ByteShare share;
    std::string out{};
    std::uint32_t damaged = 0;
    bool told_of_frames = false;
    std::size_t skipped = 0, skipped_max;  ///< since the last frame
    steady_clock::time_point frame_began = steady_clock::time_point::max();

    Session(Listener& of, http::Connection& on, std::uint64_t number)
        : listener(of),
          connection(on),
          info{of.options_.name, on.peer, number},
          decoder({of.options_.limits.message_bytes_max, of.options_.unframed}),
          share(of.bytes_in_flight_, of.options_.limits.bytes_in_flight_max),
          skipped_max(of.options_.limits.junk_bytes_max) {}

    const ListenerLimits& limits() const { return listener.options_.limits; }
    Awaitable<SessionEnd> run();
    Awaitable<bool> read_proxy();
    Awaitable<std::optional<SessionEnd>> answer(hl7v2::mllp::Frame frame);
    bool takes(const hl7v2::mllp::Frame& frame);
    Awaitable<std::optional<SessionEnd>> read();
    Awaitable<bool> has_room();
    Awaitable<bool> write(std::string_view bytes);
    Awaitable<bool> write_later(const Reply::Part& part);
    void count_skipped(FrameState next);
};

Awaitable<> Listener::run_session(std::shared_ptr<http::Connection> connection, std::uint64_t number) {
    Session session(*this, *connection, number);
    const auto end = co_await session.run();
    events_->session_ended(session.info, end);
}

/// A proxy says who connects before anything else; from then on that is the peer.
Awaitable<bool> Listener::Session::read_proxy() {
    std::string front;
    std::array<char, 1024> room{};
    connection.expire_at(steady_clock::now() + limits().handshake_time);
    for (;;) {
        const auto [error, size] = co_await connection.stream->read_some(net::buffer(room));
        if (error) co_return false;
        front.append(room.data(), size);
        const auto header = read_proxy_header(front);
        if (header.state == ProxyHeader::State::more && front.size() < ProxyHeader::bytes_max) continue;
        if (header.state != ProxyHeader::State::complete) co_return false;
        if (!header.address.empty()) {
            http::Peer client = *info.peer;
            client.address = header.address;
            client.loopback = net::ip::make_address(header.address).is_loopback();
            info.peer = std::make_shared<const http::Peer>(std::move(client));
        }
        const std::string_view rest = std::string_view(front).substr(header.size);
        std::ranges::copy(rest, decoder.prepare(rest.size()).begin());
        decoder.commit(rest.size());
        co_return true;
    }
}

Awaitable<SessionEnd> Listener::Session::run() {
    const auto& proxies = listener.options_.proxies;
    if (info.peer && std::ranges::find(proxies, info.peer->address) != proxies.end()) {
        const bool known = co_await read_proxy();
        if (!known) co_return connection.timed_out ? SessionEnd::idle : SessionEnd::proxy;
    }
    for (;;) {
        while (auto frame = decoder.next())
            if (const auto end = co_await answer(*frame)) co_return *end;
        if (decoder.skipped() - skipped > skipped_max) co_return SessionEnd::junk;
        if (const auto end = co_await read()) co_return *end;
    }
}

/// Junk is told once, when the frame after it has come.
void Listener::Session::count_skipped(FrameState next) {
    const std::size_t bytes = decoder.skipped() - skipped;
    // What follows the limit of a message that is too large was counted with it.
    if (bytes > 0 && skipped_max == limits().junk_bytes_max) listener.events_->junk_skipped(info, bytes);
    skipped = decoder.skipped();
    // It is skipped too, but not for ever.
    skipped_max = next == FrameState::too_large ? 4 * limits().message_bytes_max : limits().junk_bytes_max;
}

/// Whether the frame is a message to be handled. One that lacks its frame is, where such are taken.
bool Listener::Session::takes(const hl7v2::mllp::Frame& frame) {
    if (usable(frame.state)) return true;
    const bool lacks = frame.state == FrameState::missing_start || frame.state == FrameState::missing_end;
    if (!listener.options_.unframed || !lacks) return false;
    const bool end = frame.bytes.find(hl7v2::mllp::end_block) != std::string_view::npos;
    if (!std::exchange(told_of_frames, true))
        listener.events_->frame_missing(info, frame.state == FrameState::missing_end ? "end block"
                                              : end                                  ? "start block"
                                                                                     : "start and end block");
    return true;
}

Awaitable<std::optional<SessionEnd>> Listener::Session::answer(hl7v2::mllp::Frame frame) {
    connection.idle.store(false, std::memory_order_release);
    connection.never_expire();
    count_skipped(frame.state);
    Reply reply;
    bool spoiled = false;
    const bool release_2 = listener.options_.release == 2;
    if (release_2 && frame.state == FrameState::commit) co_return std::nullopt;  // to an answer of ours
    const bool bare =
        frame.state == FrameState::missing_start && frame.bytes.find(hl7v2::mllp::end_block) == std::string_view::npos;
    if (takes(frame)) {
        reply = co_await listener.handler_.handle(std::string(frame.bytes), info);
    } else {
        listener.events_->frame_damaged(info, describe(frame.state));
        reply = listener.handler_.damaged(frame.bytes, describe(frame.state), info);
        spoiled = ++damaged >= limits().damaged_frames_max;
        reply.kept = false;
    }
    out.clear();
    if (release_2) out += hl7v2::mllp::encode_commit(reply.kept);
    for (const auto& message : reply.messages) bare ? void(out += message) : hl7v2::mllp::encode_frame(message, out);
    out += reply.unframed;
    if (!out.empty()) {
        connection.expire_at(steady_clock::now() + limits().write_time);
        if (!co_await write(out)) co_return connection.timed_out ? SessionEnd::slow_reader : SessionEnd::peer;
    }
    for (const auto& part : reply.parts)
        if (!co_await write_later(part)) co_return connection.timed_out ? SessionEnd::slow_reader : SessionEnd::peer;
    frame_began = steady_clock::time_point::max();
    if (spoiled) co_return SessionEnd::damaged;
    if (reply.close) co_return SessionEnd::reply;
    if (listener.stopping()) co_return SessionEnd::stopped;
    co_return std::nullopt;
}

Awaitable<std::optional<SessionEnd>> Listener::Session::read() {
    const bool in_frame = decoder.pending() > 0;
    const bool in_bare = decoder.bare() > 0;
    if (in_bare) {
        frame_began = std::min(frame_began, steady_clock::now());
        connection.expire_at(std::min(steady_clock::now() + limits().quiet_time, frame_began + limits().frame_time));
        if (!co_await has_room()) co_return SessionEnd::slow_frame;
    } else if (in_frame) {
        // One deadline for the whole frame: a sender that drips bytes does not move it.
        frame_began = std::min(frame_began, steady_clock::now());
        connection.expire_at(frame_began + limits().frame_time);
        if (!co_await has_room()) co_return SessionEnd::slow_frame;
    } else {
        if (listener.stopping()) co_return SessionEnd::stopped;
        share.shrink_to(0);
        connection.expire_at(steady_clock::now() + limits().idle_time);
        connection.idle.store(true, std::memory_order_release);
    }
    const auto room = decoder.prepare();
    const auto [error, size] = co_await connection.stream->read_some(net::buffer(room.data(), room.size()));
    connection.idle.store(false, std::memory_order_release);
    if (error && in_bare && (connection.timed_out || error == net::error::eof) && !listener.stopping()) {
        const bool quiet = std::exchange(connection.timed_out, false);
        if (const auto frame = decoder.finish()) {
            const auto end = co_await answer(*frame);
            if (end || !quiet) co_return end ? *end : SessionEnd::peer;
            co_return std::nullopt;
        }
    }
    if (error) {
        if (decoder.finish()) listener.events_->frame_damaged(info, "the connection ended inside a message");
        if (connection.timed_out) co_return in_frame ? SessionEnd::slow_frame : SessionEnd::idle;
        co_return listener.stopping() ? SessionEnd::stopped : SessionEnd::peer;
    }
    decoder.commit(size);
    co_return std::nullopt;
}

Awaitable<bool> Listener::Session::write_later(const Reply::Part& part) {
    if (part.wait.count() > 0) {
        connection.never_expire();
        Timer timer(connection.executor);
        timer.expires_after(part.wait);
        co_await timer.async_wait(as_result);
    }
    connection.expire_at(steady_clock::now() + limits().write_time);
    co_return co_await write(part.bytes);
}

/// Reads no further while all connections together hold as much as they may. False if that lasts as long as a frame
/// may.
Awaitable<bool> Listener::Session::has_room() {
    const std::size_t held = std::max(decoder.pending(), decoder.bare());
    if (held <= free_bytes || share.grow_to(held)) co_return true;
    Timer timer(connection.executor);
    while (!share.grow_to(held)) {
        if (steady_clock::now() >= frame_began + limits().frame_time) co_return false;
        timer.expires_after(full_pause);
        co_await timer.async_wait(as_result);
    }
    co_return true;
}

Awaitable<bool> Listener::Session::write(std::string_view bytes) {
    while (!bytes.empty()) {
        error_code error;
        net::const_buffer piece = net::buffer(bytes);
        std::size_t size = connection.stream->try_write({&piece, 1}, error);
        if (error == net::error::would_block || error == net::error::try_again)
            std::tie(error, size) = co_await connection.stream->write_some({&piece, 1});
        if (error) co_return false;
        bytes.remove_prefix(size);
    }
    co_return true;
}

}  // namespace causeway::mllp
