#include "gateway/rest/body.hpp"

#include "fhir/json/json.hpp"
#include "fhir/json/room.hpp"
#include "fhir/xml/xml.hpp"
#include "gateway/rest/binary.hpp"

namespace causeway::rest {

using fhir::IssueCode;

Outcome<ResourceBody> read_body(const Services& services, const Call& call) {
    ResourceBody body;
    if (call.document) {
        body.document = call.document;
    } else {
        const auto type = body_type(call.request);
        if (type.has_error()) return type.error();
        if (call.request.body.empty()) return fault(400, IssueCode::invalid, "The request has no body");
        fhir::Limits limits;
        limits.depth_max = services.settings.json_depth_max;
        limits.elements_max = services.settings.elements_max;
        const bool xml = *type == BodyType::xml || (*type == BodyType::none && call.request.body.starts_with('<'));
        if (!xml && *type != BodyType::json && *type != BodyType::none) {
            if (call.route.type == "Binary" && call.route.kind != Route::Kind::operation) return binary_body(call);
            return fault(415, IssueCode::not_supported,
                         "A resource is taken as application/fhir+json or application/fhir+xml");
        }
        std::string text;  // the parser decodes in place
        text.reserve(call.request.body.size() + fhir::json_padding_bytes);
        text += call.request.body;
        auto parsed = xml ? fhir::parse_xml(std::move(text), limits) : fhir::parse_json(std::move(text), limits);
        if (parsed.has_error()) return fault_of(parsed.error());
        body.document = std::move(*parsed);
        if (!xml) body.json = call.request.body;
    }
    if (body.document->resource_type().empty())
        return fault(400, IssueCode::structure, "The body is not a FHIR resource: resourceType is missing");
    return body;
}

}  // namespace causeway::rest
