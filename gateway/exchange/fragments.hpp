#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/exchange/envelope.hpp"
#include "gateway/storage/storage.hpp"
#include "hl7v2/continuation.hpp"

namespace causeway::exchange {

/// A message that came in fragments (DSC, MSH-14; 2.5.1 section 2.10.2), put together from its last one and those that
/// the store keeps.
struct WholeMessage {
    std::unique_ptr<const hl7v2::Message> message;  ///< as the first began, with MSH-10 of the last; null: see refusal
    std::vector<storage::InboxId> parts;            ///< the rows of the others, first to last
    std::vector<std::string> notes;                 ///< under which they are found
    std::optional<Refusal> refusal;
};

/// How long a fragment waits for the next one.
inline constexpr std::int64_t fragment_patience_us = 86'400'000'000;

/// The note under which the row of the fragment that names `pointer` in DSC-1 is found.
std::string fragment_note(std::string_view partner, std::string_view pointer);

/// Follows MSH-14 of `last` back to the first fragment.
storage::Result<WholeMessage> assemble(storage::Reader& reader, const Envelope& last, const ExchangeSettings& settings);

/// Whether a message that names a continuation pointer nobody has given is complete nevertheless: some senders put a
/// constant into MSH-14.
bool stands_alone(const hl7v2::MessageView& message);

/// Why a fragment that is not the last cannot be taken: it continues nothing that is known.
storage::Result<std::optional<Refusal>> fragment_refusal(storage::Reader& reader, const Envelope& fragment,
                                                         const hl7v2::Continuation& way);

}  // namespace causeway::exchange
