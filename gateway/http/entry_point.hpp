#pragma once
#include <atomic>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/system/result.hpp>
#include <cstdint>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/http/connection.hpp"
#include "gateway/http/keep_alive.hpp"

namespace causeway::tls {
class Source;
}

namespace causeway::http {

/// Why an entry point cannot be opened: for the operator.
struct ListenError {
    std::string message;
};
template <class T>
using ListenResult = boost::system::result<T, ListenError>;
[[noreturn]] void throw_exception_from_error(const ListenError& error, const boost::source_location& where);

/// What is served on the connections of an entry point, and who is told of them. Called on I/O threads; must not block.
class Sessions {
public:
    virtual ~Sessions() = default;
    /// Serves one connection until it ends. Its frame owns what the session needs; `number` counts from 1.
    virtual Awaitable<> run_session(std::shared_ptr<Connection> connection, std::uint64_t number) = 0;
    virtual void connections_changed(std::size_t count) = 0;
    /// The peer has as many connections as it may.
    virtual void connection_refused(const std::string& address) = 0;
    /// A TLS handshake failed or a certificate was refused. `reason` is OpenSSL's or ours, with nothing of the peer's.
    virtual void handshake_failed(const std::string& address, const std::string& reason) = 0;
    /// A session ended with an exception: a bug of ours.
    virtual void session_failed(const char* what) = 0;
};

/// Acceptors, TLS handshakes, the live connections with their bounds and deadlines, and the stop: what every listener
/// of the gateway needs, whatever it speaks.
///
/// Lives on an io_context that may be run by several threads; each connection has a strand. A sweeper compares each
/// connection's deadline four times a second and cancels what is over its time, with timed_out set.
class EntryPoint {
public:
    struct Options {
        std::string name;                           ///< for messages to the operator
        std::size_t connections_max = 1024;         ///< beyond it nothing is accepted
        std::size_t connections_per_peer_max = 64;  ///< loopback peers are only bound by the total
        std::chrono::milliseconds handshake_time{10'000};
        std::chrono::milliseconds drain_time{10'000};
        std::string_view busy_answer;      ///< what a refused peer is told, if the protocol has words for it
        std::shared_ptr<tls::Source> tls;  ///< null: plain text
        /// Plain text on addresses other than loopback.
        bool allow_plaintext = false;
        KeepAlive keep_alive{};
    };

    EntryPoint(net::io_context& io, Sessions& sessions, Options options);
    EntryPoint(const EntryPoint&) = delete;
    EntryPoint& operator=(const EntryPoint&) = delete;

    /// Binds and begins to accept. Port 0 takes a free one; the port is the answer.
    ListenResult<std::uint16_t> listen(const std::string& address, std::uint16_t port);

    /// Stops accepting, ends idle connections, lets the others finish for drain_time, then closes them. `done` is called
    /// once, on an I/O thread, when the last session has ended. Any thread may call stop().
    void stop(std::function<void()> done);

    std::size_t connections() const { return connections_.size(); }
    bool stopping() const noexcept { return stopping_.load(std::memory_order_relaxed); }
    const std::atomic<bool>& stopping_flag() const noexcept { return stopping_; }

private:
    using Acceptor = net::basic_socket_acceptor<net::ip::tcp, Executor>;

    Awaitable<> accept_loop(Acceptor& acceptor);
    Awaitable<> sweep_loop();
    Awaitable<> serve(std::shared_ptr<Connection> connection, std::uint64_t number);
    void admit(Socket socket, const Executor& strand);
    void sweep();
    void ended(const std::exception_ptr& failure);

    net::io_context& io_;
    Sessions& sessions_;
    const Options options_;
    const Executor strand_;  // acceptors, sweeper, stop
    std::list<Acceptor> acceptors_;
    Timer sweeper_;
    bool sweeping_ = false;
    Connections connections_;
    std::atomic<bool> stopping_ = false;
    SteadyTime stop_deadline_{};
    std::function<void()> stopped_;
    std::uint64_t accepted_ = 0;
};

}  // namespace causeway::http
