#pragma once
#include <string_view>

namespace causeway::mappings {

/// mappings/tables/zones.tsv: IANA name, tab, POSIX rule.
std::string_view zones_text();

}  // namespace causeway::mappings
