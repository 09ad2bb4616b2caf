#include <charconv>

#include "fhir/json/json.hpp"
#include "gateway/rest/answer.hpp"
#include "gateway/rest/operations.hpp"
#include "gateway/rest/subscriptions.hpp"

namespace causeway::rest {
namespace {

constexpr std::string_view status_profile =
    "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-status-r4";

std::int64_t number(std::string_view text) {
    std::int64_t out = 0;
    std::from_chars(text.data(), text.data() + text.size(), out);
    return out;
}

void append_parameter(std::string& json, std::string_view name, std::string_view type, std::string_view value) {
    json.append(R"({"name":")").append(name).append(R"(",")").append(type).append("\":");
    fhir::append_json_string(value, json);
    json += "},";
}

/// `[root]/ws`, as a web socket's URL.
std::string socket_url(const Services& services, std::string_view base) {
    if (base.ends_with(services.settings.base_path)) base.remove_suffix(services.settings.base_path.size());
    const bool secure = base.starts_with("https://");
    base.remove_prefix(std::min(base.size(), base.find("//") + 2));
    return std::string(secure ? "wss://" : "ws://") + std::string(base) + "/ws";
}

/// For the call's own Subscription, or those of the parameter `ids`.
Outcome<std::string> binding_token(const Services& services, SubscriptionSockets& sockets, const Call& call,
                                   const fhir::DocumentPtr& body) {
    std::vector<std::string> ids;
    if (!call.route.id.empty()) ids.push_back(call.route.id);
    for (const auto& each : call.parameters)
        if (each.name == "ids") ids.push_back(each.value);
    if (body)
        for (const fhir::Element one : body->root()["parameter"].items())
            if (one["name"].text() == "ids")
                ids.emplace_back(one["valueId"] ? one["valueId"].text() : one["valueString"].text());
    if (ids.empty()) return fault(400, fhir::IssueCode::required, "The parameter ids names no Subscription");
    if (ids.size() > 100) return fault(400, fhir::IssueCode::too_costly, "At most 100 Subscriptions have one token");
    auto snapshot = services.store.snapshot();
    if (snapshot.has_error()) return fault_of(snapshot.error());
    for (const auto& id : ids) {
        if (auto may = may_follow(services, call.principal, **snapshot, id); may.has_error()) return may.error();
        auto stored = (*snapshot)->read("Subscription", id);
        const auto document = fhir::parse_json((*stored)->json());
        if (document.has_error()) return fault_of(document.error());
        const auto read = read_subscription(*document);
        if (read.has_error()) return read.error();
        if (read->channel != Subscription::Channel::web_socket)
            return fault(422, fhir::IssueCode::business_rule, "The Subscription's channel is no web socket");
    }
    auto token = sockets.new_token(ids);
    if (token.has_error()) return token.error();
    std::string json = R"({"resourceType":"Parameters","parameter":[)";
    append_parameter(json, "token", "valueString", token->text);
    append_parameter(json, "expiration", "valueDateTime", instant(token->expires_us));
    for (const auto& id : ids) append_parameter(json, "subscription", "valueString", id);
    append_parameter(json, "websocket-url", "valueUrl", socket_url(services, call.base));
    json.back() = ']';
    return json + "}";
}

}  // namespace

std::string to_json(const SubscriptionEvent& event) {
    return R"({"number":)" + std::to_string(event.number) + R"(,"type":")" + event.type + R"(","id":")" + event.id +
           R"(","version":)" + std::to_string(event.version) + R"(,"atUs":)" + std::to_string(event.at_us) +
           R"(,"erased":)" + (event.erased ? "true" : "false") + "}";
}

std::optional<SubscriptionEvent> read_event(std::string_view json) {
    const auto document = fhir::parse_json(std::string(json));
    if (document.has_error()) return std::nullopt;
    const auto root = (*document)->root();
    SubscriptionEvent event;
    event.number = number(root["number"].text());
    event.type = root["type"].text();
    event.id = root["id"].text();
    event.version = number(root["version"].text());
    event.at_us = number(root["atUs"].text());
    event.erased = root["erased"].text() == "true";
    return event;
}

