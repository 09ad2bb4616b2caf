#include <algorithm>
#include <sstream>

#include "fhir/json/json.hpp"
#include "fhir/patch/patch.hpp"
#include "fhir/xml/xml.hpp"
#include "tests/fhir/conformance/count.hpp"
#include "tests/fhir/path/suite_file.hpp"
#include "tests/fhir/support.hpp"

namespace causeway::test {

namespace {

fhir::Result<fhir::DocumentPtr> patched(fhir::Element document, fhir::Element patch) {
    const auto before = fhir::parse_json(fhir::to_json(document));
    const auto change = fhir::parse_json(fhir::to_json(patch));
    return (*change)->root().is_array() ? fhir::apply_json_patch(*before, *change)
                                        : fhir::apply_fhirpath_patch(*before, (*change)->root());
}

/// One case of {"doc", "patch", "expected"} or with "error".
void add_case(Count& count, fhir::Element row, const std::string& name) {
    const auto result = patched(row["doc"], row["patch"]);
    if (row["error"] || result.has_error())
        return count.add(row["error"] && result.has_error() && !result.error().message.empty(),
                         name + (result.has_error() ? ": " + result.error().message : ": is taken"));
    const auto expected = fhir::parse_json(fhir::to_json(row["expected"] ? row["expected"] : row["doc"]));
    count.add(fhir::same_content_in_any_order((*result)->root(), (*expected)->root()),
              name + " gives " + fhir::to_json((*result)->root()));
}

std::string squeezed(std::string xml) {
    for (std::size_t quote = xml.find("&quot;"); quote != std::string::npos; quote = xml.find("&quot;"))
        xml.replace(quote, 6, "\"");
    std::erase_if(xml, [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; });
    return xml;
}

void published_path_cases(Count& count, const std::string& text) {
    std::string attributes, body, inner, input, diff, output;
    std::size_t at = 0;
    while (SuiteReader::take("case", text, at, attributes, body)) {
        std::size_t inside = 0;
        SuiteReader::take("input", body, inside, inner, input);
        SuiteReader::take("diff", body, inside, inner, diff);
        const auto document = fhir::parse_xml(input);
        const auto parameters = fhir::parse_xml(diff);
        if (!document || !parameters) {
            count.failed.push_back(attributes + ": cannot be read");
            continue;
        }
        const auto result = fhir::apply_fhirpath_patch(*document, (*parameters)->root());
        if (!SuiteReader::take("output", body, inside, inner, output)) {
            count.add(result.has_error(), attributes + ": is taken");
            continue;
        }
        const auto expected = fhir::parse_xml(output);
        count.add(result && expected &&
                      squeezed(*fhir::to_xml((*result)->root())) == squeezed(*fhir::to_xml((*expected)->root())),
                  attributes);
    }
}

}  // namespace

std::vector<Count> count_patches() {
    Count own{"patch: own cases"};
    Count json{"JSON Patch: the published cases"};
    Count path{"FHIRPath Patch: the published cases"};
    std::istringstream lines(read_file("conformance/fhir/patch.ndjson"));
    std::size_t number = 0;
    for (std::string line; std::getline(lines, line);) {
        const std::string name = "patch.ndjson line " + std::to_string(++number);
        const auto row = fhir::parse_json(line);
        if (row)
            add_case(own, (*row)->root(), name);
        else
            own.failed.push_back(name + " is no JSON");
    }
    const auto folder = test_data("fhir/test-cases/patch");
    if (!folder.empty()) {
        const auto cases = fhir::parse_json(read_file(folder / "json-patch-tests.json"));
        for (const auto one : (*cases)->root().items()) add_case(json, one, std::string(one["comment"].text()));
        published_path_cases(path, read_file(folder / "fhir-patch-tests.xml"));
    }
    return {own, json, path};
}

}  // namespace causeway::test
