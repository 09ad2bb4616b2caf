#pragma once
#include <netinet/tcp.h>

#include "gateway/http/asio.hpp"

namespace causeway::http {

/// TCP keep-alive: a peer that vanished (power, cable, firewall) is found after idle_s + probes * interval_s, not after
/// the two hours of the system's default.
struct KeepAlive {
    int idle_s = 60;      ///< without bytes before the first probe
    int interval_s = 10;  ///< between probes
    int probes = 3;       ///< unanswered, then the connection is broken
};

inline void set_keep_alive(Socket& socket, const KeepAlive& times) {
    using Idle = net::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPIDLE>;
    using Interval = net::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPINTVL>;
    using Count = net::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPCNT>;
    error_code ignored;
    socket.set_option(net::socket_base::keep_alive(true), ignored);
    socket.set_option(Idle(times.idle_s), ignored);
    socket.set_option(Interval(times.interval_s), ignored);
    socket.set_option(Count(times.probes), ignored);
}

}  // namespace causeway::http
