#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "fhir/validate/validate.hpp"

namespace causeway::test {

/// One line of a cases file: {"name", "resource", "errors": ["rule @ expression", ...]} and, where it matters,
/// "profile", "define" (definitions added before), "warnings" and "infos" that must be there, "nowarnings" that must
/// not.
struct CaseResult {
    std::string name;
    std::string fault;  ///< empty: passed
};

/// Exact both ways for errors: each one expected is found, and no other is.
std::vector<CaseResult> run_validation_cases(const std::filesystem::path& file);

}  // namespace causeway::test
