#pragma once
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/exchange/delivery.hpp"
#include "gateway/exchange/partner.hpp"
#include "gateway/http/client.hpp"
#include "gateway/ops/clock.hpp"

namespace causeway::carriers {

/// One way to take a message to a partner, whole, and to bring back what it says. Used by one thread; keeps nothing of
/// a message.
class Carrier {
public:
    virtual ~Carrier() = default;
    /// Blocks for at most about the endpoint's timeout.
    virtual exchange::Carried carry_blocking(const exchange::Outgoing& message) = 0;
};

/// A request to a URL of an endpoint, by its certificates and within its time.
template <class Endpoint>
http::ClientRequest request_within(const Endpoint& endpoint, const std::string& url) {
    http::ClientRequest request;
    if (auto parsed = http::ClientUrl::parse(url)) request.url = std::move(*parsed);
    request.ca_file = endpoint.tls_ca;
    request.tls_certificate = endpoint.tls_certificate;
    request.tls_key = endpoint.tls_key;
    request.time_max = std::chrono::milliseconds(endpoint.timeout_ms);
    return request;
}

/// Null for a partner that is reached by MLLP, or not at all. `partner` and `clock` outlive the carrier.
std::unique_ptr<Carrier> make_carrier(const exchange::Partner& partner, const ops::Clock& clock);

/// What an HTTP answer other than a good one means for a message: what is not there now is tried again for ever, what is
/// refused is refused. Status 0: there was no answer.
exchange::Carried failure_of(const http::ClientAnswer& answer);

exchange::Carried carrying_failed(exchange::FailureClass failure, std::string reason, std::string answer = {});

}  // namespace causeway::carriers
