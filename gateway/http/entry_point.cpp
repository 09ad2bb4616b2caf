#include "gateway/http/entry_point.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <stdexcept>
#include <utility>
#include <vector>

#include "gateway/tls/stream.hpp"

namespace causeway::http {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds sweep_interval{250};
constexpr std::chrono::milliseconds stopping_sweep_interval{20};
constexpr unsigned rests_after_sweeps = 4;
constexpr std::chrono::milliseconds full_pause{5};
constexpr std::chrono::milliseconds accept_pause{100};  // out of descriptors: wait instead of spinning

std::shared_ptr<const Peer> peer_of(const Socket& socket) {
    error_code error;
    const auto endpoint = socket.remote_endpoint(error);
    if (error) return nullptr;
    auto address = endpoint.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        address = net::ip::make_address_v4(net::ip::v4_mapped, address.to_v6());
    return std::make_shared<const Peer>(Peer{address.to_string(), address.is_loopback(), false});
}

bool expired(const Connection& connection, SteadyTime now) {
    const auto deadline = connection.deadline.load(std::memory_order_relaxed);
    return deadline != 0 && now.time_since_epoch().count() >= deadline;
}

void refuse(Socket& socket, std::string_view answer) {
    error_code ignored;
    if (!answer.empty()) {
        socket.non_blocking(true, ignored);
        socket.write_some(net::buffer(answer), ignored);
    }
    socket.shutdown(net::socket_base::shutdown_send, ignored);
}

}  // namespace

void throw_exception_from_error(const ListenError& error, const boost::source_location&) {
    throw std::runtime_error(error.message);
}

EntryPoint::EntryPoint(net::io_context& io, Sessions& sessions, Options options)
    : io_(io), sessions_(sessions), options_(std::move(options)), strand_(net::make_strand(io)), sweeper_(strand_) {}

