#include <doctest/doctest.h>

#include <string>
#include <thread>
#include <vector>

#include "fhir/json/json.hpp"
#include "fhir/r4/tables.hpp"
#include "fhir/validate/repairs.hpp"
#include "fhir/validate/validate.hpp"
#include "tests/fhir/conformance/validation_cases.hpp"
#include "tests/fhir/support.hpp"

using namespace causeway::fhir;

namespace {

const Validator& built_in() {
    static const auto validator = Validator::built_in();
    return *validator;
}

}  // namespace

TEST_SUITE("fhir/validate/validator") {
    TEST_CASE("the cases that are claimed") {
        for (const char* file : {"conformance/fhir/validation.ndjson", "conformance/fhir/profiles.ndjson"}) {
            const auto results = causeway::test::run_validation_cases(file);
            CHECK(results.size() > 20);
            for (const auto& result : results) {
                CAPTURE(result.name);
                CHECK_MESSAGE(result.fault.empty(), result.fault);
            }
        }
    }

    TEST_CASE("every invariant of R4 is run") {
        for (const auto& reason : built_in().rules_not_run()) FAIL_CHECK(reason);
    }

    TEST_CASE("each repair replaces what R4 says") {
        std::size_t repairs = 0;
        for (const auto& rule : r4::constraints())
            repairs += repaired(rule.key, rule.path, rule.expression) != rule.expression ? 1U : 0U;
        CHECK(repairs >= 13);
    }

    TEST_CASE("warnings, however many, hide no error") {
        std::string bundle = R"({"resourceType":"Bundle","type":"collection","entry":[)";
        for (int i = 0; i < 600; ++i) {
            const std::string id = std::to_string(1000 + i);
            bundle += R"({"fullUrl":"http://a.example/Patient/)" + id +
                      R"(","resource":{"resourceType":"Patient","id":")" + id + R"(","gender":")" +
                      (i == 599 ? "x" : "male") + R"("}},)";
        }
        bundle.back() = ']';
        const auto issues = built_in().validate(**parse_json(bundle + "}"));
        std::vector<std::string> errors;
        for (const Issue& issue : issues)
            if (issue.severity == Severity::error) errors.push_back(issue.expression);
        CHECK(errors == std::vector<std::string>{"Bundle.entry[599].resource.gender"});
        CHECK(issues.size() == 102);  // half of 200, the error, and that there are more
    }

    TEST_CASE("expressions count from the resource, wherever it stands") {
        const auto document = *parse_json(
            R"({"resourceType":"Parameters","parameter":[{"name":"resource","resource":{"resourceType":"Patient","gender":"x","name":[{}]}}]})");
        const auto issues = built_in().validate(document->root()["parameter"].item(0)["resource"]);
        const auto has = [&](std::string_view expression) {
            return std::any_of(issues.begin(), issues.end(),
                               [&](const Issue& issue) { return issue.expression == expression; });
        };
        CHECK(has("Patient.name[0]"));
        CHECK(has("Patient.gender"));
    }

    TEST_CASE("no issue repeats a value of the resource") {
        const auto document = *parse_json(
            R"({"resourceType":"Patient","gender":"SECRET","birthDate":"SECRET","name":[{"family":"SECRET","use":"SECRET"}],
                "identifier":[{"system":"SECRET","value":"SECRET"}],"maritalStatus":{"coding":[{"system":"urn:x","code":"SECRET"}]},
                "managingOrganization":{"reference":"#SECRET"},"text":{"status":"generated","div":"<div>SECRET</div>"}})");
        const auto issues = built_in().validate(*document);
        CHECK(issues.size() >= 6);
        for (const Issue& issue : issues) {
            CAPTURE(issue.text);
            CHECK(issue.text.find("SECRET") == std::string::npos);
            CHECK(issue.expression.find("SECRET") == std::string::npos);
        }
    }

    TEST_CASE("issues have a limit") {
        std::string text = R"({"resourceType":"Patient","name":[)";
        for (int i = 0; i < 1000; ++i) text += R"({"use":"x"},)";
        text.back() = ']';
        const auto document = *parse_json(text + "}");
        ValidationOptions options;
        options.issues_max = 10;
        CHECK(built_in().validate(*document, options).size() == 12);  // ten, that there are more, and a warning
    }

    TEST_CASE("what a reference names can be given from outside") {
        const auto organization = *parse_json(R"({"resourceType":"Organization","name":"o"})");
        const auto document = *parse_json(R"({"resourceType":"Observation","status":"final","code":{"text":"c"},
            "subject":{"reference":"http://a.example/1"}})");
        CHECK(!has_error(built_in().validate(*document)));
        ValidationOptions options;
        options.resolve = [&](std::string_view reference) {
            return reference == "http://a.example/1" ? organization->root() : Element();
        };
        CHECK(has_error(built_in().validate(*document, options)));
    }

    TEST_CASE("one validator serves many threads") {
        const auto validator = Validator::built_in();
        const auto document = *parse_json(
            R"({"resourceType":"Observation","meta":{"profile":["http://hl7.org/fhir/StructureDefinition/bp"]},
            "status":"final","code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]}})");
        const auto wanted = validator->validate(*document).size();
        std::vector<std::thread> threads;
        std::vector<std::size_t> found(4);
        const auto other = Validator::built_in();
        for (std::size_t i = 0; i < found.size(); ++i)
            threads.emplace_back([&, i] { found[i] = other->validate(*document).size(); });
        for (auto& thread : threads) thread.join();
        for (const auto count : found) CHECK(count == wanted);
    }

    TEST_CASE("a builder on a validator adds to it and leaves it as it is") {
        const auto profile =
            *parse_json(R"({"resourceType":"StructureDefinition","url":"http://example.org/p","name":"P",
            "status":"draft","kind":"resource","abstract":false,"type":"Observation","derivation":"constraint",
            "baseDefinition":"http://hl7.org/fhir/StructureDefinition/bp","differential":{"element":[{"id":"Observation.note","path":"Observation.note","min":1}]}})");
        const auto first = Validator::built_in();
        CHECK(first->knows_profile("http://hl7.org/fhir/StructureDefinition/bp"));
        ValidatorBuilder builder(*first);
        REQUIRE(builder.add(profile));
        const auto second = std::move(builder).build();
        CHECK(second->knows_profile("http://example.org/p"));
        CHECK(second->knows_profile("http://hl7.org/fhir/StructureDefinition/bp"));
        CHECK(!first->knows_profile("http://example.org/p"));
        CHECK(second->profiles() == first->profiles() + 1);
    }

    TEST_CASE("must-support elements of a profile") {
        const auto list = built_in().must_support("http://hl7.org/fhir/StructureDefinition/bp");
        REQUIRE(list.has_value());
        CHECK(list->size() > 4);
        CHECK(!built_in().must_support("http://example.org/none").has_value());
    }
}