std::string status_parameters(const Subscription& subscription, std::string_view kind, std::int64_t events_so_far,
                              const std::vector<SubscriptionEvent>& events, bool with_focus, const std::string& base) {
    std::string json = R"({"resourceType":"Parameters","meta":{"profile":[")" + std::string(status_profile) +
                       R"("]},"parameter":[{"name":"subscription","valueReference":{"reference":)";
    fhir::append_json_string(base + "/Subscription/" + subscription.id, json);
    json += "}},";
    if (subscription.is_topic()) append_parameter(json, "topic", "valueCanonical", subscription.topic);
    append_parameter(json, "status", "valueCode", subscription.status);
    append_parameter(json, "type", "valueCode", kind);
    append_parameter(json, "events-since-subscription-start", "valueString", std::to_string(events_so_far));
    for (const auto& event : events) {
        json += R"({"name":"notification-event","part":[)";
        append_parameter(json, "event-number", "valueString", std::to_string(event.number));
        append_parameter(json, "timestamp", "valueInstant", instant(event.at_us));
        if (with_focus) {
            json += R"({"name":"focus","valueReference":{"reference":)";
            fhir::append_json_string(base + "/" + event.type + "/" + event.id, json);
            json += "}},";
        }
        json.back() = ']';
        json += "},";
    }
    json.back() = ']';
    return json + "}";
}

std::string notification(storage::Reader& reader, const Subscription& subscription, std::string_view kind,
                         std::int64_t events_so_far, const std::vector<SubscriptionEvent>& events,
                         Subscription::Content content, const std::string& base, std::int64_t now_us) {
    std::string json = R"({"resourceType":"Bundle","type":"history","timestamp":")" + instant(now_us) +
                       R"(","entry":[{"fullUrl":"urn:uuid:00000000-0000-4000-8000-000000000000","resource":)";
    json += status_parameters(subscription, kind, events_so_far, events, content != Subscription::Content::empty, base);
    json += R"(,"request":{"method":"GET","url":)";
    fhir::append_json_string(base + "/Subscription/" + subscription.id + "/$status", json);
    json += R"(},"response":{"status":"200"}})";
    if (content != Subscription::Content::empty) {
        for (const auto& event : events) {
            json += R"(,{"fullUrl":)";
            fhir::append_json_string(base + "/" + event.type + "/" + event.id, json);
            if (content == Subscription::Content::full_resource && !event.erased) {
                auto version = reader.read_version(event.type, event.id, event.version);
                if (version && *version && !(*version)->erased()) {
                    json += R"(,"resource":)";
                    (*version)->append_json(json);
                }
            }
            const char* const method = event.erased ? "DELETE" : event.version == 1 ? "POST" : "PUT";
            json.append(R"(,"request":{"method":")").append(method).append(R"(","url":")").append(event.type);
            if (event.version != 1 || event.erased) json.append("/").append(event.id);
            json.append(R"("},"response":{"status":")")
                .append(event.erased         ? "204"
                        : event.version == 1 ? "201"
                                             : "200")
                .append("\"}}");
        }
    }
    return json + "]}";
}

void add_subscription_operations(Operations& operations, const Subscriptions& subscriptions) {
    Operation one;
    one.name = "status";
    one.types = {"Subscription"};
    one.definition = "http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-status";
    one.at_instance = true;
    operations.add(one, [&subscriptions](const Services& services, CallPtr call, fhir::DocumentPtr, Answer answer) {
        auto snapshot = services.store.snapshot();
        if (snapshot.has_error()) return answer(fault_of(snapshot.error()));
        if (auto may = may_follow(services, call->principal, **snapshot, call->route.id); may.has_error())
            return answer(may.error());
        auto status = subscriptions.status(**snapshot, call->route.id);
        if (status.has_error()) return answer(status.error());
        std::string json = R"({"resourceType":"Bundle","type":"searchset","total":1,"entry":[{"fullUrl":"urn:uuid:)" +
                           services.store.new_id() + R"(","resource":)" + *status + R"(,"search":{"mode":"match"}}]})";
        answer(json_response(call->format, 200, std::move(json)));
    });
    one.name = "events";
    one.definition = "http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-events";
    operations.add(
        one, [&subscriptions](const Services& services, CallPtr call, fhir::DocumentPtr body, Answer answer) {
            auto snapshot = services.store.snapshot();
            if (snapshot.has_error()) return answer(fault_of(snapshot.error()));
            if (auto may = may_follow(services, call->principal, **snapshot, call->route.id); may.has_error())
                return answer(may.error());
            auto bundle = subscriptions.events(
                **snapshot, call->route.id, number(input(*call, body, "eventsSinceNumber")),
                number(input(*call, body, "eventsUntilNumber")), input(*call, body, "content"), call->visibility.get());
            if (bundle.has_error()) return answer(bundle.error());
            answer(json_response(call->format, 200, std::move(*bundle)));
        });
    one.name = "get-ws-binding-token";
    one.at_type = true;
    one.definition =
        "http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-get-ws-binding-token";
    operations.add(one,
                   [&subscriptions](const Services& services, CallPtr call, fhir::DocumentPtr body, Answer answer) {
                       auto token = binding_token(services, subscriptions.sockets(), *call, body);
                       if (token.has_error()) return answer(token.error());
                       answer(json_response(call->format, 200, std::move(*token)));
                   });
}

}  // namespace causeway::rest
