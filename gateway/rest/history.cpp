#include <charconv>

#include "gateway/rest/answer.hpp"
#include "gateway/rest/bundle_writer.hpp"
#include "gateway/rest/read.hpp"

namespace causeway::rest {
namespace {

using fhir::IssueCode;

/// A FHIR date or dateTime as the range it stands for, read as `_lastUpdated` would read it.
Outcome<fhir::search::DateRange> parse_time(const Services& services, std::string_view name, const std::string& value) {
    const fhir::search::QueryParameter parameter{"_lastUpdated", value};
    fhir::search::QueryOptions options;
    options.zone_offset_minutes = services.settings.zone_offset_minutes;
    const bool plain =
        !value.empty() && value.front() >= '0' && value.front() <= '9' && value.find(',') == std::string::npos;
    const auto parsed = fhir::search::parse_query("Patient", {&parameter, 1}, options);
    if (!plain || !parsed.ok() || parsed.plan.conditions.empty() ||
        parsed.plan.conditions[0].criterion.children.empty() ||
        parsed.plan.conditions[0].criterion.children[0].operands.empty())
        return fault(400, IssueCode::value, std::string(name) + " is not a FHIR date or instant");
    return parsed.plan.conditions[0].criterion.children[0].operands[0].date;
}

struct HistoryQuery {
    storage::HistoryRequest request;
    std::string token;
    std::vector<std::pair<std::string, std::string>> used;
};

Outcome<HistoryQuery> parse_history(const Services& services, const Call& call) {
    HistoryQuery query;
    query.request.type = call.route.type;
    query.request.id = call.route.id;
    query.request.count = services.settings.page_default;
    for (const auto& [name, value] : call.parameters) {
        if (value.empty() || name == "_format" || name == "_pretty" || name == "_summary" || name == "_elements")
            continue;
        const bool repeated =
            name != "_page" && std::ranges::any_of(query.used, [&](const auto& used) { return used.first == name; });
        if (repeated) return fault(400, IssueCode::value, name + " may not be repeated");
        if (name == "_count") {
            std::uint32_t count = 0;
            if (std::from_chars(value.data(), value.data() + value.size(), count).ptr != value.data() + value.size())
                return fault(400, IssueCode::value, "_count is not a number");
            query.request.count = std::min(count, services.settings.page_max);
        } else if (name == "_since") {
            auto range = parse_time(services, name, value);
            if (range.has_error()) return range.error();
            query.request.since_us = range->low_us;
        } else if (name == "_at") {
            auto range = parse_time(services, name, value);
            if (range.has_error()) return range.error();
            query.request.at_low_us = range->low_us;
            query.request.at_high_us = range->high_us;
        } else if (name == "_page") {
            query.token = value;
            continue;
        } else {
            if (!call.prefer.lenient)
                return fault(400, IssueCode::not_supported, "A history takes _count, _since and _at");
            continue;
        }
        query.used.emplace_back(name, value);
    }
    return query;
}

std::string history_url(const Call& call) {
    std::string url = call.base;
    if (!call.route.type.empty()) url += "/" + call.route.type;
    if (!call.route.id.empty()) url += "/" + call.route.id;
    return url + "/_history";
}

void write_entry(BundleWriter& bundle, const Call& call, const storage::StoredResource& version) {
    const std::string place = version.type + "/" + version.id;
    bundle.begin_entry();
    bundle.full_url(call.base, version.type, version.id);
    const bool created = version.version.kind == storage::WriteKind::create;
    if (version.erased()) {
        bundle.request("DELETE", place);
        bundle.response("204 No Content", {}, version.version.number, version.version.at_us);
    } else {
        bundle.resource([&](std::string& json) { version.append_json(json); });
        // A create is shown as the update to its id that it is: replaying the entry gives the same id.
        bundle.request("PUT", place);
        bundle.response(created ? "201 Created" : "200 OK",
                        place + "/_history/" + std::to_string(version.version.number), version.version.number,
                        version.version.at_us);
    }
    bundle.end_entry();
}

}  // namespace

Outcome<http::Response> history(const Services& services, storage::Reader& reader, const Call& call) {
    auto query = parse_history(services, call);
    if (query.has_error()) return query.error();
    if (!call.route.id.empty()) {
        auto known = reader.version(call.route.type, call.route.id);
        if (known.has_error()) return fault_of(known.error());
        if (!*known) return fault(404, IssueCode::not_found, "There is no resource of this type with this id");
        if (call.visibility) {
            auto current = reader.read(call.route.type, call.route.id);
            if (current.has_error()) return fault_of(current.error());
            auto seen = reader.sees(*call.visibility, **current);
            if (seen.has_error()) return fault_of(seen.error());
            if (!*seen) return fault(404, IssueCode::not_found, "There is no resource of this type with this id");
        }
    }
    const std::string canonical = fhir::search::encode_query(query->used);
    const std::string binding =
        "history|" + call.route.type + "|" + call.route.id + "|" + canonical + "|" + call.principal.id;
    query->request.page_token = query->token;
    query->request.binding = binding;
    query->request.visibility = call.visibility.get();
    auto page = reader.history(query->request);
    if (page.has_error()) return fault_of(page.error());

    const std::string url = history_url(call);
    BundleWriter bundle("history", call.now_us);
    if (page->total) bundle.total(*page->total);
    bundle.link("self", canonical.empty() ? url : url + "?" + canonical);
    if (!page->next_page.empty()) {
        auto next = query->used;
        next.emplace_back("_page", page->next_page);
        bundle.link("next", url + "?" + fhir::search::encode_query(next));
    }
    for (const storage::StoredResource& version : page->entries) write_entry(bundle, call, version);
    return json_response(call.format, 200, std::move(bundle).finish());
}

}  // namespace causeway::rest
