#include "gateway/security/role.hpp"

namespace causeway::security {

std::optional<std::uint8_t> rights_of_role(std::string_view role) noexcept {
    if (role == "metadata") return view_metadata;
    if (role == "content") return view_content;
    if (role == "replay") return replay;
    if (role == "identities") return resolve_identities;
    if (role == "configure") return configure;
    if (role == "audit" || role == "auditor") return read_audit;
    if (role == "operator") return static_cast<std::uint8_t>(view_metadata | replay);
    if (role == "admin") return static_cast<std::uint8_t>(view_metadata | configure);
    return std::nullopt;
}

Decision decide(std::uint8_t rights, const Action& action) {
    if (rights == all_rights) return {true, {}, {}};
    std::uint8_t needed = view_content;
    switch (action.interaction) {
        case Interaction::admin_read:
        case Interaction::admin_write:
            needed = action.interaction == Interaction::admin_read ? view_metadata : configure;
            if (!action.operation.empty()) needed = rights_of_role(action.operation).value_or(all_rights);
            break;
        case Interaction::audit_read:
            needed = read_audit;
            break;
        case Interaction::capabilities:
            return {true, {}, {}};
        case Interaction::read:
        case Interaction::vread:
        case Interaction::history:
        case Interaction::search:
            break;
        default:
            return {false, "the operator's roles do not permit this", {}};
    }
    if ((rights & needed) != needed) return {false, "the operator's roles do not permit this", {}};
    return {true, {}, {}};
}

}  // namespace causeway::security
