#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "gateway/security/door.hpp"

namespace causeway::security {

/// One SMART scope (SMART App Launch 2.2, "Scopes for requesting FHIR Resources"):
///
///     scope   = level "/" type "." actions [ "?" parameter *( "&" parameter ) ]
///     level   = "patient" | "user" | "system"        type = a FHIR resource type | "*"
///     actions = a non-empty part of "cruds" in that order; or the words of version 1: read = rs, write = cud, * =
///     cruds
struct Scope {
    enum class Level : std::uint8_t { patient, user, system };
    enum Action : std::uint8_t { create = 1, read = 2, update = 4, remove = 8, search = 16 };

    Level level = Level::system;
    std::string type;          ///< "*": every type
    std::uint8_t actions = 0;  ///< Action bits
    std::string query;         ///< granular parameters as written, percent-encoded; empty: all of the type

    /// In the words of version 2.
    std::string text() const;
    bool covers(std::string_view resource_type) const noexcept { return type == "*" || type == resource_type; }
};

/// Why a scope is no scope, or not one we grant. English, names no part of the input.
struct ScopeError {
    std::string reason;
};

/// Parses one scope. Refused beside what the grammar refuses: actions out of order ("dus"), types that R4 does not
/// have, and parameters with a modifier, a chain, `_has` or `_filter` (experimental in the specification): a narrower
/// right than we can enforce is never read as a wider one.
std::variant<Scope, ScopeError> parse_scope(std::string_view text);

/// What a token lets its bearer do.
struct Grant {
    std::vector<Scope> scopes;
    std::string patient;       ///< logical id; what scopes of the patient level are about
    bool restricted = false;   ///< sees resources whose labels are R or V, where labels are enforced
    bool break_glass = false;  ///< may override them with a reason
};

/// Reads a list parted by blanks. Scopes that are not about resources ("openid", "launch/patient", "fhirUser") are left
/// out; a scope that is broken or unknown is an error.
std::variant<std::vector<Scope>, ScopeError> parse_scopes(std::string_view text);
std::string to_string(const std::vector<Scope>& scopes);

/// What of `asked` a client that may have `allowed` gets: per asked scope the actions and types that some allowed scope
/// covers; a scope without anything left is dropped. Parameters only narrow: an allowed scope with parameters covers an
/// asked one only with the same parameters, or gives its own where the asked one has none.
std::vector<Scope> narrowed(const std::vector<Scope>& asked, const std::vector<Scope>& allowed);

/// May a grant do this, and what may it see while doing it? Where scopes of the user or system level permit the action
/// they alone count; else those of the patient level, inside the compartment of the grant's patient. Reads and searches
/// need the type's own scope; what else the answer may hold (includes, chains, `_has`) is in the filter.
Decision decide(const Grant& grant, const Action& action);
/// The audit trail: only by a scope that names AuditEvent, so that a right to read everything clinical does not show who
/// read what. At the level of a patient: what concerns the grant's patient. `action.operation` is "read" or "search".
Decision decide_audit(const Grant& grant, const Action& action);

}  // namespace causeway::security
