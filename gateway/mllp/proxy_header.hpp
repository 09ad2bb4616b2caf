#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace causeway::mllp {

/// What a proxy says before the bytes of the connection it passes on (the PROXY protocol, versions 1 and 2).
struct ProxyHeader {
    enum class State : std::uint8_t {
        more,      ///< not complete yet
        bad,       ///< something else: the connection did not come through the proxy, or the proxy is set otherwise
        complete,  ///< `size` bytes of it
    };
    State state = State::more;
    std::size_t size = 0;
    std::string address = {};  ///< of the client; empty: the proxy speaks for itself (a health check) or does not know

    static constexpr std::size_t bytes_max = 4096;
};

/// Reads the header at the front of `bytes`.
ProxyHeader read_proxy_header(std::string_view bytes);

}  // namespace causeway::mllp
