#include <doctest/doctest.h>

#include <map>

#include "fhir/json/json.hpp"
#include "fhir/path/expression.hpp"
#include "fhir/xml/xml.hpp"
#include "tests/fhir/path/suite_file.hpp"
#include "tests/fhir/support.hpp"

using namespace causeway::fhir;
using causeway::test::SuiteTest;

namespace {

/// Tests of the published R4 suite that are not passed, and why.
const std::map<std::string, std::string> deviations = {
    {"LowBoundaryDecimal15", "wants a negative zero; the greatest number of one digit below -0.0034 is -0.1"},
    {"HighBoundaryDecimal15", "the least number of one digit above 0.0034 is 0.1, not 0.0"},
    {"HighBoundaryDecimal16", "the sign applies after the function: the negative of the case before"},
};

std::string shown(const path::Item& item) {
    std::string type = path::type_name(item);
    type.erase(0, type.find('.') + 1);
    const bool system = !item.is_element();
    if (system && type != "Quantity") type[0] = static_cast<char>(type[0] | 0x20);
    std::string text = path::display(item);
    if (type == "date" || type == "dateTime" || type == "instant") text = "@" + text;
    if (type == "time") text = "@T" + text;
    return type + ":" + text;
}

/// Empty if the test is passed.
std::string failure(const SuiteTest& test, const DocumentPtr& document) {
    path::CompileOptions options;
    const bool semantic = test.invalid == "semantic" || test.mode == "strict";
    if (document) options.context_type = document->resource_type();
    options.strict = semantic;
    const auto expression = path::Expression::compile(test.expression, options);
    if (expression.has_error()) return test.invalid.empty() ? "does not compile: " + expression.error().message : "";
    path::Evaluation evaluation;
    path::Environment environment;
    environment.now_us = 1'767'225'600'000'000;
    const auto items = evaluation.run(*expression, document ? document->root() : Element(), environment);
    if (items.has_error()) return test.invalid.empty() ? "fails: " + items.error().message : "";
    std::string got;
    std::string wanted;
    if (test.predicate == "true") {
        got = items->empty() ? " boolean:false" : " boolean:true";
    } else {
        for (const path::Item& item : *items) got += " " + shown(item);
    }
    if (!test.invalid.empty()) return "should be refused as " + test.invalid + ", gives" + got;
    std::size_t at = 0;
    for (const SuiteTest::Output& output : test.outputs) {
        std::string type = output.type;
        if (type.empty() && at < items->size()) type = shown((*items)[at]).substr(0, shown((*items)[at]).find(':'));
        wanted += " " + type + ":" + output.text;
        ++at;
    }
    return got == wanted ? "" : "gives" + got + ", wanted" + wanted;
}

}  // namespace

TEST_SUITE("fhir/path/suite") {
    TEST_CASE("the published R4 suite, on inputs in XML and in JSON") {
        const auto folder = causeway::test::test_data("fhir/test-cases/fhirpath");
        if (folder.empty()) return;
        const auto tests = causeway::test::SuiteReader(causeway::test::read_file(folder / "tests-fhir-r4.xml")).read();
        REQUIRE(tests.size() > 900);
        std::map<std::string, std::vector<DocumentPtr>> inputs;
        for (const SuiteTest& test : tests) {
            auto& documents = inputs[test.input];
            if (!documents.empty()) continue;
            if (test.input.empty()) {
                documents.push_back(nullptr);
                continue;
            }
            const std::string bytes = causeway::test::read_file(folder / "input" / test.input);
            auto parsed = test.input.ends_with(".xml") ? parse_xml(bytes) : parse_json(bytes);
            REQUIRE_MESSAGE(parsed.has_value(), test.input, ": ", parsed.has_error() ? parsed.error().message : "");
            documents.push_back(*parsed);
            const auto other = test.input.ends_with(".xml") ? parse_json(to_json((*parsed)->root()))
                                                            : parse_xml(to_xml((*parsed)->root()).value());
            REQUIRE(other.has_value());
            documents.push_back(*other);
        }
        std::size_t passed = 0;
        for (const SuiteTest& test : tests) {
            for (const DocumentPtr& document : inputs[test.input]) {
                const std::string problem = failure(test, document);
                const auto listed = deviations.find(test.name);
                if (listed == deviations.end()) {
                    CHECK_MESSAGE(problem.empty(), test.name, " `", test.expression, "` ", problem);
                } else {
                    CHECK_MESSAGE(!problem.empty(), test.name, " is passed now: take it off the list");
                }
                passed += problem.empty();
            }
        }
        MESSAGE(tests.size(), " tests, ", passed, " runs passed, ", deviations.size(), " listed");
    }
}
