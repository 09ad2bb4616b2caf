#include "gateway/exchange/order_links.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "fhir/model/builder.hpp"
#include "gateway/exchange/identity_keys.hpp"

namespace causeway::exchange {
namespace {

/// Which element of which resource refers to orders of which type.
struct Place {
    std::string_view resource, element, order;
};
constexpr std::array<Place, 4> places = {{{"MedicationDispense", "authorizingPrescription", "MedicationRequest"},
                                          {"MedicationAdministration", "request", "MedicationRequest"},
                                          {"Appointment", "basedOn", "ServiceRequest"},
                                          {"Procedure", "basedOn", "ServiceRequest"}}};

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
    for (const auto& place : places) {
        if (resource.resource_type() != place.resource) continue;
        for (const auto reference : resource.root()[place.element].items()) {
            if (reference["reference"].has_value()) continue;
            auto keys = keys_of(place.order, reference["identifier"]);
            if (!keys.empty()) links.push_back({reference, std::move(keys)});
        }
    }
    return links;
}

fhir::DocumentPtr with_orders(const fhir::DocumentPtr& document, const std::vector<OrderLink>& links,
                              const std::vector<std::optional<storage::ResourceName>>& orders) {
    auto builder = fhir::DocumentBuilder::edit(document);
    std::vector<storage::ResourceName> seen;
    for (const auto& place : places) {
        if (document->resource_type() != place.resource) continue;
        // backwards, so that an item that goes does not move those still to come
        const bool is_list = document->root()[place.element].kind() == fhir::Kind::array;
        std::vector<fhir::Element> items;
        for (const auto item : document->root()[place.element].items()) items.push_back(item);
        std::vector<bool> goes(items.size(), false);
        for (std::size_t i = 0; i < items.size(); ++i) {
            const auto link = std::find_if(links.begin(), links.end(), [&](const OrderLink& each) {
                return each.reference.node() == items[i].node();
            });
            if (link == links.end()) continue;
            const auto& order = orders[static_cast<std::size_t>(link - links.begin())];
            if (!order) continue;
            if (std::find(seen.begin(), seen.end(), *order) != seen.end() && is_list) {
                goes[i] = true;
                continue;
            }
            seen.push_back(*order);
            auto target = is_list ? builder.root().item(place.element, i) : builder.root().member(place.element);
            target.member("reference").set_string(order->type + "/" + order->id);
        }
        for (auto position = items.size(); position-- > 0;)
            if (goes[position]) builder.root().remove_item(place.element, position);
    }
    return std::move(builder).finish();
}

}  // namespace causeway::exchange
