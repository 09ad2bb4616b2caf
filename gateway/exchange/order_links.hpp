#pragma once
#include <optional>
#include <string>
#include <vector>

#include "fhir/model/document.hpp"
#include "gateway/storage/storage.hpp"

namespace causeway::exchange {

/// A reference to an order that names it by its number only: `basedOn[0].identifier`, as messages do that carry the
/// placer's or filler's number and no order.
struct OrderLink {
    std::size_t index = 0;                       ///< among the references of its element
    std::vector<std::string> keys;               ///< under which the order may be known, best first
    std::optional<storage::ResourceName> order;  ///< whoever looks the keys up fills it in
};

/// The references to orders in a dispense, an administration, an appointment or a procedure that have a number and no
/// target yet.
std::vector<OrderLink> unresolved_orders(const fhir::Document& resource);

/// The document with those references pointing to the orders found; a second reference to the same order goes. A link
/// without order stays as it is.
fhir::DocumentPtr with_orders(const fhir::DocumentPtr& document, const std::vector<OrderLink>& links);

}  // namespace causeway::exchange
