#include "gateway/exchange/order_links.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "fhir/model/builder.hpp"
#include "gateway/exchange/identity_keys.hpp"

namespace causeway::exchange {
namespace {

/// Which element of a resource refers to orders, and of which type.
struct Place {
    std::string_view resource, element, order;
};
constexpr std::array<Place, 5> places = {{{"MedicationRequest", "priorPrescription", "MedicationRequest"},
                                          {"MedicationDispense", "authorizingPrescription", "MedicationRequest"},
                                          {"MedicationAdministration", "request", "MedicationRequest"},
                                          {"Appointment", "basedOn", "ServiceRequest"},
                                          {"Procedure", "basedOn", "ServiceRequest"}}};

const Place* place_in(const fhir::Document& resource) {
    const auto* const found = std::find_if(
        places.begin(), places.end(), [&](const Place& each) { return each.resource == resource.resource_type(); });
    return found == places.end() ? nullptr : found;
}

std::vector<std::string> keys_of(std::string_view order, fhir::Element identifier) {
    const auto value = identifier["value"].text();
    if (value.empty()) return {};
    const auto kind = identifier["type"]["coding"].first()["code"].text();
    std::vector<std::string> keys;
    for (const std::string_view each : {"PLAC", "FILL"})
        if (kind.empty() || kind == each) keys.push_back(identity_key(order, each, identifier["system"].text(), value));
    return keys;
}

}  // namespace

std::vector<OrderLink> unresolved_orders(const fhir::Document& resource) {
    std::vector<OrderLink> links;
    const auto* const place = place_in(resource);
    if (place == nullptr) return links;
    std::size_t index = 0;
    for (const auto reference : resource.root()[place->element].items()) {
        if (auto keys = keys_of(place->order, reference["identifier"]);
            !keys.empty() && !reference["reference"].has_value())
            links.push_back({index, std::move(keys), {}});
        ++index;
    }
    return links;
}

fhir::DocumentPtr with_orders(const fhir::DocumentPtr& document, const std::vector<OrderLink>& links) {
    const auto* const place = place_in(*document);
    if (place == nullptr) return document;
    const bool is_list = document->root()[place->element].kind() == fhir::Kind::array;
    auto builder = fhir::DocumentBuilder::edit(document);
    auto root = builder.root();
    std::vector<std::size_t> again;  // references to an order that an earlier one names
    for (auto link = links.begin(); link != links.end(); ++link) {
        if (!link->order) continue;
        const bool named =
            std::any_of(links.begin(), link, [&](const OrderLink& each) { return each.order == link->order; });
        if (named && is_list) {
            again.push_back(link->index);
            continue;
        }
        auto reference = is_list ? root.item(place->element, link->index) : root.member(place->element);
        reference.member("reference").set_string(link->order->type + "/" + link->order->id);
    }
    std::for_each(again.rbegin(), again.rend(), [&](std::size_t index) { root.remove_item(place->element, index); });
    return std::move(builder).finish();
}

}  // namespace causeway::exchange
