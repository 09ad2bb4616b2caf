#pragma once
#include <string_view>

#include "gateway/exchange/partner.hpp"
#include "hl7v2/message_view.hpp"

namespace causeway::exchange {

/// Why a message of this kind ("ADT^A01") that came from this address is not taken in the partner's name; empty: it is.
/// `by_its_own`: it came over a connection that the sender opened; answers come over ours, whose address we chose.
std::string_view sender_refusal(const Partner& partner, std::string_view address, std::string_view kind,
                                bool by_its_own) noexcept;

/// Why a message about these patients is not; empty: it is. An identifier without an assigning authority is the sender's.
std::string_view patient_refusal(const Partner& partner, const hl7v2::MessageView& message);

/// Is `address` the network's, "10.1.2.0/24", or the address itself? IPv4 in IPv6 counts as IPv4.
bool in_network(std::string_view address, std::string_view network) noexcept;
/// Can the text be read as an address or a network?
bool is_network(std::string_view text) noexcept;

}  // namespace causeway::exchange
