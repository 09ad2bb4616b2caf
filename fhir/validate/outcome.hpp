#pragma once
#include <span>
#include <string>
#include <string_view>

#include "fhir/issue.hpp"
#include "fhir/result.hpp"

namespace causeway::fhir {

/// The codes as http://hl7.org/fhir/issue-severity and http://hl7.org/fhir/issue-type have them.
std::string_view code_of(Severity severity) noexcept;
std::string_view code_of(IssueCode code) noexcept;

/// Appends an OperationOutcome in JSON. Without issues it says that there are none.
void write_outcome(std::span<const Issue> issues, std::string& json_out);
std::string to_outcome(std::span<const Issue> issues);

/// A text that could not be read, as an issue: with line and column in its text.
Issue issue_of(const Error& error);

/// True if one of them is an error or fatal.
bool has_error(std::span<const Issue> issues) noexcept;

}  // namespace causeway::fhir
