#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/model/builder.hpp"
#include "fhir/model/document.hpp"
#include "gateway/exchange/cds_hooks.hpp"
#include "gateway/exchange/delivery.hpp"
#include "gateway/exchange/partner.hpp"
#include "gateway/rest/resource_writer.hpp"
#include "gateway/security/principal.hpp"
#include "gateway/storage/storage.hpp"

namespace causeway::exchange {

/// One resource that a message speaks of: which of ours it is, and what the message says of it, with references to
/// resources of ours. Told also where that changes nothing in the store.
struct Told {
    storage::ResourceName name;
    fhir::DocumentPtr content;
};

/// Where each order that we sent to a partner stands: one Task (code `fulfill`) per order and partner, made when the
/// order is routed, moved by deliveries and by what the partner says, never back (R4 Task state machine).
///
///     routed                                            requested
///     the partner's interface took it (AA, CA)          received
///     ORC-1 OK, referral accepted, appointment booked   accepted
///     first or partial results, in preparation          in-progress
///     final report, dispense, consult note              completed, each an output
///     ORC-1 UA, referral refused                        rejected
///     cancelled there (ORC-1 CR, OC, DR, OD)            cancelled
///     data errors (ORC-1 DE)                            failed
///
/// Everything is written in the transaction of what caused it.
class OrderTasks {
public:
    explicit OrderTasks(const rest::ResourceWriter& writer) : writer_(writer) {}

    /// An order goes to a partner. Its Task is made, or stands.
    storage::Result<void> sent(storage::Transaction& transaction, const Partner& partner,
                               const storage::ResourceName& order, const fhir::Document& content,
                               std::string_view control_id, const security::Principal& principal) const;

    /// What became of a message: the Task of the order it carried, if it carried one.
    storage::Result<void> settled(storage::Transaction& transaction, std::string_view control_id,
                                  const Settlement& settlement) const;

    /// What became of a question to a decision support service (cds_hooks.hpp): its cards become inputs of the order's
    /// Tasks, with code `cds-info`, `cds-warning` or `cds-critical`; that it does not answer is one, too
    /// (`cds-unanswered`), until it does. `request` is the question.
    storage::Result<void> advised(storage::Transaction& transaction, std::string_view request,
                                  const Settlement& settlement) const;

    /// What a message of a partner says. `structure` is its message structure, "RRI_I12".
    storage::Result<void> told(storage::Transaction& transaction, std::string_view partner, std::string_view structure,
                               const std::vector<Told>& resources, const security::Principal& principal) const;

private:
    struct Step;
    storage::Result<void> move(storage::Transaction& transaction, const storage::ResourceName& task, const Step& step,
                               const security::Principal& principal) const;
    storage::Result<void> take_advice(storage::Transaction& transaction, const storage::ResourceName& task,
                                      const std::vector<cds::Card>& advice) const;
    storage::Result<void> rewrite(storage::Transaction& transaction, const storage::StoredResource& stored,
                                  fhir::DocumentBuilder builder, const security::Principal& principal) const;

    const rest::ResourceWriter& writer_;
};

}  // namespace causeway::exchange
