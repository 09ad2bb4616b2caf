#include "hl7v2/validate/issue.hpp"

#include <algorithm>

namespace causeway::hl7v2 {

std::string_view name(ValidationRule rule) noexcept {
    switch (rule) {
        case ValidationRule::syntax:
            return "syntax";
        case ValidationRule::message:
            return "message";
        case ValidationRule::structure:
            return "structure";
        case ValidationRule::required:
            return "required";
        case ValidationRule::not_used:
            return "not_used";
        case ValidationRule::cardinality:
            return "cardinality";
        case ValidationRule::length:
            return "length";
        case ValidationRule::datatype:
            return "datatype";
        case ValidationRule::table:
            return "table";
        case ValidationRule::constant:
            return "constant";
        case ValidationRule::escape:
            return "escape";
        case ValidationRule::assertion:
            return "assertion";
    }
    return "unknown";
}

std::string ValidationIssue::path() const {
    if (segment.size() != 3) return segment;
    Path path;
    std::copy_n(segment.begin(), 3, path.segment_name.begin());
    path.segment_ordinal = segment_sequence > 1 ? static_cast<std::uint16_t>(std::min(segment_sequence, 65535U)) : 0;
    path.position = position;
    if (path.position.repetition == 1) path.position.repetition = 0;
    return path.text();
}

bool has_error(std::span<const ValidationIssue> issues) noexcept {
    return std::ranges::any_of(issues, [](const ValidationIssue& issue) {
        return issue.severity == Severity::error || issue.severity == Severity::fatal;
    });
}

std::vector<ErrEntry> err_entries(std::span<const ValidationIssue> issues) {
    std::vector<ErrEntry> out;
    out.reserve(issues.size());
    for (const ValidationIssue& issue : issues) {
        out.push_back({.code = issue.code,
                       .severity = issue.severity,
                       .segment = issue.segment,
                       .segment_sequence = issue.segment_sequence,
                       .position = issue.position,
                       .user_message = issue.text,
                       .diagnostic = issue.source});
    }
    return out;
}

std::string_view outcome_severity(const ValidationIssue& issue) noexcept {
    switch (issue.severity) {
        case Severity::error:
            return "error";
        case Severity::warning:
            return "warning";
        case Severity::information:
            return "information";
        case Severity::fatal:
            return "fatal";
    }
    return "error";
}

std::string_view outcome_code(const ValidationIssue& issue) noexcept {
    switch (issue.rule) {
        case ValidationRule::message:
            return "not-supported";
        case ValidationRule::required:
            return "required";
        case ValidationRule::length:
            return issue.code == ErrorCode::value_too_long ? "too-long" : "value";
        case ValidationRule::datatype:
        case ValidationRule::constant:
            return "value";
        case ValidationRule::table:
            return "code-invalid";
        case ValidationRule::assertion:
            return "business-rule";
        case ValidationRule::syntax:
        case ValidationRule::structure:
        case ValidationRule::not_used:
        case ValidationRule::cardinality:
        case ValidationRule::escape:
            return "structure";
    }
    return "structure";
}

}  // namespace causeway::hl7v2
