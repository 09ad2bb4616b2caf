#pragma once
#include "gateway/carriers/carrier.hpp"
#include "gateway/carriers/oauth_client.hpp"

namespace causeway::carriers {

/// POSTs transaction Bundles to a FHIR server's base. The bundles say PUT, so that one that is sent twice has one
/// effect. A token that is refused is asked for anew, once.
class FhirCarrier final : public Carrier {
public:
    FhirCarrier(exchange::FhirEndpoint endpoint, const ops::Clock& clock)
        : endpoint_(std::move(endpoint)), clock_(clock), oauth_(endpoint_) {}
    exchange::Carried carry_blocking(const exchange::Outgoing& message) override;

private:
    http::ClientAnswer post_blocking(const std::string& bundle, const std::string& token) const;

    exchange::FhirEndpoint endpoint_;
    const ops::Clock& clock_;
    OauthClient oauth_;
};

/// A request to a path under the server's base ("/metadata"; empty: the base), without a token.
http::ClientRequest request_to(const exchange::FhirEndpoint& endpoint, std::string_view path);

}  // namespace causeway::carriers
