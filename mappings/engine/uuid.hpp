#pragma once
#include <string>
#include <string_view>

namespace causeway::mappings {

/// Name-based UUID (RFC 9562, version 5) in the namespace of Causeway's identity keys: the same name, the same id, for
/// ever.
std::string uuid_of(std::string_view name);
/// The same behind `out`.
void append_uuid(std::string_view name, std::string& out);

}  // namespace causeway::mappings
