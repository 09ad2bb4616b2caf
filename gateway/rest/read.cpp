#include "gateway/rest/read.hpp"

#include "gateway/rest/answer.hpp"
#include "gateway/rest/binary.hpp"
#include "gateway/rest/capabilities.hpp"
#include "gateway/rest/operations.hpp"

namespace causeway::rest {
namespace {

using fhir::IssueCode;

Fault unknown() { return fault(404, IssueCode::not_found, "There is no resource of this type with this id"); }

Fault gone(const storage::VersionInfo& version) {
    Fault made = fault(410, IssueCode::deleted, "The resource was deleted");
    made.headers.add("ETag", etag(version.number));
    made.headers.add("Last-Modified", http_date(version.at_us));
    return made;
}

/// RFC 9110, 13.2.2: If-None-Match decides alone if it is there.
bool not_modified(const http::Headers& headers, const storage::VersionInfo& version) {
    if (const auto tags = headers.find("If-None-Match")) return etag_matches(*tags, version.number);
    if (const auto since = headers.find("If-Modified-Since")) {
        const auto at = parse_http_date_us(*since);
        return at && version.at_us / 1'000'000 * 1'000'000 <= *at;
    }
    return false;
}

Outcome<http::Response> answer_read(storage::Reader& reader, const Call& call, const storage::StoredResource& resource,
                                    const Fault& hidden) {
    if (call.visibility) {
        auto seen = reader.sees(*call.visibility, resource);
        if (seen.has_error()) return fault_of(seen.error());
        if (!*seen) return hidden;
    }
    if (resource.erased()) return gone(resource.version);
    if (not_modified(call.request.headers, resource.version)) {
        http::Response response;
        response.status = 304;
        add_version_headers(response, resource.version);
        return response;
    }
    if (resource.type == "Binary" && !call.format.stated) return binary_response(call, resource);
    return resource_response(call, 200, resource);
}

}  // namespace

Outcome<http::Response> read(const Services& services, storage::Reader& reader, const Call& call) {
    auto found = reader.read(call.route.type, call.route.id);
    if (found.has_error()) return fault_of(found.error());
    if (!*found && call.route.type == "OperationDefinition")
        if (std::string json = operation_definition(services.operations, call.route.id); !json.empty())
            return json_response(call.format, 200, std::move(json));
    if (!*found) return unknown();
    return answer_read(reader, call, **found, unknown());
}

Outcome<http::Response> vread(const Services&, storage::Reader& reader, const Call& call) {
    const auto number = version_in_etag(call.route.version);
    if (!number) return fault(404, IssueCode::not_found, "There is no such version of the resource");
    auto found = reader.read_version(call.route.type, call.route.id, *number);
    if (found.has_error()) return fault_of(found.error());
    const Fault missing = fault(404, IssueCode::not_found, "There is no such version of the resource");
    if (!*found) return missing;
    return answer_read(reader, call, **found, missing);
}

}  // namespace causeway::rest
