#pragma once
#include "gateway/exchange/identity_desk.hpp"
#include "gateway/patient_index/authorities.hpp"
#include "gateway/storage/storage.hpp"

namespace causeway::patient_index::v2 {

/// The patient index as HL7 v2 systems see it: PIX (QBP^Q23 -> RSP^K23, ITI-9) and PDQ (QBP^Q22 -> RSP^K22, ITI-21)
/// queries, and what a feed may say about identifiers.
///
/// A PDQ answer has one PID for each person, not for each record: the golden record with the identifiers of all its
/// records. With RCP-2 it comes in pages; a DSC holds the place, not a state of ours, so pages survive a restart.
class Desk final : public exchange::IdentityDesk {
public:
    /// Both outlive the desk.
    Desk(storage::Store& store, const Authorities& authorities) : store_(store), authorities_(authorities) {}

    std::optional<exchange::QueryAnswer> answer(const exchange::Envelope& envelope,
                                                const exchange::ReplyContext& context) const override;
    std::optional<exchange::Refusal> refusal(const exchange::Envelope& envelope) const override;
    std::unique_ptr<const hl7v2::Message> completed(const exchange::Envelope& envelope) const override;
    void restrict_keys(const exchange::Partner& partner, mappings::ForwardResult& mapped) const override;

private:
    storage::Store& store_;
    const Authorities& authorities_;
};

}  // namespace causeway::patient_index::v2
