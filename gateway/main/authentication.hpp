#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <variant>

#include "gateway/http/handler.hpp"
#include "gateway/security/audit.hpp"
#include "gateway/security/external_issuer.hpp"
#include "gateway/security/throttle.hpp"
#include "gateway/security/token_service.hpp"

namespace causeway {

/// Everything that can say who is behind a request; one for all doors. What it points to outlives it.
struct Identities {
    security::TokenService& tokens;
    security::ExternalIssuer& issuer;
    security::Throttle& throttle;
    security::ReadAudit& reads;
    const ops::Clock& clock;
    boost::asio::any_io_executor blocking;  ///< where the external server is asked
    bool token_required = false;
    bool anonymous_network = false;
    /// Called with what happened: "authentication.failed", "throttled", "break_glass". For counters.
    std::function<void(std::string_view event)> count = {};
};

/// Stands before a handler: finds out who is behind a request before anything of its body is read. In this order: a
/// bearer token or API key (RFC 6750), a certificate of the TLS connection, the machine it comes from.
///
/// A token that is no good is a 401 whatever is asked for. Who shows nothing is served where no token is required, from
/// this machine; from elsewhere only if the configuration says so. `metadata` tells everyone where to get a token.
/// Each client has so many requests a second; more are a 429. Failed attempts leave audit rows, as many as are useful.
class Authentication final : public http::Handler {
public:
    /// At `sockets` a client may show nothing: a page's handshake cannot, and says later who it is (a binding token).
    enum class Door { fhir, operators, sockets };
    /// Both outlive it.
    Authentication(http::Handler& inner, Identities& identities, Door door = Door::fhir)
        : inner_(inner), identities_(identities), door_(door) {}

    std::optional<http::Response> screen(http::Request& head) override;
    void handle(http::Request request, http::Reply reply) override;

private:
    using PrincipalPtr = std::shared_ptr<const security::Principal>;
    struct MustWait {};
    struct Fault {
        std::string_view code, text, parameters;  ///< of the outcome and of the challenge
        std::string reason;                       ///< for the audit row
    };
    /// Null: nobody, and that is allowed here.
    using Finding = std::variant<PrincipalPtr, Fault, MustWait>;

    Finding find(const http::Request& request, bool may_block) const;
    Finding by_bearer(const http::Request& request, std::string_view bearer, bool may_block) const;
    Finding by_certificate(const http::Request& request) const;
    std::optional<http::Response> admit(http::Request& request, const Finding& finding) const;
    std::optional<http::Response> throttled(const http::Request& request, const Finding& finding) const;
    http::Response refuse(const http::Request& request, const Fault& fault) const;
    void go_on(http::Request request, const http::Reply& reply);

    http::Handler& inner_;
    Identities& identities_;
    const Door door_;
};

/// POST /oauth/token, /oauth/revoke, /oauth/introspect.
class OauthHandler final : public http::Handler {
public:
    OauthHandler(security::TokenService& tokens, security::Throttle& throttle, boost::asio::any_io_executor blocking)
        : tokens_(tokens), throttle_(throttle), blocking_(std::move(blocking)) {}
    void handle(http::Request request, http::Reply reply) override;

private:
    security::TokenService& tokens_;
    security::Throttle& throttle_;
    boost::asio::any_io_executor blocking_;
};

/// GET [base]/.well-known/smart-configuration: what of SMART works here (SMART App Launch 2.2, "Conformance"), to
/// everyone. With an external authorisation server for app launch its endpoints are told; else ours.
class SmartConfigurationHandler final : public http::Handler {
public:
    struct Endpoints {
        std::string origin;                                  ///< ours
        std::string authorization_endpoint, token_endpoint;  ///< the other server's; empty: no app launch
    };
    explicit SmartConfigurationHandler(const Endpoints& endpoints);
    void handle(http::Request request, http::Reply reply) override;

private:
    std::string body_;
};

}  // namespace causeway
