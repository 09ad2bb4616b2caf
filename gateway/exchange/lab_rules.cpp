#include "gateway/exchange/lab_rules.hpp"

#include <algorithm>
#include <array>
#include <unordered_set>
#include <utility>

#include "fhir/model/builder.hpp"
#include "gateway/exchange/identity_keys.hpp"

namespace causeway::exchange {
namespace {

using Rank = std::pair<std::string_view, int>;
constexpr std::array<Rank, 10> result_ranks = {{{"registered", 0},
                                                {"partial", 1},
                                                {"preliminary", 1},
                                                {"final", 2},
                                                {"amended", 3},
                                                {"corrected", 3},
                                                {"appended", 3},
                                                {"cancelled", 4},
                                                {"entered-in-error", 5},
                                                {"unknown", -1}}};
constexpr std::array<Rank, 7> order_ranks = {{{"draft", 0},
                                              {"active", 1},
                                              {"on-hold", 1},
                                              {"completed", 2},
                                              {"revoked", 2},
                                              {"entered-in-error", 3},
                                              {"unknown", -1}}};

template <std::size_t n>
int rank_of(const std::array<Rank, n>& ranks, std::string_view status) noexcept {
    for (const auto& [name, rank] : ranks) {
        if (name == status) return rank;
    }
    return -1;
}

bool is_result(std::string_view type) { return type == "DiagnosticReport" || type == "Observation"; }

/// Whether a choice element (occurrence[x], medication[x]) stands in the resource.
bool has_choice(fhir::Element resource, std::string_view stem) {
    for (const auto member : resource.children())
        if (member.name().starts_with(stem)) return true;
    return false;
}

std::string_view status_of(const fhir::DocumentPtr& document) {
    return document ? document->root()["status"].text() : std::string_view();
}

/// Instants of one zone compare as text; of two, not: then nothing is said about their order.
enum class Order { earlier, equal, later, unknown };
Order compare_instants(std::string_view a, std::string_view b) {
    if (a.empty() || b.empty()) return Order::unknown;
    if (a == b) return Order::equal;
    const auto zone = [](std::string_view text) {
        const auto at = text.find_first_of("Z+-", std::min<std::size_t>(text.size(), 11));
        return at == std::string_view::npos ? std::string_view() : text.substr(at);
    };
    if (zone(a) != zone(b) || a.size() != b.size()) return Order::unknown;
    return a < b ? Order::earlier : Order::later;
}

bool steps_back(const Candidate& candidate) {
    const int before = result_rank(status_of(candidate.stored));
    const int now = result_rank(status_of(candidate.incoming));
    return before >= 0 && now >= 0 && now < before;
}

/// A report of the past: an earlier issue time, or the same with a lower status; and never back in status.
bool is_stale(const Candidate& report) {
    if (!report.stored || !report.incoming) return false;
    const auto order =
        compare_instants(report.incoming->root()["issued"].text(), report.stored->root()["issued"].text());
    return order == Order::earlier || steps_back(report);
}

storage::Result<storage::PersonId> person_of(storage::Reader& reader, ReferenceParts patient) {
    const auto version = reader.version(patient.type, patient.id);
    if (version.has_error()) return version.error();
    if (!*version) return storage::PersonId{0};
    const auto record = reader.patients().record((*version)->rid);
    if (record.has_error()) return record.error();
    return *record ? (*record)->person : storage::PersonId{0};
}

/// Two records of one person are one patient here.
storage::Result<bool> same_patient(storage::Reader& reader, ReferenceParts a, ReferenceParts b) {
    if (a.type == b.type && a.id == b.id) return true;
    if (a.type != "Patient" || b.type != "Patient") return false;
    const auto first = person_of(reader, a);
    if (first.has_error()) return first.error();
    const auto second = person_of(reader, b);
    if (second.has_error()) return second.error();
    return *first != 0 && *first == *second;
}

/// What a result says, without who said it and how.
bool says_otherwise(fhir::Element stored, fhir::Element incoming) {
    for (const auto member : incoming.children()) {
        const auto name = member.name();
        if (!name.starts_with("value") && name != "interpretation" && name != "component" && name != "dataAbsentReason")
            continue;
        const auto before = stored[name];
        if (!before || !fhir::same_content(before, member)) return true;
    }
    return false;
}

bool rises(const Candidate& candidate) {
    return result_rank(status_of(candidate.incoming)) > result_rank(status_of(candidate.stored));
}

std::optional<Hold> find_contradiction(const std::vector<Candidate>& candidates) {
    for (const auto& report : candidates) {
        if (report.name.type != "DiagnosticReport" || !report.stored || !report.incoming || !report.note.empty() ||
            rises(report) ||
            compare_instants(report.incoming->root()["issued"].text(), report.stored->root()["issued"].text()) !=
                Order::equal)
            continue;
        std::unordered_set<std::string_view> results;
        for (const auto result : report.incoming->root()["result"].items()) results.insert(result["reference"].text());
        for (const auto& result : candidates) {
            if (result.name.type != "Observation" || !result.stored || !result.incoming || !result.note.empty() ||
                results.count("Observation/" + result.name.id) == 0 || rises(result))
                continue;
            if (says_otherwise(result.stored->root(), result.incoming->root()))
                return Hold{"other-value", result.name, result.name};
        }
    }
    return std::nullopt;
}

void drop_stale_reports(std::vector<Candidate>& candidates) {
    std::unordered_set<std::string> stale_results;
    for (auto& report : candidates) {
        if (report.name.type != "DiagnosticReport" || !is_stale(report)) continue;
        report.note = "stale";
        for (const auto result : report.incoming->root()["result"].items())
            stale_results.emplace(result["reference"].text());
    }
    for (auto& result : candidates) {
        if (result.name.type != "Observation") continue;
        if (stale_results.count("Observation/" + result.name.id) != 0 ||
            (result.stored && result.incoming && steps_back(result)))
            result.note = "stale";
    }
}

}  // namespace

storage::Result<std::optional<Hold>> find_mismatch(storage::Reader& reader, const fhir::Document& stored,
                                                   const fhir::Document& incoming) {
    const auto expected = relative_reference(stored.root()["subject"]);
    const auto found = relative_reference(incoming.root()["subject"]);
    if (!expected || !found) return std::optional<Hold>();
    const auto same = same_patient(reader, expected, found);
    if (same.has_error()) return same.error();
    if (*same) return std::optional<Hold>();
    return std::optional(Hold{"patient-mismatch",
                              {std::string(expected.type), std::string(expected.id)},
                              {std::string(found.type), std::string(found.id)}});
}

std::vector<std::string> order_keys(fhir::Element report) {
    std::vector<std::string> keys;
    for (const std::string_view kind : {"FILL", "PLAC"}) {
        for (const auto identifier : report["identifier"].items()) {
            const auto value = identifier["value"].text();
            if (value.empty() || identifier["type"]["coding"].first()["code"].text() != kind) continue;
            keys.push_back(identity_key("ServiceRequest", kind, identifier["system"].text(), value));
        }
    }
    return keys;
}

fhir::DocumentPtr based_on(const fhir::DocumentPtr& report, const storage::ResourceName& order) {
    const auto target = order.type + "/" + order.id;
    for (const auto each : report->root()["basedOn"].items()) {
        if (each["reference"].text() == target) return report;
    }
    auto builder = fhir::DocumentBuilder::edit(report);
    builder.root().append("basedOn").member("reference").set_string(target);
    return std::move(builder).finish();
}

bool is_order(std::string_view type) noexcept { return type == "ServiceRequest" || type == "MedicationRequest"; }

bool is_order_message(std::string_view structure) noexcept {
    constexpr std::array<std::string_view, 11> structures = {"OML_O21", "OML_O33", "OML_O35", "ORM_O01",
                                                             "OMG_O19", "OMI_O23", "OMP_O09", "RDE_O11",
                                                             "REF_I12", "PPR_PC1", "OMS_O05"};
    return std::find(structures.begin(), structures.end(), structure) != structures.end();
}

fhir::DocumentPtr said_of_order(const fhir::Document& stored, const fhir::DocumentPtr& incoming) {
    constexpr std::array<std::string_view, 4> always = {"resourceType", "identifier", "status", "extension"};
    auto builder = fhir::DocumentBuilder::edit(incoming);
    std::vector<fhir::Element> unsaid;
    for (const auto member : incoming->root().children()) {
        const auto name = member.name();
        bool there = static_cast<bool>(stored.root()[name]);
        for (const std::string_view stem : {"occurrence", "medication", "asNeeded", "quantity", "reported"})
            there = there || (name.starts_with(stem) && has_choice(stored.root(), stem));
        if (there && std::find(always.begin(), always.end(), name) == always.end()) unsaid.push_back(member);
    }
    for (const auto member : unsaid) builder.root().remove(member.name());
    return std::move(builder).finish();
}

int result_rank(std::string_view status) noexcept { return rank_of(result_ranks, status); }
int order_rank(std::string_view status) noexcept { return rank_of(order_ranks, status); }

storage::Result<std::optional<Hold>> apply_result_rules(storage::Reader& reader, std::vector<Candidate>& candidates,
                                                        bool decided) {
    for (const auto& candidate : candidates) {
        if (!candidate.stored || !candidate.incoming ||
            (!is_result(candidate.name.type) && !is_order(candidate.name.type)))
            continue;
        auto hold = find_mismatch(reader, *candidate.stored, *candidate.incoming);
        if (hold.has_error() || *hold) return hold;
    }
    drop_stale_reports(candidates);
    return decided ? std::optional<Hold>() : find_contradiction(candidates);
}

fhir::DocumentPtr keep_order_status(const fhir::Document& stored, fhir::DocumentPtr merged) {
    const auto before = stored.root()["status"].text();
    const int rank = order_rank(merged->root()["status"].text());
    if (rank < 0 || order_rank(before) <= rank) return merged;
    auto builder = fhir::DocumentBuilder::edit(std::move(merged));
    builder.root().member("status").set_string(before);
    return std::move(builder).finish();
}

}  // namespace causeway::exchange
