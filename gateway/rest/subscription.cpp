#include "gateway/rest/subscription.hpp"

#include <algorithm>
#include <charconv>

#include "fhir/r4/tables.hpp"
#include "fhir/search/query.hpp"

namespace causeway::rest {
namespace {

using fhir::Element;
using fhir::IssueCode;

constexpr std::string_view backport = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-";
constexpr std::string_view topic_extension = "http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic.";
constexpr std::string_view type_topic = "urn:causeway:topic:";

Fault refused(std::string text, std::string expression) {
    return fault(422, IssueCode::business_rule, std::move(text), std::move(expression));
}

Element extension(Element of, std::string_view base, std::string_view name) {
    for (const Element each : of["extension"].items()) {
        const std::string_view url = each["url"].text();
        if (url.size() == base.size() + name.size() && url.starts_with(base) && url.ends_with(name)) return each;
    }
    return {};
}

/// Of a nested extension, whose URL is short.
Element part(Element of, std::string_view name) {
    for (const Element each : of["extension"].items())
        if (each["url"].text() == name) return each;
    return {};
}

Element value_of(Element of) {
    for (const Element each : of.children())
        if (each.name().starts_with("value")) return each;
    return {};
}

std::int64_t number(Element element) {
    std::int64_t out = 0;
    const auto text = element.text();
    std::from_chars(text.data(), text.data() + text.size(), out);
    return out;
}

/// "Type?query": a search that can be run on one resource.
Outcome<void> read_criteria(std::string_view text, Subscription& out) {
    const auto question = text.find('?');
    out.type = text.substr(0, question);
    out.query = question == std::string_view::npos ? std::string_view() : text.substr(question + 1);
    if (!fhir::r4::is_resource_type(out.type))
        return refused("The criteria begin with no resource type", "Subscription.criteria");
    auto parameters = fhir::search::decode_query(out.query);
    if (parameters.has_error()) return refused("The criteria are no search", "Subscription.criteria");
    fhir::search::QueryOptions options;
    options.result_parameters = false;
    const auto parsed = fhir::search::parse_query(out.type, *parameters, options);
    if (!parsed.ok() || parsed.ignored_any)
        return refused("The criteria are no search that this server can run", "Subscription.criteria");
    return {};
}

}  // namespace

std::optional<Topic> topic_of_type(std::string_view url) {
    if (!url.starts_with(type_topic)) return std::nullopt;
    Topic topic;
    topic.url = url;
    topic.type = url.substr(type_topic.size());
    return fhir::r4::is_resource_type(topic.type) ? std::optional(topic) : std::nullopt;
}

std::optional<Topic> read_topic(Element basic) {
    const bool is_topic = std::ranges::any_of(
        basic["code"]["coding"].items(), [](Element coding) { return coding["code"].text() == "SubscriptionTopic"; });
    if (!is_topic) return std::nullopt;
    Topic topic;
    topic.url = value_of(extension(basic, topic_extension, "url")).text();
    const Element trigger = extension(basic, topic_extension, "resourceTrigger");
    const std::string_view resource = value_of(part(trigger, "resource")).text();
    topic.type = resource.substr(resource.rfind('/') + 1);
    bool any = false;
    Topic named = topic;
    named.on_create = named.on_update = named.on_delete = false;
    for (const Element each : trigger["extension"].items()) {
        if (each["url"].text() != "supportedInteraction") continue;
        any = true;
        const auto code = value_of(each).text();
        named.on_create = named.on_create || code == "create";
        named.on_update = named.on_update || code == "update";
        named.on_delete = named.on_delete || code == "delete";
    }
    if (any) topic = named;
    std::string_view query = value_of(part(part(trigger, "queryCriteria"), "current")).text();
    if (const auto question = query.find('?'); question != std::string_view::npos) query.remove_prefix(question + 1);
    topic.query = query;
    if (topic.url.empty() || !fhir::r4::is_resource_type(topic.type)) return std::nullopt;
    return topic;
}

Outcome<Subscription> read_subscription(const fhir::DocumentPtr& document) {
    const Element root = document->root();
    Subscription out;
    out.document = document;
    out.id = document->id();
    out.status = root["status"].text();
    const Element criteria = root["criteria"];
    const std::string_view text = criteria.text();
    const bool is_url = text.starts_with("http://") || text.starts_with("https://") || text.starts_with("urn:");
    if (is_url) {
        out.topic = text;
        for (const Element each : criteria["extension"].items()) {
            if (each["url"].text() != std::string(backport) + "filter-criteria") continue;
            Subscription filter;
            if (auto read = read_criteria(value_of(each).text(), filter); read.has_error()) return read.error();
            out.type = filter.type;
            if (!filter.query.empty()) out.query += (out.query.empty() ? "" : "&") + filter.query;
        }
    } else if (auto read = read_criteria(text, out); read.has_error()) {
        return read.error();
    }
    const Element channel = root["channel"];
    if (channel["type"].text() == "websocket") {
        out.channel = Subscription::Channel::web_socket;
    } else if (channel["type"].text() == "rest-hook") {
        auto endpoint = http::ClientUrl::parse(channel["endpoint"].text());
        if (!endpoint) return refused("The endpoint is no http or https URL", "Subscription.channel.endpoint");
        out.endpoint = std::move(*endpoint);
    } else {
        return refused("Of the channels this server has rest-hook and websocket", "Subscription.channel.type");
    }
    for (const Element header : channel["header"].items()) {
        const std::string_view line = header.text();
        const auto colon = line.find(':');
        if (colon == std::string_view::npos || line.find_first_of("\r\n") != std::string_view::npos)
            return refused("A header is 'Name: value'", "Subscription.channel.header");
        auto value = line.substr(colon + 1);
        while (value.starts_with(' ')) value.remove_prefix(1);
        out.headers.emplace_back(line.substr(0, colon), value);
    }
    out.payload = channel["payload"].text();
    const std::string_view media = std::string_view(out.payload).substr(0, out.payload.find(';'));
    if (!media.empty() && media != "application/fhir+json" && media != "application/json")
        return refused("Notifications are sent as application/fhir+json", "Subscription.channel.payload");
    const auto content = value_of(extension(channel["payload"], backport, "payload-content")).text();
    out.content = content == "full-resource" ? Subscription::Content::full_resource
                  : content == "id-only"     ? Subscription::Content::id_only
                                             : Subscription::Content::empty;
    out.heartbeat_us = number(value_of(extension(channel, backport, "heartbeat-period"))) * 1'000'000;
    if (const auto seconds = number(value_of(extension(channel, backport, "timeout"))); seconds > 0)
        out.timeout = std::chrono::seconds(std::min<std::int64_t>(seconds, 60));
    if (const auto end = root["end"].text(); !end.empty()) {
        const fhir::search::QueryParameter parameter{"_lastUpdated", std::string(end)};
        const auto parsed = fhir::search::parse_query("Patient", {&parameter, 1});
        if (parsed.ok()) out.end_us = parsed.plan.conditions[0].criterion.children[0].operands[0].date.low_us;
    }
    return out;
}

}  // namespace causeway::rest
