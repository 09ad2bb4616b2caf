#pragma once
#include "gateway/exchange/inbox.hpp"
#include "gateway/patient_index/patient_index.hpp"

namespace causeway::patient_index {

/// What messages say about identities, told to the patient index in the message's own transaction:
///
///     merge (A40, A39, A34, A30, A18)   the other record's person goes into the survivor's; the record is subsumed
///     link (A24), unlink (A37)          two records are one person, or two, as decided by the sender
///     move (A43)                        the record that MRG-1 names belongs to the person of PID-3
///     change of identifier (A47)        nothing: the record itself got its new number
///
/// What the index refuses (a record it does not know) is logged and changes nothing.
class IdentityEvents final : public exchange::IdentityEvents {
public:
    /// `index` outlives it.
    explicit IdentityEvents(PatientIndex& index) : index_(index) {}

    storage::Result<void> happened(storage::Transaction& transaction, mappings::Event::Kind kind,
                                   const storage::ResourceName& survivor, const storage::ResourceName& other,
                                   const security::Principal& principal) override;

private:
    storage::Result<Refusal> apply(storage::Transaction& transaction, mappings::Event::Kind kind,
                                   const storage::ResourceName& survivor, const storage::ResourceName& other,
                                   const Actor& actor);

    PatientIndex& index_;
};

}  // namespace causeway::patient_index
