#pragma once
#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/result.hpp>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gateway/http/connection.hpp"
#include "gateway/http/handler.hpp"
#include "gateway/http/limits.hpp"

namespace causeway::http {

/// What the server tells whoever counts and logs. Called on I/O threads; must not block. Holds nothing of the content.
class Events {
public:
    virtual ~Events() = default;
    struct Served {
        Method method;
        std::string_view path;  ///< without the query, which is clinical content
        unsigned status;
        std::string_view request_id;
        std::chrono::microseconds duration;  ///< from the complete request to the last byte handed to the system
        std::size_t request_bytes, response_bytes;
    };
    virtual void served(const Served&) {}
    virtual void connections_changed(std::size_t) {}
    /// A session ended with an exception: a bug of ours. `what` has no content of the request.
    virtual void session_failed(const char*) {}
};

struct ListenError {
    std::string message;
};
template <class T>
using ListenResult = boost::system::result<T, ListenError>;
[[noreturn]] void throw_exception_from_error(const ListenError& error, const boost::source_location& where);

/// The HTTP entry point: listeners, sessions and their bounds.
///
/// Lives on an io_context that may be run by several threads. Whoever owns both stops what answers requests (storage,
/// pools) before the io_context is destroyed: an answer is posted to it.
class Server {
public:
    struct Options {
        Limits limits;
        /// Compressing or decompressing more than 256 KiB goes here; without it, it is done on the I/O thread.
        std::optional<net::any_io_executor> cpu;
        /// Loopback addresses only, unless something in front of us encrypts.
        bool allow_remote_plaintext = false;
    };

    Server(net::io_context& io, Handler& handler, Options options, Events* events = nullptr);
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Binds and begins to accept. Port 0 takes a free one; the port is the answer.
    ListenResult<std::uint16_t> listen(const std::string& address, std::uint16_t port);

    /// Stops accepting, closes idle connections, lets requests in progress finish for limits.drain_time, then cancels.
    /// `done` is called once, on an I/O thread, when the last session has ended. Any thread may call stop().
    void stop(std::function<void()> done);

    std::size_t connections() const { return connections_.size(); }
    bool stopping() const noexcept { return stopping_.load(std::memory_order_relaxed); }

private:
    using Acceptor = net::basic_socket_acceptor<net::ip::tcp, Executor>;

    Awaitable<> accept_loop(Acceptor& acceptor);
    Awaitable<> sweep_loop();
    void sweep();
    void ended(const std::exception_ptr& failure);
    bool full();

    net::io_context& io_;
    Handler& handler_;
    const Options options_;
    Events* events_;
    Events no_events_;
    Executor strand_;  // acceptors, sweeper, stop
    std::list<Acceptor> acceptors_;
    net::basic_waitable_timer<std::chrono::steady_clock, net::wait_traits<std::chrono::steady_clock>, Executor>
        sweeper_;
    bool sweeping_ = false;
    Connections connections_;
    std::atomic<bool> stopping_ = false;
    SteadyTime stop_deadline_{};
    std::function<void()> stopped_;
    std::atomic<std::size_t> bodies_bytes_ = 0;
    std::atomic<std::uint64_t> next_request_ = 0;
    std::string request_prefix_;
};

}  // namespace causeway::http
