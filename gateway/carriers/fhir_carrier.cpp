#include "gateway/carriers/fhir_carrier.hpp"

namespace causeway::carriers {

http::ClientRequest request_to(const exchange::FhirEndpoint& endpoint, std::string_view path) {
    auto request = request_within(endpoint, endpoint.base);
    auto& target = request.url.target;
    while (target.size() > 1 && target.ends_with('/')) target.pop_back();
    if (!path.empty()) target = (target == "/" ? "" : target) + std::string(path);
    request.answer_bytes_max = std::size_t{16} << 20;
    request.headers.emplace_back("Accept", "application/fhir+json");
    return request;
}

http::ClientAnswer FhirCarrier::post_blocking(const std::string& bundle, const std::string& token) const {
    auto request = request_to(endpoint_, {});
    request.method = "POST";
    request.body = bundle;
    request.headers.emplace_back("Content-Type", "application/fhir+json; charset=utf-8");
    request.headers.emplace_back("Prefer", "return=minimal");
    if (!token.empty()) request.headers.emplace_back("Authorization", "Bearer " + token);
    return http::fetch_blocking(request);
}

exchange::Carried FhirCarrier::carry_blocking(const exchange::Outgoing& message) {
    using exchange::FailureClass;
    for (int attempt = 0;; ++attempt) {
        OauthClient::Token token;
        if (!endpoint_.token_url.empty()) {
            token = oauth_.token_blocking(clock_.now_us() / 1'000'000);
            if (token.text.empty()) return carrying_failed(FailureClass::connection, "no token: " + token.failure);
        }
        const auto answer = post_blocking(message.message, token.text);
        if (answer.status == 401 && !token.text.empty() && attempt == 0) {
            oauth_.forget();
            continue;
        }
        if (answer.status >= 200 && answer.status < 300)
            return {exchange::Carried::Kind::taken, "HTTP " + std::to_string(answer.status), {}, {}};
        return failure_of(answer);
    }
}

}  // namespace causeway::carriers
