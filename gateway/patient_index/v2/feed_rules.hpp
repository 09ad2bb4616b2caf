#pragma once
#include "gateway/exchange/identity_desk.hpp"
#include "gateway/patient_index/authorities.hpp"
#include "gateway/storage/storage.hpp"

namespace causeway::patient_index::v2 {

/// What an ADT feed may say about identifiers (IHE ITI-8 and ITI-30), for senders whose configuration names their
/// authorities; others are not held to anything:
///
///     every identifier of PID-3 has an assigning authority that the configuration knows
///     one of them is of the sender's own domain
///     what MRG-1 retires, moves or renames is known, and of a domain of the sender's that PID-3 names too
std::optional<exchange::Refusal> feed_refusal(const exchange::Envelope& envelope, const Authorities& authorities,
                                              storage::Reader& reader);

/// The message as the maps read it: the older merges of persons (A30, A39) as A40, whose segments they have, and CX.4 of
/// its patients' identifiers (PID-2, 3, 4, 18, 21, MRG-1) in full; null if nothing is to add.
std::unique_ptr<const hl7v2::Message> complete_message(const hl7v2::MessageView& message,
                                                       const Authorities& authorities);

/// A Patient is one sender's record, known by that sender's number. Drops the keys that name a person, an account or an
/// insurance (SSN, licence, a national number that is not the sender's to give), where another key is left.
void restrict_keys(std::string_view partner, const Authorities& authorities, mappings::ForwardResult& mapped);

}  // namespace causeway::patient_index::v2
