#include "mappings/engine/self_test.hpp"

#include "hl7v2/message.hpp"
#include "mappings/engine/backward.hpp"
#include "mappings/engine/forward.hpp"
#include "mappings/engine/plan.hpp"
#include "mappings/engine/put.hpp"

namespace causeway::mappings {
namespace {

void add_mandatory(const ItemPlan& item, std::string& out) {
    if (item.optional || item.kind == ItemPlan::Kind::clause) return;
    if (item.kind == ItemPlan::Kind::segment) {
        if (item.name != "MSH") out += item.name + "|1\r";
        return;
    }
    for (const auto& child : item.items) add_mandatory(child, out);
}

std::string smallest(const MessagePlan& message, std::string_view version) {
    const std::string event = message.events.empty() ? std::string() : message.events.front();
    std::string out = "MSH|^~\\&|SELF|TEST|SELF|TEST|20240305120000+0000||" + message.name.substr(0, 3) + "^" + event +
                      "^" + message.name + "|1|T|" + std::string(version) + "\r";
    for (const auto& item : message.root.items) add_mandatory(item, out);
    return out;
}

std::string fault_of(const Plan& plan, const MessagePlan& message) {
    const auto parsed = hl7v2::Message::parse(smallest(message, plan.version));
    if (!parsed) return "the smallest message cannot be read";
    ForwardContext context;
    context.now = "2024-03-05T12:00:00Z";
    const auto read = forward(plan, parsed->view(), context);
    if (read.refused) return {};  // a line says `required error`: an empty message is rightly refused
    std::vector<SourceResource> resources;
    for (const auto& resource : read.resources)
        resources.push_back({resource.doc->root(), std::string(resource.full_url)});
    BackwardContext back;
    back.now = context.now;
    back.control_id = "1";
    back.event = read.event;
    const auto made = backward(plan, resources, read.structure, back);
    if (!made.refused && !hl7v2::Message::parse(made.er7)) return "the message made from its resources cannot be read";
    const auto same = put(plan, resources, parsed->view(), {context, true});
    return same.er7 == parsed->bytes() ? std::string() : "the message does not come back as it was";
}

}  // namespace

Diagnostics self_test(const MapSet& maps) {
    Diagnostics out;
    auto sites = maps.sites();
    sites.emplace_back();
    for (const auto& site : sites) {
        const auto plan = maps.plan(site);
        if (!plan) continue;
        for (const auto& message : plan->messages)
            if (auto fault = fault_of(*plan, *message); !fault.empty())
                out.push_back({"E190", site.empty() ? "library" : "site " + site, 0, 0, message->name + ": " + fault});
    }
    return out;
}

}  // namespace causeway::mappings
