#pragma once
#include <string>
#include <string_view>

namespace causeway::fhir {

/// Text as a part of a URI (RFC 3986, section 2.1): all but unreserved characters and those of `kept` becomes %XX.
std::string percent_encoded(std::string_view text, std::string_view kept = {});

}  // namespace causeway::fhir
