#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "fhir/json/json.hpp"
#include "fhir/r4/tables.hpp"
#include "fhir/search/parameters.hpp"
#include "fhir/validate/outcome.hpp"
#include "gateway/rest/answer.hpp"
#include "gateway/rest/bundle_writer.hpp"
#include "gateway/rest/read.hpp"
#include "gateway/rest/search_parameters.hpp"
#include "gateway/rest/subset.hpp"
#include "gateway/rest/terminology_service.hpp"

namespace causeway::rest {
namespace {

using fhir::IssueCode;
using fhir::search::Criterion;
using fhir::search::ParsedQuery;
using fhir::search::QueryParameter;
using fhir::search::Summary;

constexpr std::string_view page_parameter = "_page";

fhir::search::QueryOptions query_options(const Services& services, const std::string& base, std::int64_t now_us,
                                         bool lenient) {
    fhir::search::QueryOptions options;
    options.handling = lenient ? fhir::search::Handling::lenient : fhir::search::Handling::strict;
    options.now_us = now_us;
    options.zone_offset_minutes = services.settings.zone_offset_minutes;
    options.base_url = base;
    options.ignorable = services.settings.ignorable_parameters;
    if (services.search_parameters) options.custom = services.search_parameters->current();
    return options;
}

/// What is stored of value sets and code systems counts for the search that asks for it.
void refresh_terminology(const Services& services, std::span<const QueryParameter> parameters) {
    if (!services.terminology) return;
    for (const QueryParameter& parameter : parameters) {
        const std::string_view name = parameter.name;
        for (const std::string_view modifier : {std::string_view(":in"), std::string_view(":not-in"),
                                                std::string_view(":above"), std::string_view(":below")})
            if (name.ends_with(modifier)) return services.terminology->refresh();
        if (name == "_filter") return services.terminology->refresh();
    }
}

Fault bad_query(const ParsedQuery& parsed) {
    Fault made;
    made.status = 400;
    for (const fhir::Issue& issue : parsed.issues)
        if (issue.severity == fhir::Severity::error || issue.severity == fhir::Severity::fatal)
            made.issues.push_back(issue);
    if (std::ranges::any_of(made.issues, [](const fhir::Issue& issue) { return issue.code == IssueCode::too_costly; }))
        made.status = 403;
    return made;
}

/// `type` lies in the owner's compartment if one of its parameters says so; the owner itself does too.
Outcome<Criterion> compartment_criterion(const Services& services, const Call& call, const SearchRequest& request,
                                         std::string_view type) {
    Criterion any;
    any.kind = Criterion::Kind::any;
    const auto add = [&](const QueryParameter& parameter) {
        ParsedQuery parsed =
            fhir::search::parse_query(type, {&parameter, 1}, query_options(services, call.base, call.now_us, false));
        if (parsed.ok() && !parsed.plan.conditions.empty())
            any.children.push_back(std::move(parsed.plan.conditions[0].criterion));
    };
    std::string ids = request.owner_id, references = request.owner_type + "/" + request.owner_id;
    for (const auto& id : request.owner_linked) {
        ids += "," + id;
        references += "," + request.owner_type + "/" + id;
    }
    if (type == request.owner_type) add({"_id", ids});
    for (const auto& row : fhir::r4::compartment(request.owner_type)) {
        if (row.type != type) continue;
        for (const std::string_view code : row.parameters)
            if (code != "{def}") add({std::string(code), references});
    }
    if (any.children.empty())
        return fault(404, IssueCode::not_supported, "The type does not belong to the compartment");
    return any;
}

/// Every type of a compartment, for `Patient/1/*`.
std::string compartment_types(std::string_view owner) {
    std::string types(owner);
    for (const auto& row : fhir::r4::compartment(owner))
        if (row.type != owner) types.append(",").append(row.type);
    return types;
}

/// The parameter that says when care was given; empty for types that are not dated so.
std::string_view care_date_of(std::string_view type) {
    static constexpr std::array<std::string_view, 14> codes = {
        "date",    "onset-date", "authoredon", "authored",       "effective", "effective-time", "occurrence",
        "started", "start-date", "period",     "whenhandedover", "created",   "collected",      "recorded-date"};
    for (const auto code : codes)
        if (const auto* const found = fhir::search::find_parameter(type, code);
            found && found->type == fhir::search::ParameterType::date)
            return code;
    return {};
}

/// Care within the request's dates, or care without a date; nothing for a type that has none.
Outcome<std::optional<Criterion>> care_criterion(const Services& services, const Call& call,
                                                 const SearchRequest& request, std::string_view type) {
    const std::string code(care_date_of(type));
    if ((request.care_from.empty() && request.care_to.empty()) || code.empty()) return std::optional<Criterion>();
    const auto options = query_options(services, call.base, call.now_us, false);
    std::vector<QueryParameter> within;
    if (!request.care_from.empty()) within.push_back({code, "ge" + request.care_from});
    if (!request.care_to.empty()) within.push_back({code, "le" + request.care_to});
    ParsedQuery dated = fhir::search::parse_query(type, within, options);
    if (!dated.ok()) return fault(400, IssueCode::value, "start and end are dates");
    const QueryParameter missing{code + ":missing", "true"};
    ParsedQuery undated = fhir::search::parse_query(type, {&missing, 1}, options);
    Criterion any;
    any.kind = Criterion::Kind::any;
    for (ParsedQuery* one : {&dated, &undated}) any.children.push_back(std::move(one->plan.conditions[0].criterion));
    return std::optional<Criterion>(std::move(any));
}

Outcome<void> confine_to_compartment(const Services& services, const Call& call, const SearchRequest& request,
                                     fhir::search::SearchPlan& plan) {
    for (auto& condition : plan.conditions) {
        auto criterion = compartment_criterion(services, call, request, condition.type);
        if (criterion.has_error()) return criterion.error();
        Criterion both;
        both.kind = Criterion::Kind::all;
        both.children.push_back(std::move(*criterion));
        auto care = care_criterion(services, call, request, condition.type);
        if (care.has_error()) return care.error();
        if (*care) both.children.push_back(std::move(**care));
        both.children.push_back(std::move(condition.criterion));
        condition.criterion = std::move(both);
    }
    return {};
}

bool has_parameter(std::span<const QueryParameter> parameters, std::string_view name) {
    return std::ranges::any_of(parameters, [&](const QueryParameter& parameter) { return parameter.name == name; });
}

constexpr std::string_view linked_modifier = ":mdm";

/// `subject:mdm=Patient/1` asks for what was said of that human being, of whichever record it was said.
Outcome<void> expand_linked(const Services& services, const Call& call, std::vector<QueryParameter>& parameters) {
    for (auto& parameter : parameters) {
        if (!parameter.name.ends_with(linked_modifier) || !services.linked_patients) continue;
        const auto snapshot = services.store.snapshot();
        if (snapshot.has_error()) return fault_of(snapshot.error());
        std::string value;
        for (std::size_t from = 0; from <= parameter.value.size();) {
            const auto to = std::min(parameter.value.find(',', from), parameter.value.size());
            auto linked = linked_with(services, **snapshot, call, parameter.value.substr(from, to - from));
            if (linked.has_error()) return linked.error();
            for (const auto& reference : *linked) value += (value.empty() ? "" : ",") + reference;
            from = to + 1;
        }
        parameter.name.resize(parameter.name.size() - linked_modifier.size());
        parameter.value = std::move(value);
    }
    return {};
}

/// The plan with the server's maxima applied, confined to the compartment.
Outcome<ParsedQuery> plan_of(const Services& services, const Call& call, SearchRequest& request) {
    if (auto expanded = expand_linked(services, call, request.parameters); expanded.has_error())
        return expanded.error();
    std::string type = request.type;
    if (type == "*") {
        type.clear();
        if (!has_parameter(request.parameters, "_type"))
            request.parameters.push_back({"_type", compartment_types(request.owner_type)});
    }
    const auto says_something = [](const QueryParameter& p) {
        static constexpr std::array<std::string_view, 11> names = {"_type", "_id",      "_has",      "_lastUpdated",
                                                                   "_tag",  "_profile", "_security", "_source",
                                                                   "_list", "_content", "_text"};
        const std::string_view name = std::string_view(p.name).substr(0, p.name.find(':'));
        return !name.starts_with("_") || name == "_filter" || std::ranges::find(names, name) != names.end();
    };
    if (type.empty() && std::ranges::none_of(request.parameters, says_something))
        return fault(400, IssueCode::too_costly,
                     "A search over all types needs _type or a parameter common to all types");
    ParsedQuery query = fhir::search::parse_query(type, request.parameters,
                                                  query_options(services, call.base, call.now_us, call.prefer.lenient));
    if (!query.ok()) return bad_query(query);
    refresh_terminology(services, request.parameters);
    fhir::search::SearchPlan& plan = query.plan;
    if (!request.owner_type.empty())
        if (auto confined = confine_to_compartment(services, call, request, plan); confined.has_error())
            return confined.error();
    if (plan.summary == Summary::text && !plan.includes.empty())
        return fault(400, IssueCode::not_supported, "_summary=text cannot be combined with _include or _revinclude");
    if (plan.summary == Summary::count || (plan.count && *plan.count == 0)) {
        plan.summary = Summary::count;
        plan.total = fhir::search::Total::accurate;
    }
    plan.count = std::min(plan.count.value_or(services.settings.page_default), services.settings.page_max);
    return query;
}

void write_resource(BundleWriter& bundle, const Call& call, const storage::StoredResource& resource,
                    std::string_view mode, const std::optional<Subset>& subset) {
    bundle.begin_entry();
    bundle.full_url(call.base, resource.type, resource.id);
    bundle.resource([&](std::string& json) {
        if (subset)
            json += cut_down(resource.json(), *subset);
        else
            resource.append_json(json);
    });
    bundle.search(mode);
    bundle.end_entry();
}

/// The contained resources themselves, where `_containedType=contained` asks for them.
void write_contained(BundleWriter& bundle, const Call& call, const storage::StoredResource& container,
                     std::span<const std::string> ids, const std::optional<Subset>& subset) {
    const auto document = fhir::parse_json(container.json());
    if (document.has_error()) return;  // a stored body is readable
    for (const fhir::Element one : (*document)->root()["contained"].items()) {
        const std::string_view id = one["id"].text();
        if (std::ranges::find(ids, id) == ids.end()) continue;
        bundle.begin_entry();
        bundle.full_url(call.base, container.type, container.id + "#" + std::string(id));
        bundle.resource(
            [&](std::string& json) { json += subset ? cut_down(fhir::to_json(one), *subset) : fhir::to_json(one); });
        bundle.search("match");
        bundle.end_entry();
    }
}

/// Parameters that were left out, includes that were cut: never silently. And how it was found, if that was asked.
void write_warnings(BundleWriter& bundle, const fhir::Issues& issues, bool includes_cut,
                    const std::vector<std::string>& explained) {
    fhir::Issues warnings = issues;
    for (const auto& line : explained)
        warnings.push_back({fhir::Severity::information, IssueCode::informational, line, {}, {}});
    if (includes_cut)
        warnings.push_back({fhir::Severity::warning,
                            IssueCode::incomplete,
                            "More resources are included than the server returns at once",
                            {},
                            {}});
    if (warnings.empty()) return;
    bundle.begin_entry();
    bundle.resource([&](std::string& json) { fhir::write_outcome(warnings, json); });
    bundle.search("outcome");
    bundle.end_entry();
}

}  // namespace

Outcome<std::vector<std::string>> linked_with(const Services& services, storage::Reader& reader, const Call& call,
                                              std::string_view reference) {
    constexpr std::string_view type = "Patient/";
    std::string_view id = reference;
    if (id.starts_with(call.base) && id.size() > call.base.size()) id.remove_prefix(call.base.size() + 1);
    const bool typed = id.starts_with(type);
    if (typed) id.remove_prefix(type.size());
    std::vector<std::string> out{std::string(reference)};
    if (!services.linked_patients || !(call.access().everything || call.access().patient_ids.empty())) return out;
    auto linked = services.linked_patients(reader, id);
    if (linked.has_error()) return fault_of(linked.error());
    for (const auto& other : *linked)
        if (other != id) out.push_back((typed ? std::string(type) : std::string()) + other);
    return out;
}

Outcome<fhir::search::SearchPlan> parse_condition(const Services& services, const std::string& base,
                                                  std::string_view type, std::string_view query, std::int64_t now_us) {
    if (query.starts_with('?')) query.remove_prefix(1);
    auto parameters = fhir::search::decode_query(query);
    if (parameters.has_error()) return fault_of(parameters.error());
    std::erase_if(*parameters, [](const QueryParameter& parameter) {
        return parameter.value.empty() || parameter.name == "_format" || parameter.name == "_pretty";
    });
    if (parameters->empty())
        return fault(412, IssueCode::required, "The condition is empty: it would match everything");
    auto options = query_options(services, base, now_us, false);
    options.ignorable = {};
    options.result_parameters = false;
    ParsedQuery parsed = fhir::search::parse_query(type, *parameters, options);
    if (!parsed.ok()) return bad_query(parsed);
    if (parsed.ignored_any || parsed.plan.conditions.empty())
        return fault(412, IssueCode::not_supported, "A part of the condition would be ignored");
    refresh_terminology(services, *parameters);
    return std::move(parsed.plan);
}

Outcome<fhir::search::SearchPlan> search_plan(const Services& services, const Call& call, SearchRequest request) {
    auto query = plan_of(services, call, request);
    if (query.has_error()) return query.error();
    return std::move(query->plan);
}

Outcome<void> each_match(const Services& services, storage::Reader& reader, const Call& call, SearchRequest request,
                         const std::function<bool(const storage::StoredResource&)>& each) {
    auto plan = search_plan(services, call, std::move(request));
    if (plan.has_error()) return plan.error();
    plan->count = services.settings.page_max;
    std::string token;
    do {
        storage::SearchOptions options;
        options.page_token = token;
        options.binding = "each";
        options.count_max = services.settings.page_max;
        options.visibility = call.visibility.get();
        auto page = reader.search(*plan, options);
        if (page.has_error()) return fault_of(page.error());
        for (const auto& match : page->matches)
            if (!each(match)) return {};
        token = std::move(page->next_page);
    } while (!token.empty());
    return {};
}

Outcome<http::Response> search(const Services& services, storage::Reader& reader, const Call& call) {
    SearchRequest request;
    request.parameters = call.parameters;
    if (call.route.member_type.empty()) {
        request.type = call.route.type;
        if (!request.type.empty()) request.path = "/" + request.type;
    } else {
        if (fhir::r4::compartment(call.route.type).empty())
            return fault(404, IssueCode::not_supported, "The type has no compartment");
        request.type = call.route.member_type;
        request.owner_type = call.route.type;
        request.owner_id = call.route.id;
        request.path = "/" + call.route.type + "/" + call.route.id + "/" + call.route.member_type;
    }
    return run_search(services, reader, call, std::move(request));
}

Outcome<http::Response> run_search(const Services& services, storage::Reader& reader, const Call& call,
                                   SearchRequest request) {
    std::string token;
    std::erase_if(request.parameters, [&](const QueryParameter& parameter) {
        if (parameter.name != page_parameter) return false;
        token = parameter.value;
        return true;
    });
    auto query = plan_of(services, call, request);
    if (query.has_error()) return query.error();
    const fhir::search::SearchPlan& plan = query->plan;
    const auto& used = request.link_parameters ? *request.link_parameters : plan.used;
    const std::string canonical = fhir::search::encode_query(used);
    const std::string binding =
        "search|" + request.path + "|" + fhir::search::encode_query(plan.used) + "|" + call.principal.id +
        (request.care_from.empty() && request.care_to.empty() ? "" : "|" + request.care_from + "|" + request.care_to);
    storage::SearchOptions options;
    options.page_token = token;
    options.visibility = call.visibility.get();
    options.binding = binding;
    options.count_max = services.settings.page_max;
    options.includes_max = services.settings.includes_max;
    auto page = reader.search(plan, options);
    if (page.has_error()) return fault_of(page.error());

    const bool count_only = plan.summary == Summary::count;
    const std::string url = call.base + request.path;
    const std::string self = canonical.empty() ? url : url + "?" + canonical;
    BundleWriter bundle("searchset", call.now_us);
    if (page->total && plan.total != fhir::search::Total::none) bundle.total(*page->total);
    bundle.link("self", self);
    if (!count_only && !page->next_page.empty()) {
        auto next = used;
        next.emplace_back(page_parameter, page->next_page);
        bundle.link("next", url + "?" + fhir::search::encode_query(next));
    }
    if (!token.empty()) bundle.link("first", self);
    std::map<std::string, std::optional<Subset>> subsets;
    for (const auto& condition : plan.conditions) subsets.emplace(condition.type, subset_of(plan, condition.type));
    if (!count_only) {
        for (std::size_t i = 0; i < page->matches.size(); ++i) {
            const auto& match = page->matches[i];
            const auto& subset = subsets[match.type];
            if (!plan.contained_as_container && i < page->contained.size() && !page->contained[i].empty())
                write_contained(bundle, call, match, page->contained[i], subset);
            else
                write_resource(bundle, call, match, "match", subset);
        }
        for (const auto& include : page->includes) write_resource(bundle, call, include, "include", std::nullopt);
    }
    write_warnings(bundle, query->issues, page->includes_cut, page->explain);
    http::Response response = json_response(call.format, 200, std::move(bundle).finish());
    if (call.prefer.handling_stated)
        response.headers.add("Preference-Applied", call.prefer.lenient ? "handling=lenient" : "handling=strict");
    return response;
}

}  // namespace causeway::rest
