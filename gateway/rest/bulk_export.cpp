#include <algorithm>
#include <stdexcept>

#include "fhir/json/json.hpp"
#include "fhir/model/reference.hpp"
#include "fhir/r4/tables.hpp"
#include "fhir/validate/outcome.hpp"
#include "gateway/rest/answer.hpp"
#include "gateway/rest/bulk_jobs.hpp"
#include "gateway/rest/subset.hpp"

namespace causeway::rest {
namespace {

using fhir::IssueCode;
using fhir::search::Criterion;
using fhir::search::ParsedQuery;
using fhir::search::QueryParameter;
using fhir::search::SearchPlan;

constexpr std::size_t patients_max = 100'000;
constexpr std::size_t deleted_per_bundle = 100;

std::vector<std::string> split(std::string_view list) {
    std::vector<std::string> out;
    while (!list.empty()) {
        const auto comma = list.find(',');
        if (const auto one = list.substr(0, comma); !one.empty()) out.emplace_back(one);
        list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    }
    return out;
}

/// What may be seen, narrowed to the patients of the job.
security::AccessFilter filter_of(const BulkJob& job) {
    security::AccessFilter filter = job.access;
    const bool chosen = job.level == BulkJob::Level::group || !job.parameter("patient").empty();
    if (!chosen) return filter;
    if (filter.everything || filter.patient_ids.empty()) {
        filter.patient_ids = job.patients;
    } else {
        std::erase_if(filter.patient_ids,
                      [&](const std::string& id) { return std::ranges::find(job.patients, id) == job.patients.end(); });
    }
    filter.everything = false;
    if (filter.patient_ids.empty()) filter.patient_ids.emplace_back("-");  // nobody has that id
    return filter;
}

bool in_compartment(std::string_view type) {
    return type == "Patient" ||
           std::ranges::any_of(fhir::r4::compartment("Patient"), [&](const auto& row) { return row.type == type; });
}

/// Patient/$export: resources that refer to some patient.
Criterion about_patients(std::string_view type) {
    Criterion any;
    any.kind = Criterion::Kind::any;
    for (const auto& row : fhir::r4::compartment("Patient")) {
        if (row.type != type) continue;
        for (const std::string_view code : row.parameters) {
            const QueryParameter there{std::string(code) + ":missing", "false"};
            ParsedQuery parsed = fhir::search::parse_query(type, {&there, 1});
            if (parsed.ok() && !parsed.plan.conditions.empty())
                any.children.push_back(std::move(parsed.plan.conditions[0].criterion));
        }
    }
    return any;
}

Outcome<SearchPlan> plan_of(const Services& services, const BulkJob& job, std::string_view type) {
    fhir::search::QueryOptions options;
    options.base_url = job.base;
    options.zone_offset_minutes = services.settings.zone_offset_minutes;
    options.now_us = job.accepted_us;
    std::vector<QueryParameter> parameters;
    if (const auto since = job.parameter("_since"); !since.empty())
        parameters.push_back({"_lastUpdated", "ge" + std::string(since)});
    const auto failed = [](const ParsedQuery& parsed) {
        Fault made = fault(400, IssueCode::value, "The parameters of the export cannot be read");
        if (!parsed.issues.empty()) made.issues = parsed.issues;
        return made;
    };
    ParsedQuery all = fhir::search::parse_query(type, parameters, options);
    if (!all.ok()) return failed(all);
    Criterion any;
    any.kind = Criterion::Kind::any;
    for (const auto& [name, value] : job.parameters) {
        if (name != "_typeFilter") continue;
        for (const std::string& filter : split(value)) {
            const auto question = filter.find('?');
            if (filter.substr(0, question) != type) continue;
            auto query = fhir::search::decode_query(
                question == std::string::npos ? std::string_view() : std::string_view(filter).substr(question + 1));
            if (query.has_error()) return fault_of(query.error());
            options.result_parameters = false;
            ParsedQuery parsed = fhir::search::parse_query(type, *query, options);
            if (!parsed.ok()) return failed(parsed);
            any.children.push_back(std::move(parsed.plan.conditions[0].criterion));
        }
    }
    auto& criterion = all.plan.conditions[0].criterion;
    if (!any.children.empty()) criterion.children.push_back(std::move(any));
    if (job.level == BulkJob::Level::patient && type != "Patient" && in_compartment(type) &&
        job.parameter("patient").empty())
        criterion.children.push_back(about_patients(type));
    return std::move(all.plan);
}

void fail(const storage::Failure& failure) { throw std::runtime_error("storage: " + failure.message); }

/// One export under way, for the length of a step.
class Export {
public:
    Export(const Services& services, BulkJob& job, std::filesystem::path folder, std::uint32_t page)
        : services_(services), job_(job), folder_(std::move(folder)), page_(page), binding_("bulk|" + job.id) {
        auto visibility = services.visibilities.of(filter_of(job), job.base, services.settings.zone_offset_minutes);
        if (visibility.has_error()) throw std::runtime_error("the rights of the export cannot be read");
        visibility_ = std::move(*visibility);
        const auto elements = split(job.parameter("_elements"));
        if (!elements.empty()) {
            subset_.emplace();
            subset_->elements = elements;
        }
    }

