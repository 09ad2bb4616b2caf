#include "gateway/exchange/cds_hooks.hpp"

#include <utility>

#include "fhir/json/json.hpp"
#include "fhir/model/builder.hpp"
#include "gateway/exchange/prescription_checks.hpp"

namespace causeway::exchange::cds {
namespace {

constexpr std::string_view nobody = "Device/causeway";  // the user, where the order names none

void put_bundle(fhir::MutableElement place, std::string_view type, const std::vector<fhir::DocumentPtr>& resources) {
    place.member("resourceType").set_string("Bundle");
    place.member("type").set_string(type);
    for (const auto& each : resources) place.append("entry").member("resource").copy_from(each->root());
}

bool is_indicator(std::string_view text) { return text == "info" || text == "warning" || text == "critical"; }

}  // namespace

storage::Result<MadeMessage> make_order_sign(storage::Reader& reader, const std::vector<fhir::DocumentPtr>& resources,
                                             std::string_view hook_instance) {
    MadeMessage made;
    made.kind = message_kind;
    const auto& order = resources.front();
    const auto subject = order->root()["subject"]["reference"].text();
    if (!subject.starts_with("Patient/")) {
        made.fault = "the order names no patient of ours";
        return made;
    }
    const auto orders = active_orders(reader, subject);
    if (orders.has_error()) return orders.error();
    const auto allergies = allergies_of(reader, subject);
    if (allergies.has_error()) return allergies.error();

    fhir::DocumentBuilder builder;
    auto root = builder.root();
    root.member("hook").set_string("order-sign");
    root.member("hookInstance").set_string(hook_instance);
    auto context = root.member("context");
    const auto requester = order->root()["requester"]["reference"].text();
    context.member("userId").set_string(requester.empty() ? nobody : requester);
    context.member("patientId").set_string(subject.substr(std::string_view("Patient/").size()));
    put_bundle(context.member("draftOrders"), "collection", {order});
    auto prefetch = root.member("prefetch");
    for (const auto& each : resources)
        if (each->resource_type() == "Patient" && each->id() == subject.substr(8))
            prefetch.member("patient").copy_from(each->root());
    put_bundle(prefetch.member("medications"), "searchset", *orders);
    put_bundle(prefetch.member("allergies"), "searchset", *allergies);
    made.bytes = fhir::to_json(std::move(builder).finish()->root());
    return made;
}

std::optional<storage::ResourceName> order_of(std::string_view request) {
    const auto document = fhir::parse_json(std::string(request));
    if (document.has_error()) return std::nullopt;
    const auto order = (*document)->root()["context"]["draftOrders"]["entry"].first()["resource"];
    if (!order) return std::nullopt;
    return storage::ResourceName{std::string(order.resource_type()), std::string(order["id"].text())};
}

std::optional<std::vector<Card>> read_cards(std::string_view answer) {
    const auto document = fhir::parse_json(std::string(answer));
    if (document.has_error() || !(*document)->root()["cards"].is_array()) return std::nullopt;
    std::vector<Card> cards;
    for (const auto each : (*document)->root()["cards"].items()) {
        if (cards.size() == cards_max) break;
        const auto indicator = each["indicator"].text();
        cards.push_back({std::string(is_indicator(indicator) ? indicator : "warning"),
                         std::string(each["summary"].text()), std::string(each["source"]["label"].text())});
    }
    return cards;
}

}  // namespace causeway::exchange::cds
