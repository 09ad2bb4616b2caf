#pragma once
#include <string>
#include <vector>

namespace causeway::fhir {

/// http://hl7.org/fhir/issue-severity
enum class Severity { information, warning, error, fatal };

/// http://hl7.org/fhir/issue-type, the codes we use, by their code with '-' as '_'.
enum class IssueCode {
    invalid,
    structure,
    required,
    value,
    invariant,
    security,
    login,
    unknown,
    expired,
    forbidden,
    suppressed,
    processing,
    not_supported,
    duplicate,
    multiple_matches,
    not_found,
    deleted,
    too_long,
    code_invalid,
    extension,
    too_costly,
    business_rule,
    conflict,
    transient,
    lock_error,
    no_store,
    exception,
    timeout,
    incomplete,
    throttled,
    informational
};

/// One fault of content, as it will stand in an OperationOutcome.
struct Issue {
    Severity severity = Severity::error;
    IssueCode code = IssueCode::invalid;
    std::string text;        ///< for people: what was found and what the rule wants; no clinical content
    std::string expression;  ///< FHIRPath with indexes from the resource root, `Patient.name[0].given[1]`
    std::string rule;        ///< which rule: an invariant's key, a profile's URL, "structure"; may be empty
};
using Issues = std::vector<Issue>;

}  // namespace causeway::fhir
