#include "fhir/validate/repairs.hpp"

namespace causeway::fhir {

namespace {

struct Repair {
    std::string_view key;
    std::string_view path;
    std::string_view expression;
};

/// matches() finds a part of the text; this rule is about the whole of it, and the name may be missing.
constexpr std::string_view usable_name = "name.matches('[A-Z]([A-Za-z0-9_]){0,254}')";
constexpr std::string_view usable_name_repaired = "name.exists() implies name.matches('^[A-Z]([A-Za-z0-9_]){0,254}$')";

constexpr Repair repairs[] = {
    // Partial dates and other units do not compare; that is no fault.
    {"per-1", "Period",
     "start.hasValue().not() or end.hasValue().not() or iif((start <= end).exists(), start <= end, true)"},
    {"rng-2", "Range", "low.value.empty() or high.value.empty() or iif((low <= high).exists(), low <= high, true)"},
    {"inv-1", "Task",
     "lastModified.exists().not() or authoredOn.exists().not() or lastModified.highBoundary() >= "
     "authoredOn.lowBoundary()"},
    {"mdd-1", "MedicationDispense",
     "whenHandedOver.empty() or whenPrepared.empty() or "
     "iif((whenHandedOver >= whenPrepared).exists(), whenHandedOver >= whenPrepared, true)"},
    // What is not there is not too large, and no wrong maximum.
    {"ras-2", "RiskAssessment.prediction",
     "probability.empty() or (probability is decimal implies (probability as decimal) <= 100)"},
    {"md-1", "MessageDefinition.focus", "max.empty() or max = '*' or max.toInteger() > 0"},
    // The rule says "more than one".
    {"que-12", "Questionnaire.item", "enableWhen.count() > 1 implies enableBehavior.exists()"},
    // Boolean with a capital is FHIRPath's own type; the element has FHIR's.
    {"que-7", "Questionnaire.item.enableWhen", "operator = 'exists' implies (answer is boolean)"},
    // A CodeableConcept never equals a string, so the published one asks every Condition with a category.
    {"con-3", "Condition",
     "clinicalStatus.exists() or verificationStatus.coding.where(system='http://terminology.hl7.org/CodeSystem/"
     "condition-ver-status' and code = 'entered-in-error').exists() or category.coding.where(system="
     "'http://terminology.hl7.org/CodeSystem/condition-category' and code = 'problem-list-item').empty()"},
    // The published ones have the code system 'something'.
    {"ppc-2", "Consent",
     "patient.exists() or scope.coding.where(system='http://terminology.hl7.org/CodeSystem/consentscope' and "
     "code='patient-privacy').exists().not()"},
    {"ppc-3", "Consent",
     "patient.exists() or scope.coding.where(system='http://terminology.hl7.org/CodeSystem/consentscope' and "
     "code='research').exists().not()"},
    {"ppc-4", "Consent",
     "patient.exists() or scope.coding.where(system='http://terminology.hl7.org/CodeSystem/consentscope' and "
     "code='adr').exists().not()"},
    {"ppc-5", "Consent",
     "patient.exists() or scope.coding.where(system='http://terminology.hl7.org/CodeSystem/consentscope' and "
     "code='treatment').exists().not()"},
    // Not anchored as published, so that any text passes.
    {"eld-19", "ElementDefinition",
     "path.matches('^[^\\\\s\\\\.,:;\\\\\\'\"\\\\/|?!@#$%&*()\\\\[\\\\]{}]{1,64}(\\\\.[^\\\\s\\\\.,:;\\\\\\'\"\\\\/"
     "|?!@#$%&*()"
     "\\\\[\\\\]{}]{1,64}(\\\\[x\\\\])?(\\\\:[^\\\\s\\\\.]+)?)*$')"},
    {"eld-20", "ElementDefinition", "path.matches('^[A-Za-z][A-Za-z0-9]*(\\\\.[a-z][A-Za-z0-9]*(\\\\[x])?)*$')"},
};

}  // namespace

std::string_view repaired(std::string_view key, std::string_view path, std::string_view expression) noexcept {
    if (expression == usable_name) return usable_name_repaired;
    for (const Repair& repair : repairs)
        if (repair.key == key && repair.path == path) return repair.expression;
    return expression;
}

}  // namespace causeway::fhir
