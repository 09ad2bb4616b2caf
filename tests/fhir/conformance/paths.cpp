#include <sstream>

#include "fhir/json/json.hpp"
#include "fhir/xml/xml.hpp"
#include "tests/fhir/conformance/count.hpp"
#include "tests/fhir/path/suite_run.hpp"
#include "tests/fhir/support.hpp"

namespace causeway::test {

namespace {

/// conformance/fhir/fhirpath.ndjson: {"resource" (kept until the next one), "expression", "result": ["type:text", ...]}
/// or {"expression", "error": the offset}.
void own_cases(Count& count) {
    std::istringstream lines(read_file("conformance/fhir/fhirpath.ndjson"));
    fhir::DocumentPtr in_json;
    fhir::DocumentPtr in_xml;
    std::size_t number = 0;
    for (std::string line; std::getline(lines, line);) {
        const std::string name = "fhirpath.ndjson line " + std::to_string(++number);
        const auto parsed = fhir::parse_json(line);
        if (!parsed) {
            count.failed.push_back(name + " is no JSON");
            continue;
        }
        const auto row = (*parsed)->root();
        if (row["resource"]) {
            in_json = *fhir::parse_json(fhir::to_json(row["resource"]));
            in_xml = *fhir::parse_xml(*fhir::to_xml(in_json->root()));
            continue;
        }
        for (const auto& document : {in_json, in_xml}) {
            const auto expression =
                fhir::path::Expression::compile(row["expression"].text(), {.context_type = document->resource_type()});
            std::string got;
            if (expression.has_error()) {
                got = " error at " + std::to_string(expression.error().offset);
            } else {
                fhir::path::Evaluation evaluation;
                const auto items = evaluation.run(*expression, document->root(), fhir::path::Environment());
                if (items.has_error())
                    got = " fails";
                else
                    for (const auto& item : *items) got += ' ' + suite_shown(item);
            }
            std::string wanted;
            for (const auto one : row["result"].items()) wanted += ' ' + std::string(one.text());
            if (row["error"]) wanted = " error at " + std::string(row["error"].text());
            count.add(got == wanted, name + " gives" + got);
        }
    }
}

void published(Count& in_json, Count& in_xml) {
    const auto folder = test_data("fhir/test-cases/fhirpath");
    if (folder.empty()) return;
    std::map<std::string, std::pair<fhir::DocumentPtr, fhir::DocumentPtr>> inputs;
    for (const SuiteTest& test : SuiteReader(read_file(folder / "tests-fhir-r4.xml")).read()) {
        auto& [as_json, as_xml] = inputs[test.input];
        if (!test.input.empty() && !as_json) {
            const std::string bytes = read_file(folder / "input" / test.input);
            const auto read = test.input.ends_with(".xml") ? fhir::parse_xml(bytes) : fhir::parse_json(bytes);
            if (!read) {
                in_xml.failed.push_back(test.input + ": " + read.error().message);
                continue;
            }
            as_json = *fhir::parse_json(fhir::to_json((*read)->root()));
            as_xml = *fhir::parse_xml(*fhir::to_xml((*read)->root()));
        }
        for (Count* count : {&in_json, &in_xml}) {
            const std::string problem = suite_failure(test, count == &in_json ? as_json : as_xml);
            const auto listed = suite_deviations().find(test.name);
            if (!problem.empty() && listed != suite_deviations().end())
                count->listed.push_back(test.name + ": " + listed->second);
            else
                count->add(problem.empty(), test.name + " `" + test.expression + "` " + problem);
        }
    }
}

}  // namespace

std::vector<Count> count_paths() {
    Count own{"FHIRPath: own cases, on JSON and on XML"};
    Count in_json{"FHIRPath: the published R4 suite, on JSON"};
    Count in_xml{"FHIRPath: the published R4 suite, on XML"};
    own_cases(own);
    published(in_json, in_xml);
    return {own, in_json, in_xml};
}

}  // namespace causeway::test
