#include "gateway/security/jwt_parts.hpp"

#include <charconv>

#include "fhir/json/json.hpp"

namespace causeway::security {

namespace {

fhir::DocumentPtr read_part(std::string_view part, std::uint32_t depth_max) {
    auto json = decode_base64url(part);
    return json ? read_json_object(std::move(*json), depth_max) : nullptr;
}

}  // namespace

fhir::DocumentPtr read_json_object(std::string json, std::uint32_t depth_max) {
    fhir::Limits limits;
    limits.depth_max = depth_max;
    auto document = fhir::parse_json(std::move(json), limits);
    if (document.has_error() || (*document)->root().kind() != fhir::Kind::object) return nullptr;
    return *document;
}

std::optional<JwtParts> JwtParts::read(std::string_view token, std::uint32_t depth_max) {
    const auto first = token.find('.');
    const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
    if (token.size() > bytes_max || second == std::string_view::npos ||
        token.find('.', second + 1) != std::string_view::npos)
        return std::nullopt;
    JwtParts parts;
    parts.header = read_part(token.substr(0, first), depth_max);
    parts.claims = read_part(token.substr(first + 1, second - first - 1), depth_max);
    auto signature = decode_base64url(token.substr(second + 1));
    if (!parts.header || !parts.claims || !signature || parts.header->root()["crit"]) return std::nullopt;
    parts.signed_text = token.substr(0, second);
    parts.signature = std::move(*signature);
    return parts;
}

std::string_view string_of(fhir::Element element) {
    return element.kind() == fhir::Kind::string ? element.text() : std::string_view();
}

std::optional<std::int64_t> numeric_date(fhir::Element element) {
    if (element.kind() != fhir::Kind::number) return std::nullopt;
    const auto text = element.text();
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || (end != text.data() + text.size() && *end != '.')) return std::nullopt;
    return value;
}

bool has_begun(fhir::Element claims, std::int64_t now_s) {
    for (const char* name : {"nbf", "iat"}) {
        const auto claim = claims[name];
        if (!claim) continue;
        const auto from = numeric_date(claim);
        if (!from || *from > now_s + clock_skew_s) return false;
    }
    return true;
}

const JsonWebKey* only_key(const std::vector<JsonWebKey>& keys, std::string_view id, SignatureAlgorithm algorithm) {
    const JsonWebKey* found = nullptr;
    for (const auto& each : keys) {
        if (each.id != id || !each.serves(algorithm)) continue;
        if (found) return nullptr;
        found = &each;
    }
    return found;
}

}  // namespace causeway::security