    /// The first page of every type, all from one state of the store.
    void begin() {
        auto snapshot = services_.store.snapshot();
        if (snapshot.has_error()) fail(snapshot.error());
        job_.transaction_us = services_.clock.now_us();
        for (auto& part : job_.parts) page(**snapshot, part);
        if (!job_.parameter("_since").empty()) deleted(**snapshot);
        job_.started = true;
    }

    bool go_on() {
        const auto part = std::ranges::find_if(job_.parts, [](const auto& each) { return !each.done; });
        if (part == job_.parts.end()) return false;
        auto snapshot = services_.store.snapshot();
        if (snapshot.has_error()) {
            if (snapshot.error().code == storage::FailureCode::busy) return true;
            fail(snapshot.error());
        }
        page(**snapshot, *part);
        return std::ranges::any_of(job_.parts, [](const auto& each) { return !each.done; });
    }

private:
    void page(storage::Reader& reader, BulkJob::Part& part) {
        auto plan = plan_of(services_, job_, part.type);
        if (plan.has_error()) throw std::runtime_error("the parameters of the export cannot be read");
        plan->count = page_;
        plan->total = fhir::search::Total::none;
        storage::SearchOptions options;
        options.page_token = part.token;
        options.binding = binding_;
        options.visibility = visibility_.get();
        options.rows_max = 50'000'000;
        options.time_max = std::chrono::minutes(5);
        auto found = reader.search(*plan, options);
        if (found.has_error()) return give_up(part, found.error());
        std::string lines;
        std::uint64_t count = 0;
        for (const auto& match : found->matches) {
            std::string json = match.json();
            if (job_.level == BulkJob::Level::patient && match.type != "Patient" && in_compartment(match.type) &&
                json.find("Patient/") == std::string::npos)
                continue;
            lines += subset_ ? cut_down(json, subset_of_type(match.type)) : json;
            lines += '\n';
            ++count;
        }
        if (!BulkFiles(folder_, job_.files).append(part.type, {}, lines, count))
            throw std::runtime_error("the disk takes no more");
        part.token = found->next_page;
        part.done = part.token.empty();
    }

    /// The type is named among the errors; the others go on.
    void give_up(BulkJob::Part& part, const storage::Failure& failure) {
        const Fault why = fault_of(failure);
        fhir::Issues issues = why.issues;
        issues.front().text = part.type + ": " + issues.front().text;
        if (!BulkFiles(folder_, job_.errors).append("OperationOutcome", "errors.", fhir::to_outcome(issues) + "\n", 1))
            throw std::runtime_error("the disk takes no more");
        part.done = true;
    }

    Subset subset_of_type(std::string_view type) const {
        Subset out;
        for (const auto& element : subset_->elements) {
            const auto dot = element.find('.');
            if (dot == std::string::npos)
                out.elements.push_back(element);
            else if (element.substr(0, dot) == type)
                out.elements.push_back(element.substr(dot + 1));
        }
        return out;
    }

    void deleted(storage::Reader& reader) {
        const QueryParameter since{"_lastUpdated", std::string(job_.parameter("_since"))};
        const auto parsed = fhir::search::parse_query("Patient", {&since, 1});
        if (!parsed.ok()) return;
        std::string token, lines, entries;
        std::uint64_t count = 0;
        std::size_t in_bundle = 0;
        const auto flush = [&] {
            if (entries.empty()) return;
            entries.back() = ']';
            lines += R"({"resourceType":"Bundle","type":"transaction","entry":[)" + entries + "}\n";
            entries.clear();
            in_bundle = 0;
            ++count;
        };
        do {
            storage::HistoryRequest request;
            request.since_us = parsed.plan.conditions[0].criterion.children[0].operands[0].date.low_us;
            request.count = 1000;
            request.page_token = token;
            request.binding = binding_;
            request.visibility = visibility_.get();
            auto history = reader.history(request);
            if (history.has_error()) fail(history.error());
            for (const auto& version : history->entries) {
                const bool wanted =
                    std::ranges::any_of(job_.parts, [&](const auto& part) { return part.type == version.type; });
                if (!version.erased() || !wanted) continue;
                entries += R"({"request":{"method":"DELETE","url":")" + version.type + "/" + version.id + "\"}},";
                if (++in_bundle == deleted_per_bundle) flush();
            }
            token = history->next_page;
        } while (!token.empty());
        flush();
        if (!BulkFiles(folder_, job_.deleted).append("Bundle", "deleted.", lines, count))
            throw std::runtime_error("the disk takes no more");
    }

