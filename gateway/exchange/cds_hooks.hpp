#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/model/document.hpp"
#include "gateway/exchange/outgoing_message.hpp"
#include "gateway/storage/storage.hpp"

/// CDS Hooks 2.0, hook `order-sign`: a decision support service is a partner whose answers are advice. It is asked by way
/// of its queue, after the order is stored and beside what goes to the pharmacy: it can be slow or away, and stops nothing.
namespace causeway::exchange::cds {

/// The kind of such a message in the outbox.
inline constexpr std::string_view message_kind = "CDS order-sign";

/// The request for an order (the first resource). `prefetch` has the patient, the patient's active MedicationRequests and
/// AllergyIntolerances.
storage::Result<MadeMessage> make_order_sign(storage::Reader& reader, const std::vector<fhir::DocumentPtr>& resources,
                                             std::string_view hook_instance);

/// Which order a request asks about.
std::optional<storage::ResourceName> order_of(std::string_view request);

struct Card {
    std::string indicator;  ///< info, warning, critical
    std::string summary;
    std::string source;  ///< source.label
};
/// nullopt if that is no answer of a service. At most `cards_max`; more are left out.
std::optional<std::vector<Card>> read_cards(std::string_view answer);
inline constexpr std::size_t cards_max = 20;

}  // namespace causeway::exchange::cds
