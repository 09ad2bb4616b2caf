#include "gateway/main/authentication.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <boost/asio/post.hpp>

#include "gateway/http/fresh_answer.hpp"
#include "gateway/ops/log.hpp"
#include "gateway/tls/certificate.hpp"

namespace causeway {
namespace {

constexpr std::string_view scheme = "Bearer ";

/// A part of the token's digest: tells tokens apart in the audit trail and opens nothing.
std::string mark_of(std::string_view digest) { return security::encode_base64url(digest.substr(0, 12)); }

http::Response json(unsigned status, std::string body) {
    auto response = http::fresh_answer(status, "application/json", std::move(body));
    response.headers.add("Pragma", "no-cache");
    return response;
}

std::string address_of(const http::Request& request) { return request.peer ? request.peer->address : std::string(); }

/// Requests that make much work weigh more.
std::int64_t cost_of(const http::Request& request) {
    const std::string_view target = request.target;
    if (target.find_first_of("$_") == std::string_view::npos) return 1;
    for (const std::string_view dear : {"$everything", "$match", "$export", "_include", "_revinclude", "_has"})
        if (target.find(dear) != std::string_view::npos) return 5;
    return 1;
}

http::Response too_many(std::int64_t seconds) {
    auto response = http::outcome_response(429, "throttled", "Too many requests; try again later");
    response.headers.add("Retry-After", std::to_string(seconds));
    return response;
}

/// A reason for overriding labels: short plain text; nothing else is taken.
bool is_reason(std::string_view text) {
    constexpr std::size_t bytes_max = 200;
    if (text.size() < 5 || text.size() > bytes_max) return false;
    for (const char c : text)
        if (c < ' ' || c > '~') return false;
    return true;
}

}  // namespace

Authentication::Finding Authentication::by_bearer(const http::Request& request, std::string_view bearer,
                                                  bool may_block) const {
    using security::Principal;
    // Off the connection's strand (may_block) what it showed may not be touched.
    http::ShownBearer* const shown = request.peer && !may_block ? &request.peer->shown : nullptr;
    const auto generation = identities_.tokens.generation();
    const auto now_s = identities_.clock.now_us() / 1'000'000;
    if (shown && shown->principal && shown->generation == generation && now_s < shown->until_s &&
        shown->bearer.size() == bearer.size() &&
        CRYPTO_memcmp(shown->bearer.data(), bearer.data(), bearer.size()) == 0)  // a proxy may mix clients on it
        return shown->principal;
    const auto digest = security::sha256(bearer);
    const auto made = [&](Principal principal) {
        principal.address = address_of(request);
        principal.token = mark_of(digest);
        return std::make_shared<const Principal>(std::move(principal));
    };
    const auto ours = [&](Principal principal, std::int64_t until_s) {
        auto proved = made(std::move(principal));
        if (shown) *shown = {std::string(bearer), proved, generation, until_s};
        return proved;
    };
    if (!bearer.empty() && bearer.size() <= security::TokenService::bearer_bytes_max) {
        if (const auto* const one = identities_.tokens.find_operator(digest)) {
            Principal principal{Principal::Kind::operator_, one->first, {}};
            principal.rights = one->second.rights;
            return ours(std::move(principal), now_s + security::TokenService::life_s);
        }
        if (const auto token = identities_.tokens.find_digest(digest))
            return ours({Principal::Kind::client, token->client, {}, token->grant}, token->expires_s);
    }
    const Fault unknown{"expired", "The token is unknown, expired or revoked", ", error=\"invalid_token\"", {}};
    const auto& issuer = identities_.issuer.settings();
    if (!issuer.in_use()) return unknown;
    const auto found = may_block ? identities_.issuer.find_blocking(bearer) : identities_.issuer.find(bearer);
    if (!found) return MustWait{};
    if (const auto* const fault = std::get_if<security::TokenFault>(&*found)) {
        auto refused = unknown;
        refused.reason = text(*fault);
        return refused;
    }
    const auto& token = std::get<security::ExternalToken>(*found);
    return made({Principal::Kind::client,
                 token.user.empty() ? token.client : token.user + "@" + token.client,
                 {},
                 token.grant});
}

Authentication::Finding Authentication::by_certificate(const http::Request& request) const {
    using security::Principal;
    const bool known = request.peer && request.peer->certificate;
    if (!known) return PrincipalPtr();
    const auto& certificate = *request.peer->certificate;
    const auto& settings = identities_.tokens.settings();
    const auto names = [&](const std::vector<tls::Pin>& pins) {
        return std::any_of(pins.begin(), pins.end(), [&](const tls::Pin& pin) { return pin.matches(certificate); });
    };
    for (const auto& [id, one] : settings.operators)
        if (names(one.certificates)) {
            Principal principal{Principal::Kind::operator_, id, address_of(request)};
            principal.rights = one.rights;
            return std::make_shared<const Principal>(std::move(principal));
        }
    for (const auto& [id, client] : settings.clients)
        if (names(client.certificates))
            return std::make_shared<const Principal>(
                Principal{Principal::Kind::client, id, address_of(request),
                          std::make_shared<const security::Grant>(client.grant(client.scopes))});
    return PrincipalPtr();
}

Authentication::Finding Authentication::find(const http::Request& request, bool may_block) const {
    if (const auto header = request.headers.find("Authorization")) {
        if (header->size() <= scheme.size() || !http::equal_ignoring_case(header->substr(0, scheme.size()), scheme))
            return Fault{"login", "Only bearer tokens are understood", ", error=\"invalid_request\"", {}};
        return by_bearer(request, header->substr(scheme.size()), may_block);
    }
    auto shown = by_certificate(request);
    if (std::get<PrincipalPtr>(shown)) return shown;
    const bool loopback = !request.peer || request.peer->loopback;
    if (door_ == Door::operators) {
        if (loopback) return shown;
        return Fault{"login", "Operators show a key or a certificate", "", {}};
    }
    const bool open =
        request.path().ends_with("/metadata") || request.method == http::Method::options || door_ == Door::sockets;
    if (open) return shown;
    if (identities_.token_required || (!loopback && !identities_.anonymous_network))
        return Fault{"login", "A bearer token is required", "", {}};
    return shown;
}

http::Response Authentication::refuse(const http::Request& request, const Fault& fault) const {
    if (identities_.count) identities_.count("authentication.failed");
    // Who floods us with bad tokens must not fill the store with rows: ten a second tell enough.
    if (identities_.throttle.take("failed authentication", 1, 10) == 0) {
        security::AuditEntry entry;
        entry.at_us = identities_.clock.now_us();
        entry.principal = {security::Principal::Kind::client, "unknown", address_of(request)};
        entry.interaction = security::Interaction::operation;
        entry.operation = "authenticate";
        entry.status = 401;
        entry.outcome = fault.reason.empty() ? std::string(fault.text) : fault.reason;
        entry.correlation = request.id;
        (void)identities_.reads.record(entry);  // the answer is a refusal in any case
    }
    auto response = http::outcome_response(401, fault.code, fault.text);
    response.headers.add("WWW-Authenticate", fmt::format("Bearer realm=\"causeway\"{}", fault.parameters));
    return response;
}

std::optional<http::Response> Authentication::throttled(const http::Request& request, const Finding& finding) const {
    std::string key;
    std::int64_t own = 0;
    if (const auto* const principal = std::get_if<PrincipalPtr>(&finding); principal && *principal) {
        key = (*principal)->id;
        const auto& clients = identities_.tokens.settings().clients;
        if (const auto client = clients.find(key); client != clients.end()) own = client->second.requests_per_second;
    } else {
        key = "address " + address_of(request);
    }
    const auto wait = identities_.throttle.take(key, cost_of(request), own);
    if (wait == 0) return std::nullopt;
    if (identities_.count) identities_.count("throttled");
    return too_many(wait);
}

std::optional<http::Response> Authentication::admit(http::Request& request, const Finding& finding) const {
    if (const auto* const fault = std::get_if<Fault>(&finding)) return refuse(request, *fault);
    const auto* const principal = std::get_if<PrincipalPtr>(&finding);
    if (!principal || !*principal) return std::nullopt;
    request.principal = *principal;
    const auto reason = request.headers.find("X-Break-Glass");
    if (!reason) return std::nullopt;
    const auto& grant = (*principal)->grant;
    if (!grant || !grant->break_glass)
        return http::outcome_response(403, "forbidden", "This client may not override confidentiality labels");
    if (!is_reason(*reason))
        return http::outcome_response(400, "value", "X-Break-Glass holds a reason: 5 to 200 printable characters");
    auto urgent = std::make_shared<security::Principal>(**principal);
    urgent->purpose = *reason;
    request.principal = std::move(urgent);
    return std::nullopt;
}

std::optional<http::Response> Authentication::screen(http::Request& head) {
    const auto finding = find(head, false);
    if (auto slow_down = throttled(head, finding)) return slow_down;
    if (std::holds_alternative<MustWait>(finding)) return std::nullopt;  // handle() asks, when the body is there
    if (auto refused = admit(head, finding)) return refused;
    return inner_.screen(head);
}

void Authentication::go_on(http::Request request, const http::Reply& reply) {
    if (request.principal && !request.principal->purpose.empty()) {
        if (identities_.count) identities_.count("break_glass");
        ops::log::warning("security.break_glass", {{"client", request.principal->id}, {"request", request.id}});
    }
    inner_.handle(std::move(request), reply);
}

void Authentication::handle(http::Request request, http::Reply reply) {
    if (request.principal) return go_on(std::move(request), reply);  // screen() found who it is
    const auto finding = find(request, false);
    if (!std::holds_alternative<MustWait>(finding)) {
        if (auto refused = admit(request, finding)) return reply(std::move(*refused));
        return go_on(std::move(request), reply);
    }
    boost::asio::post(identities_.blocking, [this, request = std::move(request), reply]() mutable {
        const auto later = find(request, true);
        if (auto refused = admit(request, later)) return reply(std::move(*refused));
        go_on(std::move(request), reply);
    });
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
    if (const auto wait = throttle_.take("oauth " + address); wait != 0) return reply(too_many(wait));
    const auto done = [reply](security::TokenService::Answer answer) {
        reply(json(static_cast<unsigned>(answer.status), std::move(answer.body)));
    };
    const std::string path(request.path());
    if (path != "/oauth/token" && path != "/oauth/revoke" && path != "/oauth/introspect")
        return reply(json(404, R"({"error":"invalid_request"})"));
    // A client's keys may have to be fetched.
    boost::asio::post(blocking_, [this, path, body = std::move(request.body), address, done] {
        if (path == "/oauth/token") return tokens_.issue(body, address, done);
        if (path == "/oauth/revoke") return tokens_.revoke(body, address, done);
        tokens_.introspect(body, address, done);
    });
}

SmartConfigurationHandler::SmartConfigurationHandler(const Endpoints& endpoints) {
    if (endpoints.authorization_endpoint.empty()) {
        body_ = fmt::format(
            R"({{"token_endpoint":"{0}/oauth/token","revocation_endpoint":"{0}/oauth/revoke",)"
            R"("introspection_endpoint":"{0}/oauth/introspect","grant_types_supported":["client_credentials"],)"
            R"("token_endpoint_auth_methods_supported":["private_key_jwt"],)"
            R"("token_endpoint_auth_signing_alg_values_supported":["RS384","ES384"],)"
            R"("scopes_supported":["system/*.cruds"],"code_challenge_methods_supported":["S256"],)"
            R"("capabilities":["client-confidential-asymmetric","permission-v1","permission-v2"]}})",
            endpoints.origin);
        return;
    }
    // Who logs in, and which apps there are, the other server knows. Said here is what holds for its tokens at our doors.
    body_ = fmt::format(
        R"({{"authorization_endpoint":"{0}","token_endpoint":"{1}","grant_types_supported":["authorization_code"],)"
        R"("response_types_supported":["code"],"scopes_supported":["patient/*.cruds","user/*.cruds","system/*.cruds"],)"
        R"("code_challenge_methods_supported":["S256"],)"
        R"("capabilities":["launch-standalone","client-public","context-standalone-patient","permission-patient",)"
        R"("permission-user","permission-v1","permission-v2"]}})",
        endpoints.authorization_endpoint, endpoints.token_endpoint);
}

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
