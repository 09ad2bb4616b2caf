#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hl7v2/acknowledge.hpp"

namespace causeway::hl7v2 {

/// Which kind of rule a message breaks.
enum class ValidationRule : std::uint8_t {
    syntax,     ///< the encoding rules: what only a Tolerance lets be read, and bytes that are not of the character set
    message,    ///< MSH names no message, version or profile that is known, or another than it is checked by
    structure,  ///< segments or groups missing, out of order, too many, not in the structure
    required,   ///< a required value is missing
    not_used,   ///< a value at a place that is withdrawn or, by a profile, not to be used
    cardinality,  ///< more repetitions, or fewer, than allowed
    length,       ///< a value too long or too short
    datatype,     ///< the text is not one of its data type, or has parts the type does not have
    table,        ///< the code is not in the table
    constant,     ///< a profile wants another value
    escape,       ///< an escape sequence that the standard does not have
    assertion,    ///< a profile's own rule
};
std::string_view name(ValidationRule rule) noexcept;  ///< `required`

/// One thing a message has against it, with its place. Holds no value of the message: paths, sizes, names only.
struct ValidationIssue {
    ValidationRule rule;
    Severity severity = Severity::error;
    ErrorCode code = ErrorCode::application_error;  ///< table 0357
    std::string segment;                            ///< `PID`; empty if the issue has no place
    std::uint32_t segment_sequence = 0;             ///< which segment of that name
    Position position = {};
    std::size_t offset = 0;  ///< byte in the message: of the value, or where it is missed
    std::string text;        ///< for people, one sentence without a full stop
    std::string source;      ///< `2.5.1`, or the profile with its line: `elr-2.5.1:42`

    /// `PID-3(2).4`, `OBX(3)-5`, `PID`; empty without a place.
    std::string path() const;
};

/// True if one of them is an error or fatal.
bool has_error(std::span<const ValidationIssue> issues) noexcept;

/// For ERR segments: acknowledge() writes them. They borrow from `issues`.
std::vector<ErrEntry> err_entries(std::span<const ValidationIssue> issues);

/// How the issue stands in a FHIR OperationOutcome: `error`, `warning`, `information`, `fatal`, and a code of
/// http://hl7.org/fhir/issue-type (`required`, `code-invalid`, ...).
std::string_view outcome_severity(const ValidationIssue& issue) noexcept;
std::string_view outcome_code(const ValidationIssue& issue) noexcept;

}  // namespace causeway::hl7v2
