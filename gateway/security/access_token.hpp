#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gateway/security/json_web_key.hpp"
#include "gateway/security/scope.hpp"

namespace causeway::security {

/// An authorisation server of somebody else's (Keycloak, Azure ...) whose access tokens are taken here.
struct IssuerSettings {
    std::string issuer;                          ///< `iss`, letter for letter
    std::string audience;                        ///< what `aud` must hold
    std::string key_set_url;                     ///< empty: its JWTs are not read
    std::vector<SignatureAlgorithm> algorithms;  ///< allowed
    std::string introspection_url;               ///< RFC 7662; empty: tokens that are no JWT are unknown
    std::string client, secret;                  ///< ours, at the introspection endpoint
    std::vector<Scope> scopes;                   ///< what its tokens may have at most

    bool in_use() const noexcept { return !key_set_url.empty() || !introspection_url.empty(); }
};

/// Which check an access token failed. For the audit row; the client is told that the token is no good.
enum class TokenFault : std::uint8_t {
    malformed,  ///< larger than 8 KB, not three parts of base64url, a header or claims that are no small JSON object
    type,       ///< `typ` says it is something else than an access token
    algorithm,  ///< not one of those allowed
    issuer,
    audience,
    time,  ///< no `exp`, expired, or not yet valid
    key,   ///< not exactly one key with this `kid` and of the algorithm's kind
    signature,
    scope,     ///< no scope, a broken one, or nothing of what its tokens may have
    inactive,  ///< the introspection endpoint says so, or did not answer
};
std::string_view text(TokenFault fault) noexcept;

/// What an access token of that server says, when every check is passed.
struct ExternalToken {
    std::string client;  ///< `client_id` or `azp`; else `sub`
    std::string user;    ///< `fhirUser`, else `sub` where it is not the client
    std::shared_ptr<const Grant> grant;
    std::int64_t expires_s = 0;
};

/// A JWT of that server (RFC 9068 and what servers sent before it), checked in the order of TokenFault.
std::variant<ExternalToken, TokenFault> check_access_token(std::string_view token, const IssuerSettings& settings,
                                                           const std::vector<JsonWebKey>& keys, std::int64_t now_s);

/// The answer of an introspection endpoint: a token that is active, of the issuer and for us if it says, in its time.
std::variant<ExternalToken, TokenFault> read_introspection(std::string json, const IssuerSettings& settings,
                                                           std::int64_t now_s);

}  // namespace causeway::security
