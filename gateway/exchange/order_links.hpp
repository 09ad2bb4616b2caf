#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/model/document.hpp"
#include "gateway/storage/storage.hpp"

namespace causeway::exchange {

/// A reference to an order that names it by its number only: `basedOn[0].identifier`, as messages do that carry the
/// placer's or filler's number and no order.
struct OrderLink {
    fhir::Element reference;        ///< in the document that was looked at
    std::vector<std::string> keys;  ///< under which the order may be known, best first
};

/// The references to orders in a dispense, an administration, an appointment or a document that have a number and no
/// target yet.
std::vector<OrderLink> unresolved_orders(const fhir::Document& resource);

/// The document with those references pointing to the orders found; a second reference to the same order goes. A link
/// without order stays as it is.
fhir::DocumentPtr with_orders(const fhir::DocumentPtr& document, const std::vector<OrderLink>& links,
                              const std::vector<std::optional<storage::ResourceName>>& orders);

}  // namespace causeway::exchange
