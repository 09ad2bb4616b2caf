#pragma once
#include <string_view>

namespace causeway::fhir::r4 {

/// The name of a member that R4 has anywhere ("family", "valueQuantity", "resourceType"), in its frame: see FramedName.
/// Empty if there is none. The same text each time, so that two names given by this are one if their addresses are.
std::string_view framed_name(std::string_view name);

}  // namespace causeway::fhir::r4
