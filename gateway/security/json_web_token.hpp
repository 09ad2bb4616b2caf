#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gateway/security/json_web_key.hpp"

namespace causeway::security {

/// A client that may ask for tokens with a signed assertion.
struct RegisteredClient {
    std::string id;
    std::vector<JsonWebKey> keys;
    std::string key_set_url;  ///< as registered; a `jku` must equal it
};

/// What an assertion that passed every check says.
struct Assertion {
    std::string client;
    std::string jti;
    std::int64_t expires_s = 0;
};

/// Which check an assertion failed. For the audit row: the client gets one and the same answer for all of them.
enum class AssertionFault : std::uint8_t {
    malformed,  ///< larger than 8 KB, not three parts of base64url, a header that is no small JSON object
    algorithm,  ///< not RS384 or ES384
    client,     ///< unknown, or `iss` and `sub` are not both its id
    audience,   ///< `aud` is not our token URL
    time,       ///< expired, too far ahead, or not yet valid
    key_url,    ///< `jku` is not the one registered
    key,        ///< not exactly one key with this `kid` and of the algorithm's kind
    signature,
    jti,  ///< none, or longer than 128 bytes
};
std::string_view text(AssertionFault fault) noexcept;

/// Checks a client assertion (RFC 7523; SMART Backend Services, "Authenticate to the FHIR authorization server") in
/// this order: form, algorithm, client, audience, times, key. Whether its `jti` was used before is for the store to
/// say. `find` gives the client of an id, or null.
std::variant<Assertion, AssertionFault> check_assertion(
    std::string_view token, std::string_view token_url, std::int64_t now_s,
    const std::function<const RegisteredClient*(std::string_view id)>& find);

}  // namespace causeway::security
