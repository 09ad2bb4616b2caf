#include "gateway/security/external_issuer.hpp"

#include <algorithm>

#include "fhir/search/query.hpp"
#include "gateway/security/json_web_key.hpp"
#include "gateway/security/jwt_parts.hpp"
#include "gateway/security/token_service.hpp"

namespace causeway::security {

ExternalIssuer::Found ExternalIssuer::remember(const std::string& digest, Found found, std::int64_t life_s) {
    const auto now_s = clock_.now_us() / 1'000'000;
    auto until_s = now_s + life_s;
    if (const auto* const token = std::get_if<ExternalToken>(&found)) until_s = std::min(until_s, token->expires_s);
    const std::lock_guard lock(mutex_);
    if (remembered_.size() >= remembered_max) remembered_.clear();
    remembered_.insert_or_assign(digest, Remembered{found, until_s});
    return found;
}

std::optional<ExternalIssuer::Found> ExternalIssuer::find(std::string_view bearer) {
    if (bearer.size() > JwtParts::bytes_max) return TokenFault::malformed;
    const bool jwt = std::count(bearer.begin(), bearer.end(), '.') == 2;
    if ((!jwt || settings_.key_set_url.empty()) && settings_.introspection_url.empty()) return TokenFault::malformed;
    const auto now_s = clock_.now_us() / 1'000'000;
    const auto digest = sha256(bearer);
    {
        const std::lock_guard lock(mutex_);
        if (const auto known = remembered_.find(digest); known != remembered_.end() && known->second.until_s > now_s)
            return known->second.found;
    }
    if (!jwt || settings_.key_set_url.empty()) return std::nullopt;
    const auto keys = keys_.known(settings_.key_set_url);
    if (!keys) return std::nullopt;
    auto found = check_access_token(bearer, settings_, *keys, now_s);
    const auto* const fault = std::get_if<TokenFault>(&found);
    if (fault && *fault == TokenFault::key) return std::nullopt;  // its keys may have changed
    constexpr std::int64_t good_s = 60, bad_s = 10;
    return remember(digest, std::move(found), fault ? bad_s : good_s);
}

ExternalIssuer::Found ExternalIssuer::find_blocking(std::string_view bearer) {
    if (auto found = find(bearer)) return *found;
    constexpr std::int64_t good_s = 60, introspected_s = 30, bad_s = 10;
    const auto now_s = clock_.now_us() / 1'000'000;
    const auto digest = sha256(bearer);
    const bool jwt = std::count(bearer.begin(), bearer.end(), '.') == 2;
    if (jwt && !settings_.key_set_url.empty()) {
        auto keys = keys_.get_blocking(settings_.key_set_url);
        if (!keys) return remember(digest, TokenFault::key, bad_s);
        auto found = check_access_token(bearer, settings_, *keys, now_s);
        if (const auto* const fault = std::get_if<TokenFault>(&found); fault && *fault == TokenFault::key) {
            keys = keys_.again_blocking(settings_.key_set_url);
            if (keys) found = check_access_token(bearer, settings_, *keys, now_s);
        }
        const bool good = std::holds_alternative<ExternalToken>(found);
        return remember(digest, std::move(found), good ? good_s : bad_s);
    }
    const std::pair<std::string, std::string> form[] = {{"token", std::string(bearer)},
                                                        {"token_type_hint", "access_token"}};
    FetchRequest request{
        settings_.introspection_url, fhir::search::encode_query(form), "application/x-www-form-urlencoded", {}};
    if (!settings_.client.empty())
        request.authorization = "Basic " + encode_base64(settings_.client + ":" + settings_.secret);
    auto answer = fetch_(request);
    auto found = answer.status == 200 ? read_introspection(std::move(answer.body), settings_, now_s)
                                      : Found(TokenFault::inactive);
    const bool good = std::holds_alternative<ExternalToken>(found);
    return remember(digest, std::move(found), good ? introspected_s : bad_s);
}

}  // namespace causeway::security
