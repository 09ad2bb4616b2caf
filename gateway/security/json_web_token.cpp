#include "gateway/security/json_web_token.hpp"

#include <charconv>

#include "fhir/json/json.hpp"

namespace causeway::security {
namespace {

constexpr std::size_t token_bytes_max = 8 * 1024;
constexpr std::size_t jti_bytes_max = 128;
constexpr std::int64_t life_max_s = 300;  // SMART: exp at most five minutes ahead
constexpr std::int64_t skew_s = 30;
constexpr std::uint32_t depth_max = 4;

fhir::DocumentPtr object_of(std::string_view part) {
    auto json = decode_base64url(part);
    if (!json) return nullptr;
    fhir::Limits limits;
    limits.depth_max = depth_max;
    auto document = fhir::parse_json(std::move(*json), limits);
    if (document.has_error() || (*document)->root().kind() != fhir::Kind::object) return nullptr;
    return *document;
}

/// A NumericDate (RFC 7519, section 2); fractions are cut.
std::optional<std::int64_t> seconds(fhir::Element element) {
    if (element.kind() != fhir::Kind::number) return std::nullopt;
    const auto text = element.text();
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || (end != text.data() + text.size() && *end != '.')) return std::nullopt;
    return value;
}

std::string_view string_of(fhir::Element element) {
    return element.kind() == fhir::Kind::string ? element.text() : std::string_view();
}

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
    const auto first = token.find('.');
    const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
    if (token.size() > token_bytes_max || second == std::string_view::npos ||
        token.find('.', second + 1) != std::string_view::npos)
        return AssertionFault::malformed;
    const auto header = object_of(token.substr(0, first));
    const auto claims = object_of(token.substr(first + 1, second - first - 1));
    const auto signature = decode_base64url(token.substr(second + 1));
    if (!header || !claims || !signature) return AssertionFault::malformed;
    // A critical extension that we do not know must refuse the token (RFC 7515, section 4.1.11); we know none.
    if (header->root()["crit"]) return AssertionFault::malformed;

    const auto algorithm = signature_algorithm(string_of(header->root()["alg"]));
    if (algorithm != SignatureAlgorithm::rs384 && algorithm != SignatureAlgorithm::es384)
        return AssertionFault::algorithm;

    const auto issuer = string_of(claims->root()["iss"]);
    const RegisteredClient* client = issuer.empty() ? nullptr : find(issuer);
    if (!client || string_of(claims->root()["sub"]) != issuer) return AssertionFault::client;

    const auto audience = claims->root()["aud"];
    const bool one_of_one = audience.kind() == fhir::Kind::array && audience.size() == 1;
    if (string_of(one_of_one ? audience.item(0) : audience) != token_url) return AssertionFault::audience;

    const auto expires = seconds(claims->root()["exp"]);
    if (!expires || *expires <= now_s - skew_s || *expires > now_s + life_max_s + skew_s) return AssertionFault::time;
    for (const char* name : {"nbf", "iat"}) {
        const auto claim = claims->root()[name];
        if (!claim) continue;
        const auto from = seconds(claim);
        if (!from || *from > now_s + skew_s) return AssertionFault::time;
    }

    if (const auto url = header->root()["jku"]; url && string_of(url) != client->key_set_url)
        return AssertionFault::key_url;
    const auto id = string_of(header->root()["kid"]);
    const JsonWebKey* key = nullptr;
    for (const auto& each : client->keys) {
        if (each.id != id || !each.serves(*algorithm)) continue;
        if (key) return AssertionFault::key;
        key = &each;
    }
    if (!key) return AssertionFault::key;
    if (!key->verifies(*algorithm, token.substr(0, second), *signature)) return AssertionFault::signature;

    const auto jti = string_of(claims->root()["jti"]);
    if (jti.empty() || jti.size() > jti_bytes_max) return AssertionFault::jti;
    return Assertion{client->id, std::string(jti), *expires};
}

}  // namespace causeway::security
