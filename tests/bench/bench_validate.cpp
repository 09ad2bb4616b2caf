// How fast is a resource validated in full (structure, invariants, bindings, references), and what do the definitions cost?
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <string>

#include "fhir/json/json.hpp"
#include "fhir/validate/validate.hpp"

using namespace causeway::fhir;

namespace {

constexpr const char* observation =
    R"({"resourceType":"Observation","id":"o1","meta":{"versionId":"1","lastUpdated":"2024-01-01T10:00:00Z"},
"identifier":[{"system":"urn:oid:1.2.3","value":"A-1"}],"basedOn":[{"reference":"ServiceRequest/1"}],"status":"final",
"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory","display":"Laboratory"}]}],
"code":{"coding":[{"system":"http://loinc.org","code":"718-7","display":"Hemoglobin [Mass/volume] in Blood"}],"text":"Hemoglobin"},
"subject":{"reference":"Patient/1"},"encounter":{"reference":"Encounter/1"},"effectiveDateTime":"2024-01-01T09:30:00+01:00",
"issued":"2024-01-01T10:00:00.000Z","performer":[{"reference":"Organization/1"}],
"valueQuantity":{"value":14.2,"unit":"g/dL","system":"http://unitsofmeasure.org","code":"g/dL"},
"interpretation":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation","code":"N","display":"Normal"}]}],
"referenceRange":[{"low":{"value":12.0,"unit":"g/dL","system":"http://unitsofmeasure.org","code":"g/dL"},
"high":{"value":16.0,"unit":"g/dL","system":"http://unitsofmeasure.org","code":"g/dL"}}]})";

constexpr const char* vital_sign = R"({"resourceType":"Observation","status":"final",
"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}],
"code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]},"subject":{"reference":"Patient/1"},"effectiveDateTime":"2024-01-01",
"component":[{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":120,"unit":"mm[Hg]","system":"http://unitsofmeasure.org","code":"mm[Hg]"}},
{"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":80,"unit":"mm[Hg]","system":"http://unitsofmeasure.org","code":"mm[Hg]"}}]})";

constexpr const char* patient =
    R"({"resourceType":"Patient","id":"p1","identifier":[{"use":"usual","type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}]},"system":"urn:oid:1.2.3","value":"1"}],
"active":true,"name":[{"use":"official","family":"A","given":["B","C"]}],"telecom":[{"system":"phone","value":"1","use":"home"}],"gender":"female","birthDate":"1970-01-01",
"address":[{"line":["1 Street"],"city":"X","postalCode":"1"}],"contact":[{"relationship":[{"text":"x"}],"name":{"family":"D"}}],"managingOrganization":{"reference":"Organization/1"}})";

const Validator& validator() {
    static const auto made = Validator::built_in();
    return *made;
}

void run(benchmark::State& state, const char* text, const char* profile) {
    const auto document = *parse_json(text);
    ValidationOptions options;
    options.best_practice = false;
    if (profile) options.profiles.emplace_back(profile);
    if (has_error(validator().validate(*document, options))) state.SkipWithError("the sample is not valid");
    for (auto _ : state) benchmark::DoNotOptimize(validator().validate(*document, options));
    state.SetItemsProcessed(state.iterations());
}

void full_observation(benchmark::State& state) { run(state, observation, nullptr); }
void full_patient(benchmark::State& state) { run(state, patient, nullptr); }
void full_vital_sign_by_profile(benchmark::State& state) {
    run(state, vital_sign, "http://hl7.org/fhir/StructureDefinition/bp");
}

void parse_and_full_observation(benchmark::State& state) {
    ValidationOptions options;
    options.best_practice = false;
    for (auto _ : state) benchmark::DoNotOptimize(validator().validate(**parse_json(observation), options));
    state.SetItemsProcessed(state.iterations());
}

void structure_of_observation(benchmark::State& state) {
    const auto document = *parse_json(observation);
    for (auto _ : state) benchmark::DoNotOptimize(validate_structure(*document));
    state.SetItemsProcessed(state.iterations());
}

/// Everything that R4 defines: tables (constant data), terminology, invariants compiled, profiles indexed.
void load_all_definitions(benchmark::State& state) {
    double bytes = 0;
    for (auto _ : state) {
        const auto before = mallinfo2().uordblks;
        const auto made = Validator::built_in();
        bytes = static_cast<double>(mallinfo2().uordblks - before);
        benchmark::DoNotOptimize(made);
    }
    state.counters["heap_MB"] = bytes / 1e6;
}

}  // namespace

BENCHMARK(full_observation);
BENCHMARK(full_patient);
BENCHMARK(full_vital_sign_by_profile);
BENCHMARK(parse_and_full_observation);
BENCHMARK(structure_of_observation);
BENCHMARK(load_all_definitions)->Unit(benchmark::kMillisecond);
