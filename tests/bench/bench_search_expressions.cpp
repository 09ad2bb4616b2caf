// How fast are the search expressions most in use, and all search values of a typical resource?
#include <benchmark/benchmark.h>

#include <array>
#include <string>

#include "fhir/json/json.hpp"
#include "fhir/path/expression.hpp"
#include "fhir/search/extract.hpp"
#include "fhir/search/query.hpp"

namespace {

using namespace causeway::fhir;

constexpr const char* patient_json =
    R"({"resourceType":"Patient","id":"p-1001","meta":{"lastUpdated":"2024-05-01T10:00:00Z","profile":["http://x.example/p"]},
 "identifier":[{"use":"usual","type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}]},"system":"urn:oid:1.2.36.146","value":"12345"}],
 "active":true,"name":[{"use":"official","family":"Rocha","given":["Ines","Maria"]},{"use":"maiden","family":"Sousa"}],
 "telecom":[{"system":"phone","value":"(03) 5555 6473","use":"work"},{"system":"email","value":"ines@example.org"}],"gender":"female","birthDate":"1974-12-25",
 "address":[{"use":"home","line":["534 Erewhon St"],"city":"PleasantVille","state":"Vic","postalCode":"3999","country":"AU"}],
 "generalPractitioner":[{"reference":"Practitioner/7"}],"managingOrganization":{"reference":"Organization/1"}})";

constexpr const char* observation_json = R"({"resourceType":"Observation","id":"o-1","status":"final",
 "category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],
 "code":{"coding":[{"system":"http://loinc.org","code":"15074-8","display":"Glucose"}],"text":"Glucose"},"subject":{"reference":"Patient/p-1001"},
 "encounter":{"reference":"Encounter/e-7"},"effectiveDateTime":"2024-04-02T09:30:10+01:00","issued":"2024-04-03T15:30:10+01:00","performer":[{"reference":"Practitioner/7"}],
 "valueQuantity":{"value":6.3,"unit":"mmol/l","system":"http://unitsofmeasure.org","code":"mmol/L"},
 "interpretation":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation","code":"H"}]}],
 "referenceRange":[{"low":{"value":3.1,"unit":"mmol/l"},"high":{"value":6.2,"unit":"mmol/l"}}]})";

constexpr std::array<const char*, 15> patient_expressions = {"Patient.id",
                                                             "Patient.identifier",
                                                             "Patient.name",
                                                             "Patient.name.family",
                                                             "Patient.name.given",
                                                             "Patient.birthDate",
                                                             "Patient.gender",
                                                             "Patient.active",
                                                             "Patient.address.city",
                                                             "Patient.address.postalCode",
                                                             "Patient.telecom.where(system='phone')",
                                                             "Patient.telecom.where(system='email')",
                                                             "Patient.generalPractitioner",
                                                             "Patient.managingOrganization",
                                                             "Patient.deceased.exists() and Patient.deceased != false"};
constexpr std::array<const char*, 15> observation_expressions = {
    "Resource.id",
    "Resource.meta.lastUpdated",
    "Observation.identifier",
    "Observation.status",
    "Observation.category",
    "Observation.code",
    "Observation.subject",
    "Observation.subject.where(resolve() is Patient)",
    "Observation.encounter",
    "Observation.effective",
    "Observation.performer",
    "(Observation.value as Quantity) | (Observation.value as SampledData)",
    "(Observation.value as CodeableConcept)",
    "Observation.code | Observation.component.code",
    "Observation.basedOn"};

template <std::size_t count>
std::vector<path::Expression> compile(const std::array<const char*, count>& texts, std::string_view type) {
    std::vector<path::Expression> compiled;
    for (const char* text : texts)
        compiled.push_back(
            path::Expression::compile(
                text, {.context_type = type, .strict = false, .as_filters = true, .union_combines = true})
                .value());
    return compiled;
}

/// The thirty expressions, fifteen on each resource; items are evaluations.
void evaluate_thirty_expressions(benchmark::State& state) {
    const auto patient = parse_json(patient_json).value();
    const auto observation = parse_json(observation_json).value();
    const auto on_patient = compile(patient_expressions, "Patient");
    const auto on_observation = compile(observation_expressions, "Observation");
    const path::Item patient_item = path::item_of(patient->root());
    const path::Item observation_item = path::item_of(observation->root());
    path::Environment environment;
    environment.resolve_to_type = true;
    path::Evaluation evaluation;
    for (auto _ : state) {
        for (const auto& expression : on_patient)
            benchmark::DoNotOptimize(evaluation.run(expression, patient_item, environment)->size());
        for (const auto& expression : on_observation)
            benchmark::DoNotOptimize(evaluation.run(expression, observation_item, environment)->size());
    }
    state.SetItemsProcessed(state.iterations() * 30);
}
BENCHMARK(evaluate_thirty_expressions);

void extract_values(benchmark::State& state, const char* json) {
    const auto document = parse_json(json).value();
    std::size_t values = 0;
    for (auto _ : state) {
        const auto extraction = search::extract(document);
        values = extraction.values.size();
        benchmark::DoNotOptimize(values);
    }
    state.SetItemsProcessed(state.iterations());
    state.counters["values"] = static_cast<double>(values);
}
BENCHMARK_CAPTURE(extract_values, patient, patient_json);
BENCHMARK_CAPTURE(extract_values, observation, observation_json);

void parse_and_extract(benchmark::State& state, const char* json) {
    const std::string bytes = json;
    for (auto _ : state) benchmark::DoNotOptimize(search::extract(parse_json(bytes).value()).values.size());
    state.SetItemsProcessed(state.iterations());
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK_CAPTURE(parse_and_extract, patient, patient_json);
BENCHMARK_CAPTURE(parse_and_extract, observation, observation_json);

void parse_query_text(benchmark::State& state) {
    for (auto _ : state) {
        const auto decoded =
            search::decode_query("patient=p-1001&code=http://loinc.org|15074-8&date=ge2024-01&_sort=-date&_count=20");
        benchmark::DoNotOptimize(search::parse_query("Observation", *decoded).plan.conditions.size());
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(parse_query_text);

void compile_all_of_a_type(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(compile(observation_expressions, "Observation").size());
    state.SetItemsProcessed(state.iterations() * 15);
}
BENCHMARK(compile_all_of_a_type);

}  // namespace
