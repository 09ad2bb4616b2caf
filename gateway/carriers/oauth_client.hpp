#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/exchange/partner.hpp"
#include "gateway/http/client.hpp"

namespace causeway::carriers {

/// Gets access tokens for a FHIR server we push to: OAuth 2.0 client credentials (RFC 6749 section 4.4), the client
/// shown by its secret (HTTP Basic) or by a signed assertion (RFC 7523, as SMART Backend Services asks). A token is kept
/// until shortly before its end. Used by one thread.
class OauthClient {
public:
    explicit OauthClient(const exchange::FhirEndpoint& endpoint) : endpoint_(endpoint) {}

    struct Token {
        std::string text;     ///< empty: none was to be had, and `failure` says why
        std::string failure;  ///< a code: "HTTP 401", "timeout", "key"
    };
    Token token_blocking(std::int64_t now_s);
    /// The server has refused it.
    void forget() { token_.clear(); }

private:
    const exchange::FhirEndpoint& endpoint_;
    std::string token_;
    std::int64_t good_until_s_ = 0;
};

/// A signed JWT that says that `client` asks at `audience`; nothing if the key cannot be read or is neither RSA (RS384)
/// nor on P-384 (ES384).
std::optional<std::string> client_assertion(const std::string& key_file, std::string_view key_id,
                                            std::string_view client, std::string_view audience, std::int64_t now_s);

}  // namespace causeway::carriers
