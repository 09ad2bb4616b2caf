#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "gateway/security/door.hpp"

namespace causeway::security {

/// What an operator may do. A role is a set of these; an operator has the union of its roles.
enum Right : std::uint8_t {
    view_metadata = 1,       ///< lists of messages and queues, health, numbers
    view_content = 2,        ///< bytes of messages, lineage, and the FHIR side to read
    replay = 4,              ///< send again, cancel, pause and resume
    resolve_identities = 8,  ///< the patient index: its reviews, links and decisions
    configure = 16,          ///< settings that change at run time
    read_audit = 32          ///< the audit trail
};
constexpr std::uint8_t all_rights = 0xff;

/// The rights a role's name stands for: "metadata", "content", "replay", "identities", "configure", "audit" one each;
/// "operator" = metadata, replay; "auditor" = audit; "admin" = metadata, configure: no clinical content.
std::optional<std::uint8_t> rights_of_role(std::string_view role) noexcept;

/// An operator's action. `action.operation` of an admin interaction is one of the names above, default metadata to read
/// and configure to write. On the FHIR side an operator reads with view_content; who has every right may do everything.
Decision decide(std::uint8_t rights, const Action& action);

}  // namespace causeway::security
