#include "gateway/mllp/listener.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <stdexcept>
#include <utility>

#include "hl7v2/mllp.hpp"

namespace causeway::mllp {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds sweep_interval{250};
constexpr std::chrono::milliseconds accept_pause{100};  // out of descriptors: wait instead of spinning

std::shared_ptr<const http::Peer> peer_of(const http::Socket& socket) {
    error_code error;
    const auto endpoint = socket.remote_endpoint(error);
    if (error) return nullptr;
    auto address = endpoint.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        address = net::ip::make_address_v4(net::ip::v4_mapped, address.to_v6());
    return std::make_shared<const http::Peer>(http::Peer{address.to_string(), address.is_loopback(), false});
}

bool usable(hl7v2::mllp::FrameState state) {
    return state == hl7v2::mllp::FrameState::clean || state == hl7v2::mllp::FrameState::missing_carriage_return;
}

std::string_view describe(hl7v2::mllp::FrameState state) {
    using hl7v2::mllp::FrameState;
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

Awaitable<error_code> write_all(http::Stream& stream, std::string_view bytes) {
    while (!bytes.empty()) {
        error_code error;
        net::const_buffer piece = net::buffer(bytes);
        std::size_t size = stream.try_write({&piece, 1}, error);
        if (error == net::error::would_block || error == net::error::try_again) {
            const auto [failed, written] = co_await stream.write_some({&piece, 1});
            error = failed;
            size = written;
        }
        if (error) co_return error;
        bytes.remove_prefix(size);
    }
    co_return error_code{};
}

}  // namespace

void throw_exception_from_error(const ListenError& error, const boost::source_location&) {
    throw std::runtime_error(error.message);
}

Reply MessageHandler::damaged(std::string_view, std::string_view, const SessionInfo&) { return {}; }

Listener::Listener(net::io_context& io, MessageHandler& handler, Options options, ListenerEvents* events)
    : io_(io),
      handler_(handler),
      options_(std::move(options)),
      events_(events != nullptr ? events : &no_events_),
      strand_(net::make_strand(io)),
      sweeper_(strand_) {}

ListenResult<std::uint16_t> Listener::listen(const std::string& address_text, std::uint16_t port) {
    const auto fail = [&](std::string why) {
        return ListenError{options_.name + " " + address_text + ":" + std::to_string(port) + ": " + std::move(why)};
    };
    error_code error;
    const auto address = net::ip::make_address(address_text, error);
    if (error) return fail("not an IP address");
    if (!address.is_loopback() && !options_.allow_remote_plaintext)
        return fail("only loopback addresses are served until TLS is configured");
    Acceptor acceptor(strand_);
    const net::ip::tcp::endpoint endpoint(address, port);
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(net::socket_base::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(1024, error);
    if (error) return fail(error.message());
    const std::uint16_t bound = acceptor.local_endpoint().port();
    acceptors_.push_back(std::move(acceptor));
    const auto report = [this](std::exception_ptr failure) {
        if (failure) ended(failure);
    };
    net::co_spawn(strand_, accept_loop(acceptors_.back()), report);
    if (!std::exchange(sweeping_, true)) net::co_spawn(strand_, sweep_loop(), report);
    return bound;
}

Awaitable<> Listener::accept_loop(Acceptor& acceptor) {
    Timer pause(strand_);
    while (!stopping()) {
        while (connections_.size() >= options_.limits.connections_max && !stopping()) {
            pause.expires_after(std::chrono::milliseconds(5));
            co_await pause.async_wait(as_result);
        }
        const Executor strand = net::make_strand(io_);
        http::Socket socket(strand);
        const auto [error] = co_await acceptor.async_accept(socket, as_result);
        if (error == net::error::operation_aborted) co_return;
        if (error) {
            pause.expires_after(accept_pause);
            co_await pause.async_wait(as_result);
            continue;
        }
        auto peer = peer_of(socket);
        if (!peer) continue;
        auto connection = std::make_shared<http::Connection>(strand, std::move(peer));
        auto ticket = connections_.add(connection, options_.limits.connections_per_peer_max);
        if (!ticket) {
            events_->connection_refused(connection->peer->address);
            continue;  // the socket closes: MLLP has no words for "busy"
        }
        error_code ignored;
        socket.set_option(net::socket_base::keep_alive(true), ignored);
        connection->stream = http::make_plain_stream(std::move(socket));
        events_->connections_changed(connections_.size());
        net::co_spawn(strand, run_session(connection, ++sessions_),
                      [this, connection, held = std::make_shared<http::Connections::Ticket>(std::move(*ticket))](
                          const std::exception_ptr& failure) mutable {
                          connection->stream->close();
                          held.reset();
                          ended(failure);
                      });
    }
}

void Listener::ended(const std::exception_ptr& failure) {
    if (failure) {
        try {
            std::rethrow_exception(failure);
        } catch (const std::exception& bug) {
            events_->session_failed(bug.what());
        } catch (...) {
            events_->session_failed("unknown exception");
        }
    }
    events_->connections_changed(connections_.size());
}

Awaitable<> Listener::run_session(std::shared_ptr<http::Connection> connection, std::uint64_t number) {
    const auto& limits = options_.limits;
    const SessionInfo session{options_.name, connection->peer, number};
    hl7v2::mllp::FrameDecoder decoder(limits.message_bytes_max);
    std::uint32_t damaged = 0;
    std::size_t skipped = 0, skipped_max = limits.junk_bytes_max;  // since the last frame
    std::string out;
    auto frame_began = steady_clock::time_point::max();
    for (;;) {
        while (auto frame = decoder.next()) {
            connection->idle.store(false, std::memory_order_release);
            connection->never_expire();
            skipped = decoder.skipped();
            // What follows the limit of a message that is too large is skipped too, but not for ever.
            skipped_max = frame->state == hl7v2::mllp::FrameState::too_large ? 4 * limits.message_bytes_max
                                                                             : limits.junk_bytes_max;
            Reply reply;
            if (usable(frame->state)) {
                reply = co_await handler_.handle(std::string(frame->bytes), session);
            } else {
                events_->frame_damaged(session, describe(frame->state));
                reply = handler_.damaged(frame->bytes, describe(frame->state), session);
                reply.close = reply.close || ++damaged >= limits.damaged_frames_max;
            }
            connection->expire_at(steady_clock::now() + limits.write_time);
            for (const auto& message : reply.messages) {
                out.clear();
                hl7v2::mllp::encode_frame(message, out);
                if (co_await write_all(*connection->stream, out)) co_return;
            }
            if (!reply.unframed.empty() && co_await write_all(*connection->stream, reply.unframed)) co_return;
            if (reply.close || stopping()) co_return;
            frame_began = steady_clock::time_point::max();
        }
        if (decoder.skipped() - skipped > skipped_max) co_return;
        const bool in_frame = decoder.pending() > 0;
        if (stopping() && !in_frame) co_return;
        if (in_frame) {
            // One deadline for the whole frame: a sender that drips bytes does not move it.
            frame_began = std::min(frame_began, steady_clock::now());
            connection->expire_at(frame_began + limits.frame_time);
        } else {
            connection->expire_at(steady_clock::now() + limits.idle_time);
            connection->idle.store(true, std::memory_order_release);
        }
        const auto room = decoder.prepare();
        const auto [error, size] = co_await connection->stream->read_some(net::buffer(room.data(), room.size()));
        if (error) co_return;
        connection->idle.store(false, std::memory_order_release);
        decoder.commit(size);
    }
}

void Listener::stop(std::function<void()> done) {
    net::post(strand_, [this, done = std::move(done)]() mutable {
        if (stopping_.exchange(true)) return;
        stopped_ = std::move(done);
        stop_deadline_ = steady_clock::now() + options_.limits.drain_time;
        error_code ignored;
        for (Acceptor& acceptor : acceptors_) acceptor.close(ignored);
        sweeper_.cancel();
        if (!sweeping_ && stopped_) std::exchange(stopped_, nullptr)();
    });
}

Awaitable<> Listener::sweep_loop() {
    for (;;) {
        sweep();
        if (stopping() && connections_.size() == 0) break;
        sweeper_.expires_after(stopping() ? std::chrono::milliseconds(20) : sweep_interval);
        co_await sweeper_.async_wait(as_result);
    }
    if (const auto stopped = std::exchange(stopped_, nullptr)) stopped();
}

/// Ends what is over its time; while stopping also what is idle, and after the drain time everything.
void Listener::sweep() {
    const auto now = steady_clock::now();
    const bool stop_now = stopping();
    const bool drained = stop_now && now >= stop_deadline_;
    std::vector<std::shared_ptr<http::Connection>> due;
    connections_.for_each([&](const std::shared_ptr<http::Connection>& connection) {
        const auto deadline = connection->deadline.load(std::memory_order_relaxed);
        const bool expired = deadline != 0 && now.time_since_epoch().count() >= deadline;
        if (expired || drained || (stop_now && connection->idle.load(std::memory_order_acquire)))
            due.push_back(connection);
    });
    for (const auto& connection : due) {
        net::post(connection->executor, [connection, drained, stop_now] {
            // It may have gone on since the sweep looked: look again where nothing can change under us.
            const auto deadline = connection->deadline.load(std::memory_order_relaxed);
            const bool expired = deadline != 0 && steady_clock::now().time_since_epoch().count() >= deadline;
            if (drained || expired || (stop_now && connection->idle.load(std::memory_order_acquire)))
                connection->stream->close();
        });
    }
}

}  // namespace causeway::mllp
