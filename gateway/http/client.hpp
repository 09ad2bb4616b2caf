#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace causeway::http {

/// A URL taken apart, as far as a client needs it.
struct ClientUrl {
    bool encrypted = false;
    std::string host;
    std::uint16_t port = 0;
    std::string target;  ///< path and query, beginning with '/'

    /// nullopt for anything but http and https, and for what could smuggle a line break or credentials.
    static std::optional<ClientUrl> parse(std::string_view text);
};

struct ClientRequest {
    std::string method = "GET";
    ClientUrl url;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    std::chrono::milliseconds time_max{10'000};  ///< for all of it, from connecting to the last byte
    std::size_t answer_bytes_max = 1u << 20;
    /// Link-local addresses (169.254/16, fe80::/10) are never called; with this neither are loopback and private ones.
    bool public_only = false;
    std::string ca_file = {};                        ///< PEM: the only authorities to trust; empty: the system's
    std::string tls_certificate = {}, tls_key = {};  ///< PEM files: what we show if the server asks
};

struct ClientAnswer {
    unsigned status = 0;  ///< 0: there was no answer, and `failure` says why
    std::string failure;  ///< a short code: "resolve", "refused", "timeout", "tls", "broken", "forbidden-address"
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;

    std::string_view header(std::string_view name) const;
};

/// One request over a connection of its own. Blocking: for worker threads and commands. Certificates are checked
/// against the system's authorities and the host's name. Redirects are answers like others: nothing is followed.
ClientAnswer fetch_blocking(const ClientRequest& request);

}  // namespace causeway::http
