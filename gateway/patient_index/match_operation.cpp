#include "gateway/patient_index/match_operation.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "gateway/rest/answer.hpp"

namespace causeway::patient_index {
namespace {

using fhir::IssueCode;

constexpr std::size_t count_max = 1000, members_max = 100;
constexpr std::string_view grade_extension = "http://hl7.org/fhir/StructureDefinition/match-grade";

std::string_view grade(const Candidate& candidate, const match::Model& model) {
    if (candidate.decision.outcome == match::Outcome::automatic) return "certain";
    return candidate.score.weight >= model.probable ? "probable" : "possible";
}

/// The probability; all but a certain match with a number of the person's own stays below 1.
double shown_score(const Candidate& candidate) {
    const auto level = [&](match::Field field) { return candidate.score[field].level; };
    const bool number = level(match::Field::ssn) == match::ssn_level::exact ||
                        level(match::Field::identifier) == match::identifier_level::equal;
    const bool certain = candidate.decision.outcome == match::Outcome::automatic;
    return std::min(candidate.score.probability(), certain && number ? 1. : .99);
}

/// Exactly one certain person, nothing unseen: else nothing may be released as certain.
std::vector<Candidate> only_certain(const Found& found) {
    std::vector<Candidate> out;
    for (const auto& candidate : found.candidates)
        if (candidate.decision.outcome == match::Outcome::automatic) out.push_back(candidate);
    if (out.size() > 1 || found.truncated) out.clear();
    return out;
}

void append_entry(std::string& out, bool first, const storage::StoredResource& resource, const Candidate& candidate,
                  const match::Model& model, std::string_view base) {
    out += fmt::format(R"({}{{"fullUrl":"{}/Patient/{}","resource":)", first ? "" : ",", base, resource.id);
    resource.append_json(out);
    out += fmt::format(R"(,"search":{{"extension":[{{"url":"{}","valueCode":"{}"}}],"mode":"match","score":{:.4f}}}}})",
                       grade_extension, grade(candidate, model), shown_score(candidate));
}

std::string outcome_entry(bool first, std::string_view text) {
    return fmt::format(
        R"({}{{"resource":{{"resourceType":"OperationOutcome","issue":[{{"severity":"information","code":"informational","diagnostics":"{}"}}]}},"search":{{"mode":"outcome"}}}})",
        first ? "" : ",", text);
}

bool permitted(const security::AccessFilter& access, std::string_view id) {
    if (access.everything) return true;
    if (!access.allows_type("Patient")) return false;
    return access.patient_ids.empty() ||
           std::find(access.patient_ids.begin(), access.patient_ids.end(), id) != access.patient_ids.end();
}

rest::Outcome<MatchRequest> read_request(const rest::Call& call, const fhir::DocumentPtr& body) {
    MatchRequest out;
    out.base = call.base;
    out.now_us = call.now_us;
    if (const auto count = rest::input(call, body, "count"); !count.empty()) {
        const auto [end, error] = std::from_chars(count.data(), count.data() + count.size(), out.count);
        if (error != std::errc() || end != count.data() + count.size() || out.count == 0)
            return rest::fault(400, IssueCode::value, "count is a number above 0",
                               "Parameters.parameter.where(name='count')");
        out.count = std::min(out.count, count_max);
    }
    const auto certain = rest::input(call, body, "onlyCertainMatches");
    if (!certain.empty() && certain != "true" && certain != "false")
        return rest::fault(400, IssueCode::value, "onlyCertainMatches is true or false",
                           "Parameters.parameter.where(name='onlyCertainMatches')");
    out.only_certain = certain == "true";
    return out;
}

void run_match(const PatientIndex& index, const rest::Services& services, const rest::CallPtr& call,
               const fhir::DocumentPtr& body, const rest::Answer& answer) {
    const auto patient = rest::input_resource(body, "resource");
    if (patient.resource_type() != "Patient")
        return answer(rest::fault(400, IssueCode::required,
                                  "$match takes a Patient, as the body or as the parameter 'resource'",
                                  "Parameters.parameter.where(name='resource')"));
    const auto request = read_request(*call, body);
    if (request.has_error()) return answer(request.error());
    auto snapshot = services.store.snapshot();
    if (snapshot.has_error()) return answer(rest::fault_of(snapshot.error()));
    try {
        const auto found = index.find((*snapshot)->patients(), patient);
        const auto model = index.model();
        auto json = match_bundle(**snapshot, found, *model, *request,
                                 [&](std::string_view id) { return permitted(call->access(), id); });
        answer(rest::json_response(call->format, 200, std::move(json)));
    } catch (const storage::FailureException& failure) {
        answer(rest::fault_of(failure.failure()));
    }
}

}  // namespace

std::string match_bundle(storage::Reader& reader, const Found& found, const match::Model& model,
                         const MatchRequest& request, const std::function<bool(std::string_view id)>& readable) {
    const auto candidates = request.only_certain ? only_certain(found) : found.candidates;
    std::string entries;
    std::size_t written = 0;
    for (const auto& candidate : candidates) {
        auto members = reader.patients().members(candidate.person, members_max).value();
        std::stable_partition(members.begin(), members.end(), [&](auto member) { return member == candidate.record; });
        for (const auto member : members) {
            if (written == request.count) break;
            const auto record = reader.patients().record(member).value();
            if (!record || (record->state & record_state::subsumed)) continue;
            const auto resource = reader.read(member).value();
            if (!resource || resource->erased() || !readable(resource->id)) continue;
            append_entry(entries, written == 0, *resource, candidate, model, request.base);
            ++written;
        }
    }
    const auto total = written;
    if (found.truncated)
        entries += outcome_entry(written == 0, "Not all candidates could be compared: the given values are too common");
    std::string out = R"({"resourceType":"Bundle","type":"searchset","timestamp":")";
    storage::append_instant(request.now_us, out);
    out += fmt::format(R"(","total":{})", total);
    if (!entries.empty()) out += R"(,"entry":[)" + entries + "]";
    out += "}";
    return out;
}

void add_match_operation(rest::Operations& operations, const PatientIndex& index) {
    rest::Operation operation;
    operation.name = "match";
    operation.definition = "http://hl7.org/fhir/OperationDefinition/Patient-match";
    operation.types = {"Patient"};
    operation.at_type = true;
    operation.get_allowed = false;
    operations.add(std::move(operation),
                   [&index](const rest::Services& services, rest::CallPtr call, fhir::DocumentPtr body,
                            rest::Answer answer) { run_match(index, services, call, body, answer); });
}

}  // namespace causeway::patient_index
