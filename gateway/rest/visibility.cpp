#include "gateway/rest/visibility.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <mutex>
#include <unordered_map>

#include "fhir/r4/tables.hpp"
#include "fhir/search/query.hpp"

namespace causeway::rest {
namespace {

using fhir::search::Criterion;
using fhir::search::ParsedQuery;
using fhir::search::QueryParameter;

constexpr std::size_t remembered_max = 256;

/// Types outside the patient compartment that say nothing about any patient, ascending.
constexpr std::array<std::string_view, 64> shared_types = {"ActivityDefinition",
                                                           "CapabilityStatement",
                                                           "CatalogEntry",
                                                           "ChargeItemDefinition",
                                                           "CodeSystem",
                                                           "CompartmentDefinition",
                                                           "ConceptMap",
                                                           "DeviceDefinition",
                                                           "DeviceMetric",
                                                           "EffectEvidenceSynthesis",
                                                           "Endpoint",
                                                           "EventDefinition",
                                                           "Evidence",
                                                           "EvidenceVariable",
                                                           "ExampleScenario",
                                                           "GraphDefinition",
                                                           "HealthcareService",
                                                           "ImplementationGuide",
                                                           "InsurancePlan",
                                                           "Library",
                                                           "Location",
                                                           "Measure",
                                                           "Medication",
                                                           "MedicationKnowledge",
                                                           "MedicinalProduct",
                                                           "MedicinalProductAuthorization",
                                                           "MedicinalProductContraindication",
                                                           "MedicinalProductIndication",
                                                           "MedicinalProductIngredient",
                                                           "MedicinalProductInteraction",
                                                           "MedicinalProductManufactured",
                                                           "MedicinalProductPackaged",
                                                           "MedicinalProductPharmaceutical",
                                                           "MedicinalProductUndesirableEffect",
                                                           "MessageDefinition",
                                                           "NamingSystem",
                                                           "ObservationDefinition",
                                                           "OperationDefinition",
                                                           "Organization",
                                                           "OrganizationAffiliation",
                                                           "PlanDefinition",
                                                           "Practitioner",
                                                           "PractitionerRole",
                                                           "Questionnaire",
                                                           "ResearchDefinition",
                                                           "ResearchElementDefinition",
                                                           "ResearchStudy",
                                                           "RiskEvidenceSynthesis",
                                                           "Schedule",
                                                           "SearchParameter",
                                                           "Slot",
                                                           "SpecimenDefinition",
                                                           "StructureDefinition",
                                                           "StructureMap",
                                                           "Substance",
                                                           "SubstanceNucleicAcid",
                                                           "SubstancePolymer",
                                                           "SubstanceProtein",
                                                           "SubstanceReferenceInformation",
                                                           "SubstanceSourceMaterial",
                                                           "SubstanceSpecification",
                                                           "TerminologyCapabilities",
                                                           "TestScript",
                                                           "ValueSet"};

/// The labels that need a right of their own; resources with neither are seen.
const std::string restricted_labels =
    "http://terminology.hl7.org/CodeSystem/v3-Confidentiality|R,"
    "http://terminology.hl7.org/CodeSystem/v3-Confidentiality|V";

class Maker {
public:
    Maker(const security::AccessFilter& filter, std::string_view base_url, std::int32_t zone_offset_minutes)
        : filter_(filter) {
        options_.base_url = base_url;
        options_.zone_offset_minutes = zone_offset_minutes;
        options_.result_parameters = false;
        options_.values_max = 100'000;
        for (const auto& id : filter.patient_ids) {
            ids_ += (ids_.empty() ? "" : ",") + id;
            references_ += (references_.empty() ? "Patient/" : ",Patient/") + id;
        }
    }

    Outcome<std::shared_ptr<const storage::Visibility>> make() {
        auto made = std::make_shared<storage::Visibility>();
        for (const std::string_view type : fhir::r4::resource_types()) {
            const bool named = filter_.allows_type(type) || (filter_.types.empty() && !filter_.patient_ids.empty());
            if (!named) continue;
            Criterion all;
            if (!filter_.patient_ids.empty()) {
                auto lies_in = compartment(type);
                if (!lies_in) continue;
                all.children.push_back(std::move(*lies_in));
            }
            Criterion any;
            any.kind = Criterion::Kind::any;
            for (const auto& each : filter_.queries) {
                if (each.type != type) continue;
                auto parameters = fhir::search::decode_query(each.query);
                if (parameters.has_error()) return fault_of(parameters.error());
                ParsedQuery parsed = fhir::search::parse_query(type, *parameters, options_);
                if (!parsed.ok() || parsed.ignored_any || parsed.plan.conditions.size() != 1)
                    return fault(403, fhir::IssueCode::forbidden, "A granular right cannot be read as a search");
                any.children.push_back(std::move(parsed.plan.conditions[0].criterion));
            }
            if (!any.children.empty()) all.children.push_back(std::move(any));
            if (!filter_.restricted) {
                const auto before = all.children.size();
                add(type, {"_security:not", restricted_labels}, all);
                if (all.children.size() == before)
                    return fault(403, fhir::IssueCode::forbidden, "Confidentiality labels cannot be looked at");
            }
            made->types.push_back({std::string(type), std::move(all)});
        }
        return std::shared_ptr<const storage::Visibility>(std::move(made));
    }

private:
    /// One parameter's criterion; nothing if the type does not have it in the way asked for.
    void add(std::string_view type, const QueryParameter& parameter, Criterion& to) {
        ParsedQuery parsed = fhir::search::parse_query(type, {&parameter, 1}, options_);
        if (parsed.ok() && parsed.plan.conditions.size() == 1)
            to.children.push_back(std::move(parsed.plan.conditions[0].criterion));
    }

