#include "gateway/exchange/prescription_checks.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "fhir/json/json.hpp"
#include "fhir/search/query.hpp"
#include "gateway/exchange/candidate.hpp"

namespace causeway::exchange {
namespace {

constexpr std::size_t looked_at_max = 100;  // orders and allergies of one patient
constexpr std::size_t word_bytes_min = 4;

/// Lower case, everything that is no letter or digit a blank, a blank at both ends.
std::string words_of(std::string_view text) {
    std::string out = " ";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool word = std::isalnum(byte) != 0 || byte >= 0x80;
        if (word)
            out += static_cast<char>(std::tolower(byte));
        else if (out.back() != ' ')
            out += ' ';
    }
    return out.back() == ' ' ? out : out + " ";
}

bool share_a_code(fhir::Element a, fhir::Element b) {
    for (const auto one : a["coding"].items())
        for (const auto other : b["coding"].items())
            if (one["code"].has_value() && one["code"].text() == other["code"].text() &&
                one["system"].text() == other["system"].text())
                return true;
    return false;
}

std::vector<std::string> names_of(fhir::Element concept_) {
    std::vector<std::string> names;
    if (concept_["text"].has_value()) names.push_back(words_of(concept_["text"].text()));
    for (const auto coding : concept_["coding"].items())
        if (coding["display"].has_value()) names.push_back(words_of(coding["display"].text()));
    return names;
}

bool same_name(fhir::Element a, fhir::Element b) {
    for (const auto& one : names_of(a))
        for (const auto& other : names_of(b))
            if (one == other && one.size() > word_bytes_min) return true;
    return false;
}

/// "penicillin" in "penicillin v potassium 500 mg oral tablet"
bool names_substance(fhir::Element drug, fhir::Element substance) {
    for (const auto& name : names_of(substance)) {
        if (name.size() < word_bytes_min + 2) continue;
        for (const auto& of_drug : names_of(drug))
            if (of_drug.find(name) != std::string::npos) return true;
    }
    return false;
}

bool is_over(fhir::Element allergy) {
    const auto has = [&](std::string_view member, std::initializer_list<std::string_view> codes) {
        for (const auto coding : allergy[member]["coding"].items())
            if (std::find(codes.begin(), codes.end(), coding["code"].text()) != codes.end()) return true;
        return false;
    };
    return has("clinicalStatus", {"inactive", "resolved"}) ||
           has("verificationStatus", {"refuted", "entered-in-error"});
}

storage::Result<std::vector<fhir::DocumentPtr>> all_of(storage::Reader& reader, std::string_view type,
                                                       std::vector<fhir::search::QueryParameter> parameters) {
    fhir::search::QueryOptions options;
    options.result_parameters = false;
    const auto query = fhir::search::parse_query(type, parameters, options);
    const auto found = reader.find(query.plan, looked_at_max);
    if (found.has_error()) return found.error();
    std::vector<fhir::DocumentPtr> documents;
    for (const auto& match : *found) {
        auto stored = reader.read(match.name.type, match.name.id);
        if (stored.has_error()) return stored.error();
        if (!*stored || (*stored)->erased()) continue;
        auto document = fhir::parse_json(std::move((*stored)->body.json));
        if (document.has_value()) documents.push_back(std::move(*document));
    }
    return documents;
}

}  // namespace

storage::Result<std::vector<fhir::DocumentPtr>> active_orders(storage::Reader& reader, std::string_view patient) {
    return all_of(reader, "MedicationRequest",
                  {{"patient", std::string(patient)}, {"status", "active"}, {"intent", "order"}});
}

storage::Result<std::vector<fhir::DocumentPtr>> allergies_of(storage::Reader& reader, std::string_view patient) {
    return all_of(reader, "AllergyIntolerance", {{"patient", std::string(patient)}});
}

storage::Result<std::vector<PrescriptionWarning>> check_prescription(storage::Reader& reader, std::string_view id,
                                                                     const fhir::Document& prescription) {
    std::vector<PrescriptionWarning> warnings;
    const auto patient = prescription.root()["subject"]["reference"].text();
    const auto drug = prescription.root()["medicationCodeableConcept"];
    if (!patient.starts_with("Patient/") || !drug) return warnings;
    const auto orders = active_orders(reader, patient);
    if (orders.has_error()) return orders.error();
    for (const auto& each : *orders) {
        const auto other = each->root()["medicationCodeableConcept"];
        if (each->id() == id || !other) continue;
        if (share_a_code(drug, other) || same_name(drug, other))
            warnings.push_back({"duplicate-prescription", {"MedicationRequest", std::string(each->id())}});
    }
    const auto allergies = allergies_of(reader, patient);
    if (allergies.has_error()) return allergies.error();
    for (const auto& each : *allergies) {
        if (is_over(each->root())) continue;
        bool hit = share_a_code(drug, each->root()["code"]) || names_substance(drug, each->root()["code"]);
        for (const auto reaction : each->root()["reaction"].items())
            hit = hit || share_a_code(drug, reaction["substance"]) || names_substance(drug, reaction["substance"]);
        if (hit) warnings.push_back({"allergy", {"AllergyIntolerance", std::string(each->id())}});
    }
    return warnings;
}

}  // namespace causeway::exchange