    const Services& services_;
    BulkJob& job_;
    const std::filesystem::path folder_;
    const std::uint32_t page_;
    const std::string binding_;
    std::shared_ptr<const storage::Visibility> visibility_;
    std::optional<Subset> subset_;
};

/// The patients of a group's members; groups in groups are not followed.
Outcome<std::vector<std::string>> members_of(const Services& services, const BulkJob& job, std::string_view group) {
    auto snapshot = services.store.snapshot();
    if (snapshot.has_error()) return fault_of(snapshot.error());
    auto found = (*snapshot)->read("Group", group);
    if (found.has_error()) return fault_of(found.error());
    bool seen = found->has_value() && !(*found)->erased();
    auto visibility = services.visibilities.of(job.access, job.base, services.settings.zone_offset_minutes);
    if (visibility.has_error()) return visibility.error();
    if (seen && *visibility) {
        auto told = (*snapshot)->sees(**visibility, **found);
        if (told.has_error()) return fault_of(told.error());
        seen = *told;
    }
    if (!seen) return fault(404, IssueCode::not_found, "There is no resource of this type with this id");
    const auto document = fhir::parse_json((*found)->json());
    if (document.has_error()) return fault_of(document.error());
    std::vector<std::string> out;
    for (const auto member : (*document)->root()["member"].items()) {
        if (member["inactive"].text() == "true") continue;
        const auto reference = fhir::ReferenceUrl::parse(member["entity"]["reference"].text());
        if (reference.type == "Patient" && reference.names_resource()) out.emplace_back(reference.id);
    }
    if (out.size() > patients_max) return fault(422, IssueCode::too_costly, "The group has too many members");
    return out;
}

}  // namespace

Outcome<void> check_export(const Services& services, BulkJob& job) {
    static constexpr std::array<std::string_view, 8> known = {
        "_outputFormat", "_since", "_type", "_typeFilter", "_elements", "patient", "includeAssociatedData", "group"};
    for (const auto& [name, value] : job.parameters) {
        if (std::ranges::find(known, name) == known.end())
            return fault(400, IssueCode::not_supported,
                         "$export takes _outputFormat, _since, _type, _typeFilter, _elements and patient");
        if (name == "includeAssociatedData" && !value.empty())
            return fault(400, IssueCode::not_supported, "includeAssociatedData is not supported");
    }
    const auto format = job.parameter("_outputFormat");
    if (!format.empty() && format != "application/fhir+ndjson" && format != "application/ndjson" &&
        format != "ndjson" && format != "application/fhir ndjson")
        return fault(400, IssueCode::not_supported, "_outputFormat takes application/fhir+ndjson");
    if (job.level == BulkJob::Level::group) {
        auto members = members_of(services, job, job.parameter("group"));
        if (members.has_error()) return members.error();
        job.patients = std::move(*members);
    }
    for (const auto& [name, value] : job.parameters)
        if (name == "patient")
            for (const auto& one : split(value)) {
                const auto reference = fhir::ReferenceUrl::parse(one);
                if (job.level == BulkJob::Level::system || reference.type != "Patient" || !reference.names_resource())
                    return fault(400, IssueCode::value, "patient names patients, at the levels of Patient and Group");
                job.patients.emplace_back(reference.id);
            }
    std::vector<std::string> types;
    for (const auto& [name, value] : job.parameters)
        if (name == "_type")
            for (auto& type : split(value)) types.push_back(std::move(type));
    for (const auto& type : types)
        if (!fhir::r4::is_resource_type(type))
            return fault(400, IssueCode::not_supported, "_type names what is no resource type");
    if (types.empty())
        for (const std::string_view type : fhir::r4::resource_types())
            if (job.level == BulkJob::Level::system || in_compartment(type)) types.emplace_back(type);
    std::ranges::sort(types);
    types.erase(std::unique(types.begin(), types.end()), types.end());
    auto visibility = services.visibilities.of(filter_of(job), job.base, services.settings.zone_offset_minutes);
    if (visibility.has_error()) return visibility.error();
    for (const auto& type : types) {
        if (*visibility && !(*visibility)->find(type)) continue;
        if (auto plan = plan_of(services, job, type); plan.has_error()) return plan.error();
        job.parts.push_back({type, {}, false});
    }
    for (const auto& [name, value] : job.parameters) {
        if (name != "_typeFilter") continue;
        for (const auto& filter : split(value))
            if (!fhir::r4::is_resource_type(std::string_view(filter).substr(0, filter.find('?'))))
                return fault(400, IssueCode::value, "_typeFilter begins with a resource type");
    }
    return {};
}

bool export_step(const Services& services, BulkJob& job, const std::filesystem::path& folder, std::uint32_t page) {
    Export under_way(services, job, folder, page);
    if (job.started) return under_way.go_on();
    under_way.begin();
    return std::ranges::any_of(job.parts, [](const auto& part) { return !part.done; });
}

}  // namespace causeway::rest
