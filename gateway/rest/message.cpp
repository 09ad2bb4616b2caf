#include "gateway/rest/message.hpp"

#include "fhir/json/json.hpp"
#include "fhir/model/builder.hpp"
#include "fhir/model/reference.hpp"
#include "fhir/r4/tables.hpp"
#include "fhir/search/parameters.hpp"
#include "fhir/search/query.hpp"
#include "fhir/validate/outcome.hpp"
#include "gateway/rest/answer.hpp"
#include "gateway/rest/operations.hpp"
#include "gateway/rest/transaction.hpp"

namespace causeway::rest {
namespace {

using fhir::Element;
using fhir::IssueCode;

Fault wrong(IssueCode code, std::string text, std::string expression) {
    return fault(400, code, std::move(text), std::move(expression));
}

/// The id under which the header is kept: its own, or the UUID of its fullUrl.
std::string header_id(Element entry) {
    const std::string_view id = entry["resource"]["id"].text();
    if (fhir::is_fhir_id(id)) return std::string(id);
    std::string_view url = entry["fullUrl"].text();
    if (url.starts_with("urn:uuid:")) url.remove_prefix(9);
    return fhir::is_fhir_id(url) ? std::string(url) : std::string();
}

/// `identifier=system|value` of the first identifier that has both, with the query's own characters escaped.
std::string identity_of(Element resource) {
    if (!fhir::search::find_parameter(resource.resource_type(), "identifier")) return {};
    const auto escaped = [](std::string_view text) {
        std::string out;
        for (const char c : text) {
            if (c == ',' || c == '$' || c == '|' || c == '\\') out += '\\';
            out += c;
        }
        return out;
    };
    for (const Element one : resource["identifier"].items()) {
        const std::string_view system = one["system"].text(), value = one["value"].text();
        if (system.empty() || value.empty()) continue;
        const std::pair<std::string, std::string> parameter{"identifier", escaped(system) + "|" + escaped(value)};
        return fhir::search::encode_query({&parameter, 1});
    }
    return {};
}

/// The id in a fullUrl that names a resource of this server.
std::string own_id(const Call& call, std::string_view full_url, std::string_view type) {
    const auto url = fhir::ReferenceUrl::parse(full_url);
    const bool ours = url.kind == fhir::ReferenceUrl::Kind::absolute && url.base == call.base + "/" && url.type == type;
    return ours ? std::string(url.id) : std::string();
}

/// What the message asks for as a transaction.
Outcome<fhir::DocumentPtr> transaction_of(const Call& call, Element message) {
    fhir::DocumentBuilder builder("Bundle");
    builder.root().member("type").set_string("transaction");
    std::size_t index = 0;
    for (const Element entry : message["entry"].items()) {
        const Element resource = entry["resource"];
        const std::string place = "Bundle.entry[" + std::to_string(index) + "].resource";
        if (!resource) return wrong(IssueCode::required, "An entry of a message has a resource", place);
        const std::string type(resource.resource_type());
        if (!fhir::r4::is_resource_type(type))
            return wrong(IssueCode::structure, "The entry's resource is of no type of R4", place);
        std::string id = index == 0 ? header_id(entry) : own_id(call, entry["fullUrl"].text(), type);
        const std::string identity = id.empty() ? identity_of(resource) : std::string();
        fhir::MutableElement made = builder.root().append("entry");
        if (const std::string_view url = entry["fullUrl"].text(); !url.empty()) made.member("fullUrl").set_string(url);
        fhir::MutableElement copy = made.member("resource");
        copy.copy_from(resource);
        if (id.empty())
            copy.remove("id");
        else
            copy.member("id").set_string(id);
        fhir::MutableElement request = made.member("request");
        request.member("method").set_string(id.empty() && identity.empty() ? "POST" : "PUT");
        request.member("url").set_string(!id.empty()         ? type + "/" + id
                                         : !identity.empty() ? type + "?" + identity
                                                             : type);
        if (index == 0) request.member("ifNoneMatch").set_string("*");
        ++index;
    }
    return std::move(builder).finish();
}

/// The message that answers `header`.
std::string response_message(const Services& services, const Call& call, Element header, const std::string& id,
                             std::string_view code, const fhir::Issues* issues) {
    const std::string own = services.store.new_id(), outcome = services.store.new_id();
    std::string json = R"({"resourceType":"Bundle","id":")" + services.store.new_id() +
                       R"(","type":"message","timestamp":")" + instant(call.now_us) +
                       R"(","entry":[{"fullUrl":"urn:uuid:)" + own +
                       R"(","resource":{"resourceType":"MessageHeader","id":")" + own + "\",";
    if (header["eventUri"]) {
        json += R"("eventUri":)";
        fhir::append_json_string(header["eventUri"].text(), json);
    } else {
        json += R"("eventCoding":)" + fhir::to_json(header["eventCoding"]);
    }
    if (const std::string_view endpoint = header["source"]["endpoint"].text(); !endpoint.empty()) {
        json += R"(,"destination":[{"endpoint":)";
        fhir::append_json_string(endpoint, json);
        json += "}]";
    }
    json += R"(,"source":{"name":"Causeway","endpoint":)";
    fhir::append_json_string(call.base + "/$process-message", json);
    json += R"(},"response":{"identifier":")" + id + R"(","code":")" + std::string(code) + "\"";
    if (issues) json += R"(,"details":{"reference":"urn:uuid:)" + outcome + "\"}";
    json += "}}}";
    if (issues) {
        json += R"(,{"fullUrl":"urn:uuid:)" + outcome + R"(","resource":)";
        fhir::write_outcome(*issues, json);
        json += "}";
    }
    return json + "]}";
}

/// Was this very message stored before, by the same sender?
Outcome<bool> seen_before(const Services& services, Element header, const std::string& id) {
    auto snapshot = services.store.snapshot();
    if (snapshot.has_error()) return fault_of(snapshot.error());
    auto stored = (*snapshot)->read("MessageHeader", id);
    if (stored.has_error()) return fault_of(stored.error());
    if (!*stored || (*stored)->erased()) return {boost::system::in_place_value, false};
    const auto document = fhir::parse_json((*stored)->json());
    if (document.has_error()) return fault_of(document.error());
    const bool same = (*document)->root()["source"]["endpoint"].text() == header["source"]["endpoint"].text();
    return {boost::system::in_place_value, same};
}

}  // namespace

void process_message(const Services& services, CallPtr call, fhir::DocumentPtr bundle, Answer answer) {
    const Element message = bundle->root();
    if (bundle->resource_type() != "Bundle" || message["type"].text() != "message")
        return answer(wrong(IssueCode::invalid, "A message is a Bundle of type message", "Bundle.type"));
    const Element first = message["entry"].item(0);
    const Element header = first["resource"];
    if (header.resource_type() != "MessageHeader")
        return answer(wrong(IssueCode::structure, "The first entry of a message is its MessageHeader",
                            "Bundle.entry[0].resource"));
    const std::string id = header_id(first);
    if (id.empty())
        return answer(wrong(IssueCode::required, "The MessageHeader has an id, or a fullUrl that is a UUID",
                            "Bundle.entry[0].resource.id"));
    if (header["response"])
        return answer(fault(422, IssueCode::not_supported, "Answers to messages are not taken here",
                            "Bundle.entry[0].resource.response"));
    if (const auto known = seen_before(services, header, id); known.has_error())
        return answer(known.error());
    else if (*known)
        return answer(json_response(call->format, 200, response_message(services, *call, header, id, "ok", nullptr)));
    auto transaction = transaction_of(*call, message);
    if (transaction.has_error()) return answer(transaction.error());
    auto inner = std::make_shared<Call>(*call);
    inner->route = {};
    inner->prefer = {};
    inner->parameters.clear();
    inner->document = nullptr;
    run_transaction(services, inner, std::move(*transaction),
                    [&services, call, bundle, id, answer](Outcome<http::Response> outcome) {
                        const Element asked = bundle->root()["entry"].item(0)["resource"];
                        if (outcome)
                            return answer(json_response(call->format, 200,
                                                        response_message(services, *call, asked, id, "ok", nullptr)));
                        const Fault& refused = outcome.error();
                        // Two at once: the other one has just processed it.
                        if (refused.status == 412)
                            if (const auto known = seen_before(services, asked, id); known && *known)
                                return answer(json_response(
                                    call->format, 200, response_message(services, *call, asked, id, "ok", nullptr)));
                        const std::string_view code =
                            refused.status >= 500 || refused.status == 429 ? "transient-error" : "fatal-error";
                        http::Response response =
                            json_response(call->format, refused.status,
                                          response_message(services, *call, asked, id, code, &refused.issues));
                        for (std::size_t i = 0; i < refused.headers.size(); ++i)
                            response.headers.add(refused.headers.name(i), refused.headers.value(i));
                        answer(std::move(response));
                    });
}

void add_message_operation(Operations& operations) {
    Operation one;
    one.name = "process-message";
    one.definition = "http://hl7.org/fhir/OperationDefinition/MessageHeader-process-message";
    one.at_system = true;
    one.affects_state = true;
    operations.add(one, [](const Services& services, CallPtr call, fhir::DocumentPtr body, Answer answer) {
        if (const std::string_view async = input(*call, body, "async"); !async.empty() && async != "false")
            return answer(fault(400, IssueCode::not_supported, "Messages are answered at once here, not later"));
        const Element content = input_resource(body, "content");
        if (!content) return answer(fault(400, IssueCode::required, "There is no message to process"));
        if (body->resource_type() == "Bundle")
            return process_message(services, std::move(call), body, std::move(answer));
        fhir::DocumentBuilder builder("Bundle");
        builder.root().copy_from(content);
        process_message(services, std::move(call), std::move(builder).finish(), std::move(answer));
    });
}

}  // namespace causeway::rest
