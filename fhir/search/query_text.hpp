#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::fhir::search {

/// Cuts at every separator that no backslash stands before. Escapes stay in the parts.
std::vector<std::string_view> split_escaped(std::string_view text, char separator);

/// Undoes `\,` `\$` `\|` `\\`. Empty for any other escape.
std::optional<std::string> unescape(std::string_view text);

}  // namespace causeway::fhir::search
