#include "fhir/validate/outcome.hpp"

#include <algorithm>

#include "fhir/json/json.hpp"

namespace causeway::fhir {

namespace {

IssueCode code_of(Errc code) noexcept {
    switch (code) {
        case Errc::syntax:
        case Errc::bad_utf8:
            return IssueCode::invalid;
        case Errc::duplicate_member:
        case Errc::wrong_shape:
        case Errc::unknown_name:
            return IssueCode::structure;
        case Errc::too_deep:
        case Errc::too_large:
            return IssueCode::too_long;
        case Errc::bad_value:
            return IssueCode::value;
        case Errc::not_supported:
            return IssueCode::not_supported;
        case Errc::evaluation:
            return IssueCode::processing;
    }
    return IssueCode::invalid;
}

void write_issue(const Issue& issue, std::string& out) {
    out += R"({"severity":")";
    out += code_of(issue.severity);
    out += R"(","code":")";
    out += code_of(issue.code);
    out += R"(","details":{"text":)";
    append_json_string(issue.text, out);
    out += '}';
    if (!issue.rule.empty()) {
        out += R"(,"diagnostics":)";
        append_json_string("rule: " + issue.rule, out);
    }
    if (!issue.expression.empty()) {
        out += R"(,"expression":[)";
        append_json_string(issue.expression, out);
        out += ']';
    }
    out += '}';
}

}  // namespace

std::string_view code_of(Severity severity) noexcept {
    switch (severity) {
        case Severity::information:
            return "information";
        case Severity::warning:
            return "warning";
        case Severity::error:
            return "error";
        case Severity::fatal:
            return "fatal";
    }
    return "error";
}

std::string_view code_of(IssueCode code) noexcept {
    static constexpr std::string_view codes[] = {
        "invalid",          "structure", "required",     "value",      "invariant",    "security",      "login",
        "unknown",          "expired",   "forbidden",    "suppressed", "processing",   "not-supported", "duplicate",
        "multiple-matches", "not-found", "deleted",      "too-long",   "code-invalid", "extension",     "too-costly",
        "business-rule",    "conflict",  "transient",    "lock-error", "no-store",     "exception",     "timeout",
        "incomplete",       "throttled", "informational"};
    static_assert(std::size(codes) == static_cast<std::size_t>(IssueCode::informational) + 1);
    return codes[static_cast<std::size_t>(code)];
}

void write_outcome(std::span<const Issue> issues, std::string& out) {
    static const Issue none{Severity::information, IssueCode::informational, "No issues", "", ""};
    if (issues.empty()) issues = {&none, 1};
    out += R"({"resourceType":"OperationOutcome","issue":[)";
    for (const Issue& issue : issues) {
        if (&issue != issues.data()) out += ',';
        write_issue(issue, out);
    }
    out += "]}";
}

std::string to_outcome(std::span<const Issue> issues) {
    std::string out;
    write_outcome(issues, out);
    return out;
}

Issue issue_of(const Error& error) {
    std::string text;
    if (error.line != 0)
        text = "line " + std::to_string(error.line) + ", column " + std::to_string(error.column) + ": ";
    text += error.message;
    return {Severity::error, code_of(error.code), std::move(text), error.path.starts_with('$') ? "" : error.path, ""};
}

bool has_error(std::span<const Issue> issues) noexcept {
    return std::any_of(issues.begin(), issues.end(),
                       [](const Issue& issue) { return issue.severity >= Severity::error; });
}

}  // namespace causeway::fhir
