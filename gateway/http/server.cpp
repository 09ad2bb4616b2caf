#include "gateway/http/server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <random>
#include <stdexcept>

#include "gateway/http/session.hpp"

namespace causeway::http {
namespace {

constexpr std::chrono::milliseconds sweep_interval{250};
constexpr std::chrono::milliseconds accept_pause{100};  ///< out of descriptors: wait instead of spinning

std::string random_prefix() {
    std::random_device device;
    constexpr char digits[] = "0123456789abcdef";
    std::string prefix;
    for (int i = 0; i < 2; ++i)
        for (auto [bits, n] = std::pair(device(), 0); n < 6; ++n, bits >>= 4) prefix += digits[bits & 15u];
    return prefix + "-";
}

std::shared_ptr<const Peer> peer_of(const Socket& socket) {
    error_code error;
    const auto endpoint = socket.remote_endpoint(error);
    if (error) return nullptr;
    auto address = endpoint.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        address = net::ip::make_address_v4(net::ip::v4_mapped, address.to_v6());
    return std::make_shared<const Peer>(Peer{address.to_string(), address.is_loopback(), false});
}

}  // namespace

void throw_exception_from_error(const ListenError& error, const boost::source_location&) {
    throw std::runtime_error(error.message);
}

Server::Server(net::io_context& io, Handler& handler, Options options, Events* events)
    : io_(io),
      handler_(handler),
      options_(std::move(options)),
      events_(events ? events : &no_events_),
      strand_(net::make_strand(io)),
      sweeper_(strand_),
      request_prefix_(random_prefix()) {}

ListenResult<std::uint16_t> Server::listen(const std::string& address_text, std::uint16_t port) {
    const auto fail = [&](std::string why) {
        return ListenError{"http " + address_text + ":" + std::to_string(port) + ": " + std::move(why)};
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
    Acceptor& kept = acceptors_.back();
    const auto ended = [](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure);
    };
    net::co_spawn(strand_, accept_loop(kept), ended);
    if (!std::exchange(sweeping_, true)) net::co_spawn(strand_, sweep_loop(), ended);
    return bound;
}

bool Server::full() { return connections_.size() >= options_.limits.connections_max; }

Awaitable<> Server::accept_loop(Acceptor& acceptor) {
    net::basic_waitable_timer<std::chrono::steady_clock, net::wait_traits<std::chrono::steady_clock>, Executor> pause(
        strand_);
    while (!stopping()) {
        while (full() && !stopping()) {
            pause.expires_after(std::chrono::milliseconds(5));
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
        auto peer = peer_of(socket);
        if (!peer) continue;
        auto connection = std::make_shared<Connection>(strand, std::move(peer));
        auto ticket = connections_.add(connection, options_.limits.connections_per_peer_max);
        if (!ticket) {
            static constexpr std::string_view busy =
                "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            error_code ignored;
            socket.non_blocking(true, ignored);
            socket.write_some(net::buffer(busy), ignored);
            socket.shutdown(net::socket_base::shutdown_send, ignored);
            continue;
        }
        events_->connections_changed(connections_.size());
        connection->stream = make_plain_stream(std::move(socket));
        SessionContext context{options_.limits, handler_,      *events_,      options_.cpu,
                               stopping_,       bodies_bytes_, next_request_, request_prefix_};
        // The ticket rides in the completion handler: it is given back when the session's frame is gone.
        net::co_spawn(strand, run_session(connection, context),
                      [this, connection, held = std::make_shared<Connections::Ticket>(std::move(*ticket))](
                          std::exception_ptr failure) mutable {
                          connection->stream->close();
                          held.reset();
                          ended(failure);
                      });
    }
}

void Server::ended(const std::exception_ptr& failure) {
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

void Server::stop(std::function<void()> done) {
    net::post(strand_, [this, done = std::move(done)]() mutable {
        if (stopping_.exchange(true)) return;
        stopped_ = std::move(done);
        stop_deadline_ = std::chrono::steady_clock::now() + options_.limits.drain_time;
        error_code ignored;
        for (Acceptor& acceptor : acceptors_) acceptor.close(ignored);
        sweeper_.cancel();
        if (!sweeping_ && stopped_) stopped_();
    });
}

Awaitable<> Server::sweep_loop() {
    for (;;) {
        sweep();
        if (stopping() && connections_.size() == 0) break;
        sweeper_.expires_after(stopping() ? std::chrono::milliseconds(20) : sweep_interval);
        co_await sweeper_.async_wait(as_result);
    }
    if (const auto stopped = std::exchange(stopped_, nullptr)) stopped();
}

/// Ends what is over its time; while stopping also what is idle, and after the drain time everything.
void Server::sweep() {
    const SteadyTime now = std::chrono::steady_clock::now();
    const bool stop_now = stopping();
    const bool drained = stop_now && now >= stop_deadline_;
    std::vector<std::shared_ptr<Connection>> due;
    connections_.for_each([&](const std::shared_ptr<Connection>& connection) {
        const auto deadline = connection->deadline.load(std::memory_order_relaxed);
        const bool expired = deadline != 0 && now.time_since_epoch().count() >= deadline;
        if (expired || drained || (stop_now && connection->idle.load(std::memory_order_acquire)))
            due.push_back(connection);
    });
    for (const auto& connection : due)
        net::post(connection->executor, [connection, drained, stop_now] {
            // It may have gone on since the sweep looked: look again where nothing can change under us.
            const auto deadline = connection->deadline.load(std::memory_order_relaxed);
            const bool expired =
                deadline != 0 && std::chrono::steady_clock::now().time_since_epoch().count() >= deadline;
            if (drained) return connection->stream->close();
            if (expired) connection->timed_out = true;
            if (expired || (stop_now && connection->idle.load(std::memory_order_acquire))) connection->stream->cancel();
        });
}

}  // namespace causeway::http
