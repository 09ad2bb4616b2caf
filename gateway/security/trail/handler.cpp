#include "gateway/security/trail/handler.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <charconv>
#include <set>

#include "fhir/json/json.hpp"
#include "fhir/model/reference.hpp"
#include "fhir/search/query.hpp"
#include "gateway/http/principal.hpp"
#include "gateway/rest/answer.hpp"
#include "gateway/rest/bundle_writer.hpp"
#include "gateway/rest/format.hpp"
#include "gateway/security/trail/event.hpp"

namespace causeway::security {
namespace {

using fhir::IssueCode;
using fhir::search::QueryParameter;
using rest::fault;
using rest::Outcome;

/// A row is written within this time after what it tells of.
constexpr std::int64_t row_delay_max_us = std::int64_t{600} * 1'000'000;
constexpr std::string_view page_mark = "trail.";
constexpr std::string_view past_the_trail = "trail.end";
constexpr std::string_view trail_path = "/AuditEvent";

std::optional<TrailPlace> read_place(std::string_view token) {
    if (!token.starts_with(page_mark)) return std::nullopt;
    token.remove_prefix(page_mark.size());
    TrailPlace place;
    const auto* const end = token.data() + token.size();
    const auto first = std::from_chars(token.data(), end, place.sequence);
    if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '.' || place.sequence < 1) return std::nullopt;
    const auto second = std::from_chars(first.ptr + 1, end, place.n);
    if (second.ec != std::errc{} || second.ptr != end) return std::nullopt;
    return place;
}

std::string write_place(const TrailPlace& place) {
    return std::string(page_mark) + std::to_string(place.sequence) + "." + std::to_string(place.n);
}

std::string json_of(const fhir::DocumentPtr& document) {
    std::string json;
    fhir::write_json(document->root(), json);
    return json;
}

}  // namespace

/// A request about the trail, as far as it is needed to say whose it is.
struct TrailHandler::Asked {
    Principal principal;
    std::string id;                          ///< of one event; empty: a search
    std::vector<QueryParameter> parameters;  ///< without _page
    std::string page;
    std::string patient;  ///< the right is confined to it
    std::string base;
    rest::Format format;
    bool lenient = false;
};

bool TrailHandler::concerns(const http::Request& request) const {
    const std::string& base = services_.settings.base_path;
    const std::string_view path = request.path();
    return path.starts_with(base) && path.substr(base.size()).starts_with(trail_path);
}

bool TrailHandler::understand(const http::Request& request, Asked& asked) const {
    std::string_view path = request.path();
    path.remove_prefix(services_.settings.base_path.size() + trail_path.size());
    if (path.ends_with('/')) path.remove_suffix(1);
    const bool get = request.method == http::Method::get || request.method == http::Method::head;
    const bool form = request.method == http::Method::post && path == "/_search";
    if (!form && !get) return false;
    std::string query(request.query());
    if (form) query += (query.empty() ? "" : "&") + request.body;
    auto parameters = fhir::search::decode_query(query);
    if (parameters.has_error()) return false;  // the inner handler says what is wrong
    asked.parameters.assign(parameters->begin(), parameters->end());
    if (get && !path.empty()) {
        if (path.find('/', 1) != std::string_view::npos && !path.ends_with("/_history/1")) return false;
        asked.id = path.substr(1, path.find('/', 1) == std::string_view::npos ? path.npos : path.find('/', 1) - 1);
        if (!read_audit_event_id(asked.id)) return false;
    }
    std::erase_if(asked.parameters, [&](const QueryParameter& each) {
        if (each.name != "_page") return false;
        asked.page = each.value;
        return true;
    });
    // A page token of the inner handler's own search goes back to it.
    if (!asked.page.empty() && !asked.page.starts_with(page_mark)) return false;
    auto format = rest::negotiate(request.headers, asked.parameters);
    if (format.has_error()) return false;
    asked.format = *format;
    if (const auto prefer = request.headers.find("Prefer")) asked.lenient = rest::parse_prefer(*prefer).lenient;
    asked.principal = http::principal_of(request);
    asked.base = services_.settings.base_url;
    if (asked.base.empty())
        asked.base = std::string(request.peer && request.peer->encrypted ? "https://" : "http://") +
                     std::string(request.headers.get("Host")) + services_.settings.base_path;
    return true;
}

