#pragma once
#include <string_view>

namespace causeway::fhir {

/// The expression to run for an invariant of R4: as published, or repaired where the published one says something else
/// than its rule. docs/fhir-validation.md lists them.
std::string_view repaired(std::string_view key, std::string_view path, std::string_view expression) noexcept;

}  // namespace causeway::fhir