    std::optional<Criterion> compartment(std::string_view type) {
        Criterion any;
        any.kind = Criterion::Kind::any;
        if (type == "Patient") add(type, {"_id", ids_}, any);
        for (const auto& row : fhir::r4::compartment("Patient")) {
            if (row.type != type) continue;
            for (const std::string_view code : row.parameters)
                if (code != "{def}") add(type, {std::string(code), references_}, any);
        }
        if (type == "Device") {  // not of the compartment, but it may belong to a patient
            add(type, {"patient", references_}, any);
            add(type, {"patient:missing", "true"}, any);
        }
        if (!any.children.empty()) return any;
        if (std::ranges::binary_search(shared_types, type)) return Criterion();
        return std::nullopt;
    }

    const security::AccessFilter& filter_;
    fhir::search::QueryOptions options_;
    std::string ids_, references_;
};

std::string key_of(const security::AccessFilter& filter, std::string_view base_url) {
    std::string key(base_url);
    if (!filter.restricted) key += "\nno labels";
    if (filter.everything) key += "\nall";
    for (const auto& type : filter.types) key.append("\nt").append(type);
    for (const auto& id : filter.patient_ids) key.append("\np").append(id);
    for (const auto& each : filter.queries) key.append("\nq").append(each.type).append("?").append(each.query);
    return key;
}

}  // namespace

/// One permitted action of a grant. Grants never change, and while this one is held no other has its address.
struct Permitted {
    std::shared_ptr<const security::Grant> grant;
    security::Interaction interaction{};
    bool overrides_labels = false, of_instance = false;
    std::string type, operation, base_url;
    Sight sight;
};

struct Visibilities::State {
    std::mutex mutex;
    std::unordered_map<std::string, std::shared_ptr<const storage::Visibility>> made;
    std::mutex permitted_mutex;
    std::array<Permitted, 64> permitted;
};

Visibilities::Visibilities() : state_(std::make_unique<State>()) {}
Visibilities::~Visibilities() = default;

Outcome<std::shared_ptr<const storage::Visibility>> Visibilities::of(const security::AccessFilter& filter,
                                                                     std::string_view base_url,
                                                                     std::int32_t zone_offset_minutes) const {
    if (filter.shows_all()) return std::shared_ptr<const storage::Visibility>();
    const std::string key = key_of(filter, base_url);
    {
        const std::lock_guard lock(state_->mutex);
        if (const auto known = state_->made.find(key); known != state_->made.end()) return known->second;
    }
    auto made = Maker(filter, base_url, zone_offset_minutes).make();
    if (made.has_error()) return made;
    const std::lock_guard lock(state_->mutex);
    if (state_->made.size() >= remembered_max) state_->made.clear();
    state_->made.emplace(key, *made);
    return made;
}

Outcome<Sight> Visibilities::of(const security::Door& door, const security::Principal& principal,
                                const security::Action& action, std::string_view base_url,
                                std::int32_t zone_offset_minutes) const {
    const bool remembered = principal.kind == security::Principal::Kind::client && principal.grant;
    const bool overrides = !principal.purpose.empty(), instance = !action.id.empty();
    const auto place = [&] {
        const auto mixed = std::hash<const void*>()(principal.grant.get()) / alignof(std::max_align_t) * 31 +
                           static_cast<std::size_t>(action.interaction) * 7 +
                           std::hash<std::string_view>()(action.type);
        return mixed % state_->permitted.size();
    };
    if (remembered) {
        const std::lock_guard lock(state_->permitted_mutex);
        const Permitted& known = state_->permitted[place()];
        if (known.grant == principal.grant && known.interaction == action.interaction && known.type == action.type &&
            known.overrides_labels == overrides && known.of_instance == instance &&
            known.operation == action.operation && known.base_url == base_url)
            return known.sight;
    }
    auto decision = door.authorize(principal, action);
    if (!decision.allowed) return fault(403, fhir::IssueCode::forbidden, std::move(decision.reason));
    Sight sight;
    if (!decision.filter.shows_all()) {
        auto visibility = of(decision.filter, base_url, zone_offset_minutes);
        if (visibility.has_error()) return visibility.error();
        sight = {std::make_shared<const security::AccessFilter>(std::move(decision.filter)), std::move(*visibility)};
    }
    if (remembered) {
        Permitted now{principal.grant,
                      action.interaction,
                      overrides,
                      instance,
                      std::string(action.type),
                      std::string(action.operation),
                      std::string(base_url),
                      sight};
        const std::lock_guard lock(state_->permitted_mutex);
        std::swap(state_->permitted[place()], now);
    }
    return sight;
}

}  // namespace causeway::rest
