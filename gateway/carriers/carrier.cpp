#include "gateway/carriers/carrier.hpp"

#include "gateway/carriers/directory.hpp"
#include "gateway/carriers/fhir_carrier.hpp"
#include "gateway/carriers/http_carrier.hpp"
#include "gateway/carriers/sftp.hpp"

namespace causeway::carriers {
namespace {

constexpr std::size_t kept_bytes_max = 64 * 1024;  // of an answer that was no acknowledgement

}  // namespace

std::unique_ptr<Carrier> make_carrier(const exchange::Partner& partner, const ops::Clock& clock) {
    if (partner.http) return std::make_unique<HttpCarrier>(*partner.http, partner.acknowledgement);
    if (partner.fhir) return std::make_unique<FhirCarrier>(*partner.fhir, clock);
    if (partner.directory && !partner.directory->out.empty())
        return std::make_unique<DirectoryCarrier>(*partner.directory);
    if (partner.sftp && !partner.sftp->out.empty()) return std::make_unique<SftpCarrier>(*partner.sftp);
    return nullptr;
}

exchange::Carried carrying_failed(exchange::FailureClass failure, std::string reason, std::string answer) {
    if (answer.size() > kept_bytes_max) answer.resize(kept_bytes_max);
    return {exchange::Carried::Kind::failed, std::move(answer), failure, std::move(reason)};
}

exchange::Carried failure_of(const http::ClientAnswer& answer) {
    using exchange::FailureClass;
    if (answer.status == 0) {
        const auto failure = answer.failure == "timeout" ? FailureClass::timeout : FailureClass::connection;
        return carrying_failed(failure, answer.failure.empty() ? "no answer" : answer.failure);
    }
    auto failure = answer.status >= 500 ? FailureClass::application : FailureClass::rejected;
    switch (answer.status) {
        case 408:
        case 425:
        case 429:
        case 502:
        case 503:
        case 504:
            failure = FailureClass::connection;
            break;
        case 401:
        case 403:
        case 407:
            failure = FailureClass::application;
            break;
        default:
            break;
    }
    return carrying_failed(failure, "HTTP " + std::to_string(answer.status), answer.body);
}

}  // namespace causeway::carriers
