#pragma once
#include "gateway/carriers/carrier.hpp"

namespace causeway::carriers {

/// POSTs each message to a URL.
///
/// HL7 v2 (`application/hl7-v2+er7`): the body of the answer is the acknowledgement, whatever the status says; without
/// one the status decides. SCRIPT: Status and Verify take it, Error refuses it.
class HttpCarrier final : public Carrier {
public:
    HttpCarrier(exchange::HttpEndpoint endpoint, exchange::AcknowledgementMode mode)
        : endpoint_(std::move(endpoint)), mode_(mode) {}
    exchange::Carried carry_blocking(const exchange::Outgoing& message) override;

private:
    exchange::Carried answer_to_script(const http::ClientAnswer& answer) const;

    exchange::HttpEndpoint endpoint_;
    exchange::AcknowledgementMode mode_;
};

/// A request to the endpoint with everything but its body; also what `causeway partner check` begins with.
http::ClientRequest request_to(const exchange::HttpEndpoint& endpoint);

/// The first line of a small file, for secrets; empty if it cannot be read.
std::string secret_of(const std::string& file);

}  // namespace causeway::carriers
