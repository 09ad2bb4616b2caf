#pragma once
#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gateway/http/entry_point.hpp"
#include "gateway/http/handler.hpp"
#include "gateway/http/limits.hpp"
#include "gateway/http/memory_budget.hpp"

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
    virtual void connection_refused(const std::string& address) { (void)address; }
    virtual void handshake_failed(const std::string& address, const std::string& reason) {
        (void)address, (void)reason;
    }
    /// A session ended with an exception: a bug of ours. `what` has no content of the request.
    virtual void session_failed(const char*) {}
};

/// The HTTP entry point: listeners, sessions and their bounds.
///
/// Lives on an io_context that may be run by several threads. Whoever owns both stops what answers requests (storage,
/// pools) before the io_context is destroyed: an answer is posted to it.
class Server : private Sessions {
public:
    struct Options {
        Limits limits;
        /// Compressing or decompressing more than 256 KiB goes here; without it, it is done on the I/O thread.
        std::optional<net::any_io_executor> cpu;
        /// Plain text on addresses other than loopback: something in front of us encrypts.
        bool allow_plaintext = false;
        std::shared_ptr<tls::Source> tls;  ///< null: plain text
    };

    Server(net::io_context& io, Handler& handler, Options options, Events* events = nullptr);

    /// Binds and begins to accept. Port 0 takes a free one; the port is the answer.
    ListenResult<std::uint16_t> listen(const std::string& address, std::uint16_t port) {
        return entry_.listen(address, port);
    }

    /// Stops accepting, closes idle connections, lets requests in progress finish for limits.drain_time, then cancels.
    /// `done` is called once, on an I/O thread, when the last session has ended. Any thread may call stop().
    void stop(std::function<void()> done) { entry_.stop(std::move(done)); }

    std::size_t connections() const { return entry_.connections(); }
    std::size_t memory_held() const { return memory_.held(); }  ///< of limits.memory_bytes_max
    bool stopping() const noexcept { return entry_.stopping(); }

private:
    Awaitable<> run_session(std::shared_ptr<Connection> connection, std::uint64_t number) override;
    void connections_changed(std::size_t count) override { events_->connections_changed(count); }
    void connection_refused(const std::string& address) override { events_->connection_refused(address); }
    void handshake_failed(const std::string& address, const std::string& reason) override {
        events_->handshake_failed(address, reason);
    }
    void session_failed(const char* what) override { events_->session_failed(what); }

    Handler& handler_;
    const Options options_;
    Events* events_;
    Events no_events_;
    MemoryBudget memory_;
    std::atomic<std::uint64_t> next_request_ = 0;
    std::string request_prefix_;
    EntryPoint entry_;  // last: its sessions use the rest
};

}  // namespace causeway::http