bool TrailHandler::may_see(Asked& asked) const {
    const auto decision = services_.door.authorize(
        asked.principal, {Interaction::audit_read, "AuditEvent", asked.id, asked.id.empty() ? "search" : "read"});
    if (decision.allowed && !decision.filter.patient_ids.empty()) asked.patient = decision.filter.patient_ids.front();
    return decision.allowed;
}

bool TrailHandler::take(const rest::CallPtr& entry, const rest::Answer& answer) const {
    if (!entry->is_get() || entry->route.type != "AuditEvent") return false;
    http::Request request;
    request.method = entry->request.method;
    request.target = services_.settings.base_path + entry->request.target;
    request.id = entry->request.id;
    request.peer = entry->request.peer;
    Asked asked;
    if (!concerns(request) || !understand(request, asked)) return false;
    asked.principal = entry->principal;
    asked.base = entry->base;
    asked.format = {};
    asked.lenient = entry->prefer.lenient;
    if (!may_see(asked)) return false;
    if (asked.page == past_the_trail) {
        std::erase_if(entry->parameters, [](const QueryParameter& each) { return each.name == "_page"; });
        return false;
    }
    answer(find(request, asked));
    return true;
}

void TrailHandler::handle(http::Request request, http::Reply reply) {
    if (!concerns(request)) return inner_.handle(std::move(request), std::move(reply));
    Asked asked;
    if (!understand(request, asked)) return inner_.handle(std::move(request), std::move(reply));
    // Who may not see the trail may still see AuditEvents that clients stored.
    if (!may_see(asked)) return inner_.handle(std::move(request), std::move(reply));
    if (!services_.cpu) return answer(std::move(request), std::move(asked), reply);
    boost::asio::post(*services_.cpu, [this, request = std::move(request), asked = std::move(asked), reply]() mutable {
        answer(std::move(request), std::move(asked), reply);
    });
}

void TrailHandler::answer(http::Request request, Asked asked, const http::Reply& reply) {
    if (asked.page == past_the_trail) {
        std::string query;
        std::vector<std::pair<std::string, std::string>> rest;
        for (const auto& each : asked.parameters) rest.emplace_back(each.name, each.value);
        request.target = services_.settings.base_path + "/AuditEvent";
        if (!rest.empty()) request.target += "?" + fhir::search::encode_query(rest);
        request.method = http::Method::get;
        request.body.clear();
        return inner_.handle(std::move(request), reply);
    }
    auto outcome = find(request, asked);
    reply(outcome ? std::move(*outcome) : rest::fault_response(asked.format, outcome.error()));
}

Outcome<http::Response> TrailHandler::find(const http::Request& request, const Asked& asked) const {
    Outcome<http::Response> outcome = fault(500, IssueCode::exception, "Something went wrong inside the server");
    try {
        outcome = asked.id.empty() ? search(request, asked) : read(asked);
    } catch (const std::exception&) {
        // The 500 above stands.
    }
    if (!record(request, asked, outcome)) return fault(503, IssueCode::transient, "The audit queue is full; try again");
    return outcome;
}

Outcome<http::Response> TrailHandler::read(const Asked& asked) const {
    const auto missing = fault(404, IssueCode::not_found, "There is no resource of this type with this id");
    const auto place = read_audit_event_id(asked.id);
    auto snapshot = services_.store.snapshot();
    if (snapshot.has_error()) return rest::fault_of(snapshot.error());
    auto rows = (*snapshot)->audit({place->first - 1, 1});
    if (rows.has_error()) return rest::fault_of(rows.error());
    if (rows->empty() || rows->front().sequence != place->first) return missing;
    const auto record = read_audit_record(rows->front());
    if (!record || place->second >= record->events()) return missing;
    if (!asked.patient.empty() && record->patient_of(place->second) != asked.patient) return missing;
    auto response = rest::json_response(asked.format, 200, json_of(audit_event(*record, place->second)));
    response.headers.add("ETag", rest::etag(1));
    return response;
}

