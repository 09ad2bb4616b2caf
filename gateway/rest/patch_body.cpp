#include "gateway/rest/patch_body.hpp"

#include "fhir/json/json.hpp"
#include "fhir/xml/xml.hpp"
#include "gateway/rest/binary.hpp"

namespace causeway::rest {
namespace {

using fhir::IssueCode;

Outcome<void> take_parameters(fhir::DocumentPtr document, WriteStep& step) {
    if (document->resource_type() != "Parameters")
        return fault(400, IssueCode::structure, "A FHIRPath Patch is a Parameters resource");
    step.patch = std::move(document);
    return {};
}

Outcome<void> take(const Services& services, BodyType type, std::string bytes, WriteStep& step) {
    fhir::Limits limits;
    limits.depth_max = services.settings.json_depth_max;
    limits.elements_max = services.settings.elements_max;
    switch (type) {
        case BodyType::json_patch: {
            auto parsed = fhir::parse_json(std::move(bytes), limits);
            if (parsed.has_error()) return fault_of(parsed.error());
            if (!(*parsed)->root().is_array())
                return fault(400, IssueCode::structure, "A JSON Patch is an array of operations");
            step.patch = std::move(*parsed);
            return {};
        }
        case BodyType::xml_patch: {
            auto parsed = fhir::XmlPatch::parse(std::move(bytes), limits);
            if (parsed.has_error()) return fault_of(parsed.error());
            step.xml_patch = std::move(*parsed);
            return {};
        }
        case BodyType::json:
        case BodyType::xml: {
            auto parsed = type == BodyType::xml ? fhir::parse_xml(std::move(bytes), limits)
                                                : fhir::parse_json(std::move(bytes), limits);
            if (parsed.has_error()) return fault_of(parsed.error());
            return take_parameters(std::move(*parsed), step);
        }
        default:
            return fault(415, IssueCode::not_supported,
                         "A patch is taken as application/json-patch+json, as application/xml-patch+xml or as a FHIR "
                         "Parameters resource");
    }
}

}  // namespace

Outcome<void> read_patch(const Services& services, const Call& call, WriteStep& step) {
    if (call.document) return read_patch(services, call.document, step);
    const auto type = body_type(call.request);
    if (type.has_error()) return type.error();
    return take(services, *type, call.request.body, step);
}

Outcome<void> read_patch(const Services& services, const fhir::DocumentPtr& resource, WriteStep& step) {
    if (resource->resource_type() == "Parameters") return take_parameters(resource, step);
    if (resource->resource_type() != "Binary")
        return fault(422, IssueCode::not_supported,
                     "A patch in a bundle is a Parameters resource (FHIRPath Patch), or a Binary that holds a JSON or "
                     "XML Patch");
    const fhir::Element root = resource->root();
    auto bytes = from_base64(root["data"].text());
    if (!bytes) return fault(400, IssueCode::value, "The Binary's data is not base64", "Binary.data");
    http::Request part;
    part.headers.add("Content-Type", root["contentType"].text());
    const auto type = body_type(part);
    if (type.has_error()) return type.error();
    return take(services, *type, std::move(*bytes), step);
}

}  // namespace causeway::rest
