#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "gateway/rest/body.hpp"
#include "gateway/storage/resource.hpp"

namespace causeway::rest {

/// A request body of any other type than FHIR's, posted or put to Binary: the resource that holds it.
Outcome<ResourceBody> binary_body(const Call& call);

/// A Binary in its own content type, for a client whose Accept does not name a FHIR type.
Outcome<http::Response> binary_response(const Call& call, const storage::StoredResource& resource);

/// nullopt for what is not base64. White space may stand anywhere.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace causeway::rest