Outcome<TrailQuery> TrailHandler::query_of(const Asked& asked) const {
    TrailQuery query;
    auto parameters = asked.parameters;
    std::erase_if(parameters, [&](const QueryParameter& each) {
        if (each.name != "_sort") return false;
        query.ascending = each.value == "date" || each.value == "_lastUpdated";
        return query.ascending || each.value == "-date" || each.value == "-_lastUpdated";
    });
    fhir::search::QueryOptions options;
    options.handling = asked.lenient ? fhir::search::Handling::lenient : fhir::search::Handling::strict;
    options.now_us = services_.clock.now_us();
    options.zone_offset_minutes = services_.settings.zone_offset_minutes;
    options.base_url = asked.base;
    auto parsed = fhir::search::parse_query("AuditEvent", parameters, options);
    if (!parsed.ok()) {
        rest::Fault made;
        made.status = 400;
        for (const auto& issue : parsed.issues) made.issues.push_back(issue);
        return made;
    }
    if (!parsed.plan.sort.empty())
        return fault(400, IssueCode::not_supported, "A search of the audit trail is sorted by date only");
    for (const auto& each : parameters) {
        if (each.name != "date" || each.value.size() < 4) continue;
        const std::string_view prefix = std::string_view(each.value).substr(0, 2);
        const bool bare = each.value[0] >= '0' && each.value[0] <= '9';
        const QueryParameter date{"_lastUpdated", bare ? each.value : each.value.substr(2)};
        const auto one = fhir::search::parse_query("AuditEvent", {&date, 1}, options);
        if (!one.ok() || one.plan.conditions.empty() || one.plan.conditions[0].criterion.children.empty()) continue;
        const auto& operands = one.plan.conditions[0].criterion.children[0].operands;
        if (operands.size() != 1) continue;
        if (bare || prefix == "ge" || prefix == "gt" || prefix == "sa" || prefix == "eq")
            query.from_us = std::max(query.from_us, operands[0].date.low_us);
        if (bare || prefix == "le" || prefix == "lt" || prefix == "eb" || prefix == "eq")
            query.until_us = std::min(query.until_us, operands[0].date.high_us + row_delay_max_us);
    }
    query.count = std::min(parsed.plan.count.value_or(services_.settings.page_default), services_.settings.page_max);
    query.plan = std::move(parsed.plan);
    query.patient = asked.patient;
    return query;
}

/// The resources that the page's events are about, each once, within the rights of who asks.
void TrailHandler::append_included(rest::BundleWriter& bundle, storage::Reader& reader, const Asked& asked,
                                   const TrailPage& page) const {
    bool all = false, patients = false;
    for (const auto& each : asked.parameters) {
        if (!each.name.starts_with("_include")) continue;
        const std::string_view wanted = each.value;
        all = all || wanted == "*" || wanted.starts_with("AuditEvent:*") || wanted.starts_with("AuditEvent:entity");
        patients = patients || wanted.starts_with("AuditEvent:patient");
    }
    if (!all && !patients) return;
    std::set<std::string, std::less<>> seen;
    for (const auto& event : page.events) {
        for (const auto entity : event->root()["entity"].items()) {
            const auto reference = entity["what"]["reference"].text();
            const auto slash = reference.find('/');
            if (slash == std::string_view::npos) continue;
            const auto type = reference.substr(0, slash);
            const auto id = reference.substr(slash + 1, reference.find('/', slash + 1) - slash - 1);
            if (!all && type != "Patient") continue;
            if (seen.size() == services_.settings.includes_max) return;
            if (!seen.emplace(reference.substr(0, slash + 1 + id.size())).second) continue;
            const auto decision = services_.door.authorize(asked.principal, {Interaction::read, type, id, {}});
            if (!decision.allowed) continue;
            const auto visibility =
                services_.visibilities.of(decision.filter, asked.base, services_.settings.zone_offset_minutes);
            const auto found = reader.read(type, id);
            if (visibility.has_error() || found.has_error() || !*found || (*found)->erased()) continue;
            if (*visibility) {
                const auto visible = reader.sees(**visibility, **found);
                if (visible.has_error() || !*visible) continue;
            }
            bundle.begin_entry();
            bundle.full_url(asked.base, type, id);
            bundle.resource([&](std::string& json) { (*found)->append_json(json); });
            bundle.search("include");
            bundle.end_entry();
        }
    }
}

