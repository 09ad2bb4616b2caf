#pragma once
#include <string>
#include <string_view>

#include "mappings/engine/sha1.hpp"

namespace causeway::mappings {

/// Name-based UUID (RFC 9562, version 5) in the namespace of Causeway's identity keys: the same name, the same id, for
/// ever.
std::string uuid_of(std::string_view name);
/// The same behind `out`; `row`: see sha1().
void append_uuid(std::string_view name, std::string& out, Sha1Row* row = nullptr);

}  // namespace causeway::mappings
