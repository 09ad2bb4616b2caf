#pragma once
#include "gateway/http/handler.hpp"
#include "gateway/security/token_service.hpp"

namespace causeway {

/// Stands before the FHIR handler: finds out who is behind a request (RFC 6750) before anything of its body is read.
/// A token that is no good is a 401 whatever is asked for; no token at all is one where tokens are required, except for
/// `metadata`, which tells clients where to get one.
class Authentication final : public http::Handler {
public:
    /// Both outlive it.
    Authentication(http::Handler& inner, security::TokenService& tokens, bool required)
        : inner_(inner), tokens_(tokens), required_(required) {}

    std::optional<http::Response> screen(const http::Request& head) override;
    void handle(http::Request request, http::Reply reply) override;

private:
    /// Sets the request's principal; an answer where the request ends here.
    std::optional<http::Response> authenticate(http::Request& request);

    http::Handler& inner_;
    security::TokenService& tokens_;
    bool required_;
};

/// POST /oauth/token, /oauth/revoke, /oauth/introspect.
class OauthHandler final : public http::Handler {
public:
    explicit OauthHandler(security::TokenService& tokens) : tokens_(tokens) {}
    void handle(http::Request request, http::Reply reply) override;

private:
    security::TokenService& tokens_;
};

/// GET [base]/.well-known/smart-configuration: what of SMART works here (SMART App Launch 2.2, "Conformance"), to
/// everyone.
class SmartConfigurationHandler final : public http::Handler {
public:
    explicit SmartConfigurationHandler(const std::string& origin);
    void handle(http::Request request, http::Reply reply) override;

private:
    std::string body_;
};

}  // namespace causeway
