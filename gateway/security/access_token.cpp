#include "gateway/security/access_token.hpp"

#include <algorithm>

#include "fhir/model/reference.hpp"
#include "gateway/security/jwt_parts.hpp"

namespace causeway::security {
namespace {

constexpr std::uint32_t depth_max = 16;  // such servers put lists of roles into objects of objects

bool holds(fhir::Element audience, std::string_view wanted) {
    for (const auto each : audience.items())
        if (string_of(each) == wanted) return true;
    return false;
}

bool in_time(fhir::Element claims, std::int64_t now_s, std::int64_t& expires_s) {
    const auto expires = numeric_date(claims["exp"]);
    if (!expires || *expires <= now_s - clock_skew_s || !has_begun(claims, now_s)) return false;
    expires_s = *expires;
    return true;
}

/// `scope` as a text, or `scp` as a list (which some servers write).
std::string scope_text(fhir::Element claims) {
    if (const auto scope = string_of(claims["scope"]); !scope.empty()) return std::string(scope);
    std::string out;
    for (const auto each : claims["scp"].items()) out.append(out.empty() ? "" : " ").append(string_of(each));
    return out;
}

/// Words that are no FHIR scopes ("email", "roles") are not ours to judge: such servers put them into every token.
std::string resource_scopes(std::string_view all) {
    std::string out;
    while (!all.empty()) {
        const auto end = all.find(' ');
        const auto word = all.substr(0, end);
        all = end == std::string_view::npos ? std::string_view() : all.substr(end + 1);
        if (word.starts_with("patient/") || word.starts_with("user/") || word.starts_with("system/"))
            out.append(out.empty() ? "" : " ").append(word);
    }
    return out;
}

/// Who and what, from claims that are believed.
std::optional<ExternalToken> token_of(fhir::Element claims, const IssuerSettings& settings) {
    ExternalToken token;
    for (const char* name : {"client_id", "azp", "sub"})
        if (token.client.empty()) token.client = string_of(claims[name]);
    token.user = string_of(claims["fhirUser"]);
    if (token.user.empty() && string_of(claims["sub"]) != token.client) token.user = string_of(claims["sub"]);
    const auto asked = parse_scopes(resource_scopes(scope_text(claims)));
    const auto* const scopes = std::get_if<std::vector<Scope>>(&asked);
    if (!scopes || token.client.empty()) return std::nullopt;
    Grant grant;
    grant.scopes = narrowed(*scopes, settings.scopes);
    grant.patient = string_of(claims["patient"]);
    if (!grant.patient.empty() && !fhir::is_fhir_id(grant.patient)) return std::nullopt;
    if (grant.scopes.empty()) return std::nullopt;
    token.grant = std::make_shared<const Grant>(std::move(grant));
    return token;
}

}  // namespace

std::string_view text(TokenFault fault) noexcept {
    switch (fault) {
        case TokenFault::malformed:
            return "the token is not a signed JWT of at most 8 KB";
        case TokenFault::type:
            return "the token is not an access token";
        case TokenFault::algorithm:
            return "the token's signature has an algorithm that is not allowed";
        case TokenFault::issuer:
            return "the token is of another issuer";
        case TokenFault::audience:
            return "the token is for another audience";
        case TokenFault::time:
            return "the token is expired or not yet valid";
        case TokenFault::key:
            return "not exactly one key of the issuer has this kid and kind";
        case TokenFault::signature:
            return "the signature does not verify";
        case TokenFault::scope:
            return "the token has no scope that may be used here";
        case TokenFault::inactive:
            return "the token is not active, or its server did not answer";
    }
    return "";
}

std::variant<ExternalToken, TokenFault> check_access_token(std::string_view token, const IssuerSettings& settings,
                                                           const std::vector<JsonWebKey>& keys, std::int64_t now_s) {
    const auto parts = JwtParts::read(token, depth_max);
    if (!parts) return TokenFault::malformed;
    const auto header = parts->header->root(), claims = parts->claims->root();

    // RFC 9068, section 4: nothing that was signed for another purpose (an id_token, a logout token) is an access token.
    const auto type = string_of(header["typ"]);
    if (!type.empty() && type != "at+jwt" && type != "application/at+jwt" && type != "JWT") return TokenFault::type;
    if (const auto use = string_of(claims["typ"]); !use.empty() && use != "Bearer") return TokenFault::type;

    const auto algorithm = signature_algorithm(string_of(header["alg"]));
    if (!algorithm ||
        std::find(settings.algorithms.begin(), settings.algorithms.end(), *algorithm) == settings.algorithms.end())
        return TokenFault::algorithm;
    if (string_of(claims["iss"]) != settings.issuer) return TokenFault::issuer;
    if (!holds(claims["aud"], settings.audience)) return TokenFault::audience;
    std::int64_t expires_s = 0;
    if (!in_time(claims, now_s, expires_s)) return TokenFault::time;

    const JsonWebKey* const key = only_key(keys, string_of(header["kid"]), *algorithm);
    if (!key) return TokenFault::key;
    if (!key->verifies(*algorithm, parts->signed_text, parts->signature)) return TokenFault::signature;
    auto made = token_of(claims, settings);
    if (!made) return TokenFault::scope;
    made->expires_s = expires_s;
    return std::move(*made);
}

std::variant<ExternalToken, TokenFault> read_introspection(std::string json, const IssuerSettings& settings,
                                                           std::int64_t now_s) {
    const auto answer = read_json_object(std::move(json), depth_max);
    if (!answer) return TokenFault::inactive;
    const auto root = answer->root();
    if (root["active"].kind() != fhir::Kind::boolean || root["active"].text() != "true") return TokenFault::inactive;
    if (root["iss"] && string_of(root["iss"]) != settings.issuer) return TokenFault::issuer;
    if (root["aud"] && !holds(root["aud"], settings.audience)) return TokenFault::audience;
    std::int64_t expires_s = 0;
    if (!in_time(root, now_s, expires_s)) return TokenFault::time;
    auto made = token_of(root, settings);
    if (!made) return TokenFault::scope;
    made->expires_s = expires_s;
    return std::move(*made);
}

}  // namespace causeway::security