ListenResult<std::uint16_t> EntryPoint::listen(const std::string& address_text, std::uint16_t port) {
    const auto fail = [&](std::string why) {
        return ListenError{options_.name + " " + address_text + ":" + std::to_string(port) + ": " + std::move(why)};
    };
    error_code error;
    const auto address = net::ip::make_address(address_text, error);
    if (error) return fail("not an IP address");
    if (!address.is_loopback() && !options_.tls && !options_.allow_plaintext)
        return fail("without TLS only loopback addresses are served: set " + options_.name + ".tls_certificate and " +
                    options_.name + ".tls_key, or " + options_.name + ".allow_plaintext = true");
    Acceptor acceptor(strand_);
    const net::ip::tcp::endpoint endpoint(address, port);
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(net::socket_base::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(1024, error);
    if (error) return fail(error.message());
    const std::uint16_t bound = acceptor.local_endpoint().port();
    acceptors_.push_back(std::move(acceptor));
    const auto report = [this](const std::exception_ptr& failure) {
        if (failure) ended(failure);
    };
    net::co_spawn(strand_, accept_loop(acceptors_.back()), report);
    if (!std::exchange(sweeping_, true)) net::co_spawn(strand_, sweep_loop(), report);
    return bound;
}

Awaitable<> EntryPoint::accept_loop(Acceptor& acceptor) {
    Timer pause(strand_);
    while (!stopping()) {
        while (connections_.size() >= options_.connections_max && !stopping()) {
            pause.expires_after(full_pause);
            co_await pause.async_wait(as_result);
        }
        const Executor strand = net::make_strand(io_);
        Socket socket(strand);
        const auto [error] = co_await acceptor.async_accept(socket, as_result);
        if (error == net::error::operation_aborted) co_return;
        if (error) {
            pause.expires_after(accept_pause);
            co_await pause.async_wait(as_result);
            continue;
        }
        admit(std::move(socket), strand);
    }
}

void EntryPoint::admit(Socket socket, const Executor& strand) {
    auto peer = peer_of(socket);
    if (!peer) return;
    auto connection = std::make_shared<Connection>(strand, std::move(peer));
    auto ticket = connections_.add(connection, options_.connections_per_peer_max);
    if (!ticket) {
        sessions_.connection_refused(connection->peer->address);
        return refuse(socket, options_.tls ? std::string_view() : options_.busy_answer);
    }
    set_keep_alive(socket, options_.keep_alive);
    connection->stream = options_.tls ? tls::make_server_stream(std::move(socket), options_.tls->current())
                                      : make_plain_stream(std::move(socket));
    sessions_.connections_changed(connections_.size());
    // The ticket rides in the completion handler: it is given back when the session's frame is gone.
    net::co_spawn(strand, serve(connection, ++accepted_),
                  [this, connection, held = std::make_shared<Connections::Ticket>(std::move(*ticket))](
                      const std::exception_ptr& failure) mutable {
                      connection->stream->close();
                      held.reset();
                      ended(failure);
                  });
}

Awaitable<> EntryPoint::serve(std::shared_ptr<Connection> connection, std::uint64_t number) {
    if (options_.tls) {
        connection->expire_at(steady_clock::now() + options_.handshake_time);
        const auto failed = co_await connection->stream->handshake();
        if (failed) {
            sessions_.handshake_failed(connection->peer->address,
                                       connection->timed_out ? "the handshake took too long" : failed.message());
            co_return;
        }
        connection->never_expire();
        connection->peer = std::make_shared<const Peer>(
            Peer{connection->peer->address, connection->peer->loopback, true, connection->stream->peer_certificate()});
    }
    co_await sessions_.run_session(std::move(connection), number);
}

void EntryPoint::ended(const std::exception_ptr& failure) {
    if (failure) {
        try {
            std::rethrow_exception(failure);
        } catch (const std::exception& bug) {
            sessions_.session_failed(bug.what());
        } catch (...) {
            sessions_.session_failed("unknown exception");
        }
    }
    sessions_.connections_changed(connections_.size());
}

void EntryPoint::stop(std::function<void()> done) {
    net::post(strand_, [this, done = std::move(done)]() mutable {
        if (stopping_.exchange(true)) return;
        stopped_ = std::move(done);
        stop_deadline_ = steady_clock::now() + options_.drain_time;
        error_code ignored;
        for (Acceptor& acceptor : acceptors_) acceptor.close(ignored);
        sweeper_.cancel();
        if (!sweeping_ && stopped_) std::exchange(stopped_, nullptr)();
    });
}

Awaitable<> EntryPoint::sweep_loop() {
    for (;;) {
        sweep();
        if (stopping() && connections_.size() == 0) break;
        sweeper_.expires_after(stopping() ? stopping_sweep_interval : sweep_interval);
        co_await sweeper_.async_wait(as_result);
    }
    if (const auto stopped = std::exchange(stopped_, nullptr)) stopped();
}

/// Ends what is over its time; while stopping also what is idle, and after the drain time everything.
void EntryPoint::sweep() {
    const SteadyTime now = steady_clock::now();
    const bool stop_now = stopping();
    const bool drained = stop_now && now >= stop_deadline_;
    std::vector<std::shared_ptr<Connection>> due, resting;
    connections_.for_each([&](const std::shared_ptr<Connection>& connection) {
        if (connection->idle.load(std::memory_order_acquire) && options_.tls &&
            connection->idle_sweeps.fetch_add(1, std::memory_order_relaxed) == rests_after_sweeps)
            resting.push_back(connection);
        if (drained || expired(*connection, now) || (stop_now && connection->idle.load(std::memory_order_acquire)))
            due.push_back(connection);
    });
    for (const auto& connection : resting)
        net::post(connection->executor, [connection] {
            if (connection->idle.load(std::memory_order_acquire)) connection->stream->rest();
        });
    for (const auto& connection : due)
        net::post(connection->executor, [connection, drained, stop_now] {
            if (drained) return connection->stream->close();
            // It may have gone on since the sweep looked: look again where nothing can change under us.
            const bool late = expired(*connection, steady_clock::now());
            if (late) connection->timed_out = true;
            if (late || (stop_now && connection->idle.load(std::memory_order_acquire))) connection->stream->cancel();
        });
}

}  // namespace causeway::http
