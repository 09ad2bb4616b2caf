#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "gateway/rest/call.hpp"

namespace causeway::rest {

/// `W/"3"`
std::string etag(std::int64_t version);
/// The number in `W/"3"` or `"3"`; nullopt if it is not a version of ours.
std::optional<std::int64_t> version_in_etag(std::string_view text);
/// Is `version` one of the comma-separated tags, or is the header `*`?
bool etag_matches(std::string_view header, std::int64_t version);
/// IMF-fixdate of RFC 9110, whole seconds.
std::string http_date(std::int64_t at_us);
std::optional<std::int64_t> parse_http_date_us(std::string_view text);
std::string instant(std::int64_t at_us);

/// The text of a resource in the format that was negotiated. Compact JSON passes through untouched. A resource that XML
/// cannot hold is a 406.
Outcome<std::string> render(const Format& format, std::string json);

/// Any resource as an answer: OperationOutcome, Parameters, Bundle ...
http::Response json_response(const Format& format, unsigned status, std::string json);
/// A stored version with ETag and Last-Modified, cut down by `_summary` and `_elements` if the call asks for it.
Outcome<http::Response> resource_response(const Call& call, unsigned status, const storage::StoredResource& resource);
http::Response fault_response(const Format& format, const Fault& fault);

/// ETag and Last-Modified.
void add_version_headers(http::Response& response, const storage::VersionInfo& version);
/// `[base]/Type/id/_history/vid`
std::string version_url(std::string_view base, std::string_view type, std::string_view id, std::int64_t version);

/// The last value of a URL parameter; empty if it is not there.
std::string_view parameter(const Call& call, std::string_view name);

}  // namespace causeway::rest
