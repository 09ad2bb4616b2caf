#pragma once
#include <string>
#include <vector>

#include "fhir/model/document.hpp"
#include "gateway/exchange/envelope.hpp"
#include "gateway/rest/resource_writer.hpp"
#include "gateway/storage/storage.hpp"
#include "mappings/engine/forward.hpp"

namespace causeway::exchange {

/// What a pharmacy's message means beyond its fields.
///
/// A renewal that it asks for (ORC-1 RF), or a change that a pharmacy asks for (XO), is not the order it names: it
/// becomes a proposal of its own (MedicationRequest, intent proposal, status draft, priorPrescription the order), found
/// again only by the message that brought it. A dispense is in progress, completed or declined as ORC-1 and ORC-5 say.
void apply_pharmacy_rules(const Envelope& envelope, mappings::ForwardResult& mapped);

/// Whether the first resource is an order based on a proposal among the others: the answer to a request for renewal.
bool answers_renewal(const std::vector<fhir::DocumentPtr>& resources);

/// The requests for renewal of the pharmacies and where they stand: a Task (code `approve`) for each proposal.
///
///     a proposal came                                requested
///     an order is written, based on the proposal     completed, the order its output; the proposal is completed
///     the proposal is cancelled or stopped           rejected, with its statusReason
///
/// All in the transaction of what caused it.
class RenewalTasks final : public rest::WriteObserver {
public:
    explicit RenewalTasks(const rest::ResourceWriter& writer) : writer_(writer) {}
    storage::Result<void> written(storage::Transaction& transaction, const rest::Written& written,
                                  const security::Principal& principal) override;

private:
    storage::Result<void> asked(storage::Transaction& transaction, const rest::Written& written,
                                const security::Principal& principal) const;
    storage::Result<void> approved(storage::Transaction& transaction, const rest::Written& written,
                                   const security::Principal& principal) const;
    storage::Result<void> denied(storage::Transaction& transaction, const rest::Written& written,
                                 const security::Principal& principal) const;
    storage::Result<void> put(storage::Transaction& transaction, const storage::ResourceName& name,
                              fhir::DocumentPtr document, std::int64_t if_version,
                              const security::Principal& principal) const;

    const rest::ResourceWriter& writer_;
};

}  // namespace causeway::exchange
