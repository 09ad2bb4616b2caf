#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>

#include "gateway/ops/clock.hpp"
#include "gateway/security/access_token.hpp"
#include "gateway/security/remote_keys.hpp"

namespace causeway::security {

/// Finds out what a bearer token of the external server is worth. Remembers what it found: a JWT for a minute at most, an
/// introspection for thirty seconds, never beyond `exp`; a token that is no good for ten seconds. Thread-safe.
class ExternalIssuer {
public:
    static constexpr std::size_t remembered_max = 4096;

    ExternalIssuer(IssuerSettings settings, Fetch fetch, const ops::Clock& clock)
        : settings_(std::move(settings)), fetch_(std::move(fetch)), clock_(clock), keys_(fetch_, clock) {}

    using Found = std::variant<ExternalToken, TokenFault>;
    /// Nothing: find_blocking() must be asked, because the server must.
    std::optional<Found> find(std::string_view bearer);
    Found find_blocking(std::string_view bearer);

    const IssuerSettings& settings() const noexcept { return settings_; }

private:
    struct Remembered {
        Found found;
        std::int64_t until_s = 0;
    };
    Found remember(const std::string& digest, Found found, std::int64_t life_s);

    const IssuerSettings settings_;
    const Fetch fetch_;
    const ops::Clock& clock_;
    RemoteKeys keys_;
    std::mutex mutex_;
    std::unordered_map<std::string, Remembered> remembered_;
};

}  // namespace causeway::security