Outcome<http::Response> TrailHandler::search(const http::Request&, const Asked& asked) const {
    auto query = query_of(asked);
    if (query.has_error()) return query.error();
    TrailPlace from;
    if (!asked.page.empty()) {
        const auto place = read_place(asked.page);
        if (!place) return fault(400, IssueCode::value, "The page token is not one of this search");
        from = *place;
    }
    const bool count_only =
        query->plan.summary == fhir::search::Summary::count || (query->plan.count && *query->plan.count == 0);
    if (count_only) {
        query->count_only = true;
        query->rows_max = 1'000'000;
    }
    auto snapshot = services_.store.snapshot();
    if (snapshot.has_error()) return rest::fault_of(snapshot.error());
    auto page = search_trail(**snapshot, *query, from);
    if (page.has_error()) return rest::fault_of(page.error());
    if (count_only && page->more)
        return fault(403, IssueCode::too_costly, "More than a million rows would be counted: give a range of dates");
    const auto stored = fhir::search::parse_query("AuditEvent", {}, {});
    auto others = (*snapshot)->find(stored.plan, 1);
    if (others.has_error()) return rest::fault_of(others.error());

    rest::BundleWriter bundle("searchset", services_.clock.now_us());
    const bool whole = from.sequence == 0 && !page->more && others->empty();
    if (whole || count_only) bundle.total(page->counted);
    std::vector<std::pair<std::string, std::string>> used;
    for (const auto& each : asked.parameters)
        if (each.name != "_format" && each.name != "_pretty") used.emplace_back(each.name, each.value);
    const std::string url = asked.base + "/AuditEvent";
    bundle.link("self", used.empty() ? url : url + "?" + fhir::search::encode_query(used));
    if (!count_only && (page->more || !others->empty())) {
        used.emplace_back("_page", page->more ? write_place(page->next) : std::string(past_the_trail));
        bundle.link("next", url + "?" + fhir::search::encode_query(used));
    }
    if (!count_only) {
        for (const auto& event : page->events) {
            bundle.begin_entry();
            bundle.full_url(asked.base, "AuditEvent", event->id());
            bundle.resource([&](std::string& json) { json += json_of(event); });
            bundle.search("match");
            bundle.end_entry();
        }
        append_included(bundle, **snapshot, asked, *page);
    }
    return rest::json_response(asked.format, 200, std::move(bundle).finish());
}

bool TrailHandler::record(const http::Request& request, const Asked& asked,
                          const Outcome<http::Response>& outcome) const {
    if (!services_.reads) return true;
    AuditEntry entry;
    entry.at_us = services_.clock.now_us();
    entry.principal = asked.principal;
    entry.interaction = asked.id.empty() ? Interaction::search : Interaction::read;
    entry.type = "AuditEvent";
    entry.id = asked.id;
    entry.patient = asked.patient;
    entry.token = asked.principal.token;
    entry.correlation = request.id;
    entry.status = static_cast<int>(outcome ? outcome->status : outcome.error().status);
    if (asked.id.empty()) {
        for (const auto& each : asked.parameters)
            entry.query.append(entry.query.empty() ? "" : "&").append(each.name.substr(0, 64));
        entry.request = std::string(http::to_string(request.method)) + " " + request.target;
        if (!request.body.empty()) entry.request += "\n" + request.body.substr(0, request_bytes_max);
    }
    return services_.reads->record(entry);
}

}  // namespace causeway::security
