#include "gateway/main/authentication.hpp"

#include <fmt/format.h>

#include "gateway/security/principal.hpp"

namespace causeway {
namespace {

constexpr std::string_view scheme = "Bearer ";

http::Response challenge(std::string_view code, std::string_view text, std::string_view parameters) {
    auto response = http::outcome_response(401, code, text);
    response.headers.add("WWW-Authenticate", fmt::format("Bearer realm=\"causeway\"{}", parameters));
    return response;
}

http::Response json(unsigned status, std::string body) {
    http::Response response;
    response.status = status;
    response.headers.add("Content-Type", "application/json");
    response.headers.add("Cache-Control", "no-store");
    response.headers.add("Pragma", "no-cache");
    response.body = http::Body(std::move(body));
    return response;
}

}  // namespace

std::optional<http::Response> Authentication::authenticate(http::Request& request) {
    const auto header = request.headers.find("Authorization");
    if (!header) {
        const bool open = request.path().ends_with("/metadata") || request.method == http::Method::options;
        if (!required_ || open) return std::nullopt;
        return challenge("login", "A bearer token is required", "");
    }
    if (header->size() <= scheme.size() || !http::equal_ignoring_case(header->substr(0, scheme.size()), scheme))
        return challenge("login", "Only bearer tokens are understood", ", error=\"invalid_request\"");
    const auto token = tokens_.find(header->substr(scheme.size()));
    if (!token) return challenge("expired", "The token is unknown, expired or revoked", ", error=\"invalid_token\"");
    request.principal = std::make_shared<const security::Principal>(
        security::Principal{security::Principal::Kind::client, token->client,
                            request.peer ? request.peer->address : std::string(), token->grant});
    return std::nullopt;
}

std::optional<http::Response> Authentication::screen(const http::Request& head) {
    http::Request known;
    known.method = head.method;
    known.target = head.target;
    known.headers = head.headers;
    known.peer = head.peer;
    if (auto refused = authenticate(known)) return refused;
    return inner_.screen(known);
}

void Authentication::handle(http::Request request, http::Reply reply) {
    if (auto refused = authenticate(request)) return reply(std::move(*refused));
    inner_.handle(std::move(request), std::move(reply));
}

void OauthHandler::handle(http::Request request, http::Reply reply) {
    constexpr std::string_view form = "application/x-www-form-urlencoded";
    if (request.method != http::Method::post) {
        auto response = json(405, R"({"error":"invalid_request"})");
        response.headers.add("Allow", "POST");
        return reply(std::move(response));
    }
    const auto type = request.headers.get("Content-Type");
    if (!http::equal_ignoring_case(type.substr(0, type.find(';')), form))
        return reply(json(400, R"({"error":"invalid_request"})"));
    const auto address = request.peer ? request.peer->address : std::string();
    const auto done = [reply](security::TokenService::Answer answer) {
        reply(json(static_cast<unsigned>(answer.status), std::move(answer.body)));
    };
    const auto path = request.path();
    if (path == "/oauth/token") return tokens_.issue(request.body, address, done);
    if (path == "/oauth/revoke") return tokens_.revoke(request.body, address, done);
    if (path == "/oauth/introspect") return tokens_.introspect(request.body, address, done);
    reply(json(404, R"({"error":"invalid_request"})"));
}

SmartConfigurationHandler::SmartConfigurationHandler(const std::string& origin)
    : body_(fmt::format(
          R"({{"token_endpoint":"{0}/oauth/token","revocation_endpoint":"{0}/oauth/revoke",)"
          R"("introspection_endpoint":"{0}/oauth/introspect","grant_types_supported":["client_credentials"],)"
          R"("token_endpoint_auth_methods_supported":["private_key_jwt"],)"
          R"("token_endpoint_auth_signing_alg_values_supported":["RS384","ES384"],)"
          R"("scopes_supported":["system/*.cruds"],"code_challenge_methods_supported":["S256"],)"
          R"("capabilities":["client-confidential-asymmetric","permission-v1","permission-v2"]}})",
          origin)) {}

void SmartConfigurationHandler::handle(http::Request request, http::Reply reply) {
    if (request.method != http::Method::get && request.method != http::Method::head)
        return reply(http::outcome_response(405, "not-supported", "The SMART configuration can only be read"));
    http::Response response;
    response.headers.add("Content-Type", "application/json");
    response.headers.add("Access-Control-Allow-Origin", "*");  // public by its specification
    response.body = http::Body(body_);
    reply(std::move(response));
}

}  // namespace causeway
