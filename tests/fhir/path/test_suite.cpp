#include <doctest/doctest.h>

#include <map>

#include "fhir/json/json.hpp"
#include "fhir/path/expression.hpp"
#include "fhir/xml/xml.hpp"
#include "tests/fhir/path/suite_run.hpp"
#include "tests/fhir/support.hpp"

using namespace causeway::fhir;
using causeway::test::SuiteTest;

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
                const std::string problem = causeway::test::suite_failure(test, document);
                const auto listed = causeway::test::suite_deviations().find(test.name);
                if (listed == causeway::test::suite_deviations().end()) {
                    CHECK_MESSAGE(problem.empty(), test.name, " `", test.expression, "` ", problem);
                } else {
                    CHECK_MESSAGE(!problem.empty(), test.name, " is passed now: take it off the list");
                }
                passed += problem.empty();
            }
        }
        MESSAGE(tests.size(), " tests, ", passed, " runs passed, ", causeway::test::suite_deviations().size(),
                " listed");
    }
}
