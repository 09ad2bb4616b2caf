#include "gateway/http/server.hpp"

#include <random>

#include "gateway/http/session.hpp"

namespace causeway::http {
namespace {

constexpr std::string_view busy =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

std::string random_prefix() {
    std::random_device device;
    constexpr char digits[] = "0123456789abcdef";
    std::string prefix;
    for (int i = 0; i < 2; ++i)
        for (auto [bits, n] = std::pair(device(), 0); n < 6; ++n, bits >>= 4) prefix += digits[bits & 15u];
    return prefix + "-";
}

EntryPoint::Options entry_options(const Server::Options& options) {
    return {.name = "http",
            .connections_max = options.limits.connections_max,
            .connections_per_peer_max = options.limits.connections_per_peer_max,
            .handshake_time = options.limits.handshake_time,
            .drain_time = options.limits.drain_time,
            .busy_answer = busy,
            .tls = options.tls,
            .allow_plaintext = options.allow_plaintext};
}

}  // namespace

Server::Server(net::io_context& io, Handler& handler, Options options, Events* events)
    : handler_(handler),
      options_(std::move(options)),
      events_(events != nullptr ? events : &no_events_),
      memory_(options_.limits.memory_bytes_max),
      request_prefix_(random_prefix()),
      entry_(io, *this, entry_options(options_)) {}

Awaitable<> Server::run_session(std::shared_ptr<Connection> connection, std::uint64_t) {
    SessionContext context{options_.limits,        handler_, *events_,      options_.cpu,
                           entry_.stopping_flag(), memory_,  next_request_, request_prefix_};
    return http::run_session(std::move(connection), context);
}

}  // namespace causeway::http
