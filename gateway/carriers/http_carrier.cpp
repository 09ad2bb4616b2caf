#include "gateway/carriers/http_carrier.hpp"

#include <fstream>

#include "gateway/exchange/answer.hpp"
#include "gateway/exchange/cds_hooks.hpp"
#include "gateway/exchange/script/script_answer.hpp"

namespace causeway::carriers {

std::string secret_of(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    std::string line;
    std::getline(stream, line);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    return line;
}

http::ClientRequest request_to(const exchange::HttpEndpoint& endpoint) {
    auto request = request_within(endpoint, endpoint.url);
    request.method = "POST";
    request.answer_bytes_max = std::size_t{16} << 20;
    const bool script = endpoint.format == "script", cds = endpoint.format == "cds-hooks";
    request.headers.emplace_back("Content-Type", script ? "application/xml; charset=utf-8"
                                                 : cds  ? "application/json"
                                                        : "application/hl7-v2+er7; charset=utf-8");
    request.headers.emplace_back("Accept", script ? "application/xml"
                                           : cds  ? "application/json"
                                                  : "application/hl7-v2+er7");
    if (!endpoint.authorization_file.empty())
        request.headers.emplace_back("Authorization", secret_of(endpoint.authorization_file));
    return request;
}

exchange::Carried HttpCarrier::carry_blocking(const exchange::Outgoing& message) {
    using Kind = exchange::Carried::Kind;
    auto request = request_to(endpoint_);
    request.body = message.message;
    const auto answer = http::fetch_blocking(request);
    if (answer.status == 0) return failure_of(answer);
    if (endpoint_.format == "script") return answer_to_script(answer);
    if (endpoint_.format == "cds-hooks") {
        if (answer.status >= 300) return failure_of(answer);
        if (exchange::cds::read_cards(answer.body)) return {Kind::taken, answer.body, {}, {}};
        return carrying_failed(exchange::FailureClass::bad_answer, "the answer has no cards");
    }
    if (exchange::read_answer(answer.body)) return {Kind::answered, answer.body, {}, {}};
    if (answer.status >= 300) return failure_of(answer);
    if (mode_ == exchange::AcknowledgementMode::none) return {Kind::taken, {}, {}, {}};
    return carrying_failed(exchange::FailureClass::bad_answer, "the answer is no acknowledgement", answer.body);
}

exchange::Carried HttpCarrier::answer_to_script(const http::ClientAnswer& answer) const {
    using exchange::FailureClass;
    using Kind = exchange::Carried::Kind;
    const auto said = exchange::script::read_answer(answer.body);
    if (!said) {
        if (answer.status >= 300) return failure_of(answer);
        return carrying_failed(FailureClass::bad_answer, "the answer is no Status, Error or Verify", answer.body);
    }
    if (said->accepted) return {Kind::taken, answer.body, {}, {}};
    // 600: the network could not pass it on, which may be otherwise later; everything else is said of the message.
    const auto failure = said->code == "600" ? FailureClass::application : FailureClass::rejected;
    return carrying_failed(failure, "Error " + said->code, answer.body);
}

}  // namespace causeway::carriers
