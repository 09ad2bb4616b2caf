#include "fhir/json/json.hpp"
#include "tests/fhir/conformance/count.hpp"
#include "tests/fhir/conformance/validation_cases.hpp"
#include "tests/fhir/support.hpp"

namespace causeway::test {

namespace {

/// Examples of the specification that break its rules; docs/fhir-validation.md says which one each of them breaks.
constexpr std::string_view broken_examples[] = {
    "Bundle-lri-example.json",          "Bundle-3a0707d3-549e-4467-b8b8-5a2ab3800efe.json",
    "DeviceUseStatement-example.json",  "EventDefinition-example.json",
    "MedicationRequest-medrx0301.json", "Observation-clinical-gender.json",
    "Questionnaire-qs1.json",
};

Count own_cases(const char* file) {
    Count count{std::string("validation: own cases, ") + file};
    const auto results = run_validation_cases(std::filesystem::path("conformance/fhir") / file);
    if (results.empty()) count.failed.push_back("no case was found: run it in the repository's root");
    for (const auto& result : results) count.add(result.fault.empty(), result.name + "\n  " + result.fault);
    return count;
}

Count examples() {
    Count count{"validation: official R4 examples"};
    const auto validator = fhir::Validator::built_in();
    for (const auto& path : example_files()) {
        const auto name = path.filename().string();
        const auto document = fhir::parse_json(read_file(path));
        std::string first;
        if (!document) {
            first = document.error().message;
        } else {
            for (const auto& issue : validator->validate(**document))
                if (issue.severity >= fhir::Severity::error && first.empty())
                    first = issue.expression + ": " + issue.text;
        }
        const bool known =
            std::find(std::begin(broken_examples), std::end(broken_examples), name) != std::end(broken_examples);
        if (known && !first.empty())
            count.listed.push_back(name + ": " + first);
        else
            count.add(first.empty() && !known, name + ": " + (known ? "is listed as broken and is not" : first));
    }
    return count;
}

}  // namespace

std::vector<Count> count_validation() {
    std::vector<Count> out{own_cases("validation.ndjson"), own_cases("profiles.ndjson")};
    if (!example_files().empty()) out.push_back(examples());
    return out;
}

}  // namespace causeway::test
