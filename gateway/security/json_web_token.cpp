#include "gateway/security/json_web_token.hpp"

#include "gateway/security/jwt_parts.hpp"

namespace causeway::security {
namespace {

constexpr std::size_t jti_bytes_max = 128;
constexpr std::int64_t life_max_s = 300;  // SMART: exp at most five minutes ahead
constexpr std::uint32_t depth_max = 4;

}  // namespace

std::string_view text(AssertionFault fault) noexcept {
    switch (fault) {
        case AssertionFault::malformed:
            return "the assertion is not a signed JWT of at most 8 KB";
        case AssertionFault::algorithm:
            return "the assertion is not signed with RS384 or ES384";
        case AssertionFault::client:
            return "the client is unknown, or iss and sub are not both its id";
        case AssertionFault::audience:
            return "aud is not the token URL";
        case AssertionFault::time:
            return "the assertion is expired, not yet valid or valid for longer than five minutes";
        case AssertionFault::key_url:
            return "jku is not the registered one";
        case AssertionFault::key:
            return "not exactly one registered key has this kid and kind";
        case AssertionFault::signature:
            return "the signature does not verify";
        case AssertionFault::jti:
            return "jti is missing or longer than 128 bytes";
    }
    return "";
}

std::variant<Assertion, AssertionFault> check_assertion(
    std::string_view token, std::string_view token_url, std::int64_t now_s,
    const std::function<const RegisteredClient*(std::string_view id)>& find) {
    const auto parts = JwtParts::read(token, depth_max);
    if (!parts) return AssertionFault::malformed;
    const auto header = parts->header->root(), claims = parts->claims->root();

    const auto algorithm = signature_algorithm(string_of(header["alg"]));
    if (algorithm != SignatureAlgorithm::rs384 && algorithm != SignatureAlgorithm::es384)
        return AssertionFault::algorithm;

    const auto issuer = string_of(claims["iss"]);
    const RegisteredClient* client = issuer.empty() ? nullptr : find(issuer);
    if (!client || string_of(claims["sub"]) != issuer) return AssertionFault::client;

    const auto audience = claims["aud"];
    const bool one_of_one = audience.kind() == fhir::Kind::array && audience.size() == 1;
    if (string_of(one_of_one ? audience.item(0) : audience) != token_url) return AssertionFault::audience;

    const auto expires = numeric_date(claims["exp"]);
    if (!expires || *expires <= now_s - clock_skew_s || *expires > now_s + life_max_s + clock_skew_s ||
        !has_begun(claims, now_s))
        return AssertionFault::time;

    if (const auto url = header["jku"]; url && string_of(url) != client->key_set_url) return AssertionFault::key_url;
    const JsonWebKey* const key = only_key(client->keys, string_of(header["kid"]), *algorithm);
    if (!key) return AssertionFault::key;
    if (!key->verifies(*algorithm, parts->signed_text, parts->signature)) return AssertionFault::signature;

    const auto jti = string_of(claims["jti"]);
    if (jti.empty() || jti.size() > jti_bytes_max) return AssertionFault::jti;
    return Assertion{client->id, std::string(jti), *expires};
}

}  // namespace causeway::security
