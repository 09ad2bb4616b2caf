#include "gateway/security/door.hpp"

#include <algorithm>

#include "gateway/security/role.hpp"
#include "gateway/security/scope.hpp"

namespace causeway::security {

std::string_view code(Interaction interaction) noexcept {
    switch (interaction) {
        case Interaction::read:
            return "read";
        case Interaction::vread:
            return "vread";
        case Interaction::update:
            return "update";
        case Interaction::patch:
            return "patch";
        case Interaction::delete_:
            return "delete";
        case Interaction::history:
            return "history";
        case Interaction::create:
            return "create";
        case Interaction::search:
            return "search";
        case Interaction::capabilities:
            return "capabilities";
        case Interaction::transaction:
            return "transaction";
        case Interaction::batch:
            return "batch";
        case Interaction::operation:
            return "operation";
        case Interaction::message_in:
            return "message-in";
        case Interaction::message_out:
            return "message-out";
        case Interaction::admin_read:
            return "admin-read";
        case Interaction::admin_write:
            return "admin-write";
        case Interaction::audit_read:
            return "audit-read";
    }
    return "unknown";
}

bool AccessFilter::allows_type(std::string_view type) const noexcept {
    return everything || std::find(types.begin(), types.end(), type) != types.end();
}

Decision Door::authorize(const Principal& principal, const Action& action) const {
    auto decision = by_kind(principal, action);
    const bool person = principal.kind == Principal::Kind::client || principal.kind == Principal::Kind::operator_;
    const bool entitled = principal.grant && principal.grant->restricted;
    if (labels_enforced_ && person && !entitled && principal.purpose.empty()) decision.filter.restricted = false;
    return decision;
}

Decision Door::by_kind(const Principal& principal, const Action& action) const {
    const bool messaging =
        action.interaction == Interaction::message_in || action.interaction == Interaction::message_out;
    const bool admin = action.interaction == Interaction::admin_read || action.interaction == Interaction::admin_write;
    switch (principal.kind) {
        case Principal::Kind::system:
            return {true, {}, {}};
        case Principal::Kind::operator_:
            return decide(principal.rights, action);
        case Principal::Kind::partner:
            if (admin || action.interaction == Interaction::audit_read)
                return {false, "partners may not use the operators' interface", {}};
            return {true, {}, {}};
        case Principal::Kind::client:
            if (admin) return {false, "only operators may use the operators' interface", {}};
            if (action.interaction == Interaction::audit_read)
                return principal.grant ? decide_audit(*principal.grant, action) : Decision{true, {}, {}};
            if (principal.grant && !messaging) return decide(*principal.grant, action);
            if (messaging) return {false, "only a partner may exchange messages", {}};
            return {true, {}, {}};
    }
    return {false, "unknown kind of principal", {}};
}

}  // namespace causeway::security
