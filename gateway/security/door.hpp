#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/security/principal.hpp"

namespace causeway::security {

/// What is about to be done. The names follow http://hl7.org/fhir/restful-interaction, plus the doors that are not
/// REST.
enum class Interaction : std::uint8_t {
    read,
    vread,
    update,
    patch,
    delete_,
    history,
    create,
    search,
    capabilities,
    transaction,
    batch,
    operation,
    message_in,   ///< an HL7 v2 message or FHIR message from a partner
    message_out,  ///< a delivery to a partner
    admin_read,   ///< operators: queues, messages, patient index
    admin_write,  ///< operators: replay, resolve, configure
    audit_read    ///< reading the audit trail
};

/// The interaction's code in URLs, CapabilityStatements and audit rows ("search-type", "history-instance" are told
/// apart by `Action::id`).
std::string_view code(Interaction interaction) noexcept;

/// One thing that somebody wants to do to something.
struct Action {
    Interaction interaction = Interaction::read;
    std::string_view type;       ///< FHIR resource type; empty: all types, or not about resources
    std::string_view id;         ///< logical id; empty: the type level
    std::string_view operation;  ///< name without '$', for Interaction::operation
};

/// What a permitted read, search or include may see. The search plan takes it as an input and every path applies it
/// (reference: the SMART scopes' compartment and granular parameters fit into it). Default: everything.
struct AccessFilter {
    bool everything = true;
    std::vector<std::string> types;        ///< when not everything: the types that may be seen
    std::vector<std::string> patient_ids;  ///< when not empty: only what lies in the compartments of these patients
    /// Granular rights ("Observation?category=laboratory"): of a type that has rows here, only what meets one of them.
    struct TypeQuery {
        std::string type;
        std::string query;  ///< as in a URL, percent-encoded; no result parameters
    };
    std::vector<TypeQuery> queries;

    /// Also what is labelled R (restricted) or V (very restricted) in meta.security.
    bool restricted = true;

    bool allows_type(std::string_view type) const noexcept;
    bool shows_all() const noexcept { return everything && restricted; }
};

struct Decision {
    bool allowed = false;
    std::string reason;  ///< for the audit row and the OperationOutcome; English, no clinical content
    AccessFilter filter;
};

/// The one authorisation point: every request and every message passes it before its body is parsed.
///
/// The rules of today: the gateway only listens on loopback until TLS is configured, so a local client may do
/// everything on the FHIR side, a partner may send messages and receive deliveries but not use the operators'
/// interface, and the system may do everything. A client with a token may do what its scopes say (scope.hpp), and never
/// what only operators may. An operator may do what its roles give (role.hpp).
class Door {
public:
    /// `labels_enforced`: resources labelled R or V are seen only by who has the right, and by who overrides the labels
    /// with a reason (Principal::purpose).
    explicit Door(bool labels_enforced = false) : labels_enforced_(labels_enforced) {}
    virtual ~Door() = default;
    virtual Decision authorize(const Principal& principal, const Action& action) const;

private:
    Decision by_kind(const Principal& principal, const Action& action) const;
    const bool labels_enforced_;
};

}  // namespace causeway::security
