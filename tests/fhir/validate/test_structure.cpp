#include <doctest/doctest.h>

#include <string>

#include "fhir/json/json.hpp"
#include "fhir/validate/expression.hpp"
#include "fhir/validate/outcome.hpp"
#include "fhir/validate/structure.hpp"
#include "tests/fhir/support.hpp"

using namespace causeway::fhir;

namespace {

/// "code @ expression" of every issue, one a line.
std::string issues_of(const std::string& text, const StructureOptions& options = {}) {
    const auto document = parse_json(text);
    REQUIRE_MESSAGE(document.has_value(), document.error().message);
    std::string out;
    for (const Issue& issue : validate_structure(**document, options)) {
        if (!out.empty()) out += '\n';
        out += std::string(code_of(issue.code)) + " @ " + issue.expression;
        CHECK_FALSE(issue.text.empty());
    }
    return out;
}

std::string in_patient(const std::string& members) { return R"({"resourceType":"Patient",)" + members + "}"; }

}  // namespace

TEST_SUITE("fhir/validate/structure") {
    TEST_CASE("takes what R4 allows") {
        for (
            const char* members :
            {R"("id":"a-1.B","active":true)", R"("birthDate":"1970-02","_birthDate":{"id":"b"})",
             R"("deceasedDateTime":"2020-02-29T10:00:00.123+14:00")",
             R"("name":[{"given":["a",null],"_given":[null,{"extension":[{"url":"u","valueCode":"c"}]}]}])",
             R"("_active":{"extension":[{"url":"u"}]})", R"("multipleBirthInteger":-2147483648)",
             R"("photo":[{"contentType":"image/png","data":"YWJj\nZA=="}])",
             R"("contained":[{"resourceType":"Organization","id":"o","name":"n"}])",
             R"("text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>"})",
             R"("extension":[{"url":"http://x","valueDecimal":1.50},{"url":"y","extension":[{"url":"z","valueBase64Binary":"AAAA"}]}])",
             R"("contact":[{"name":{"family":"x"}}],"communication":[{"language":{"text":"x"}}])"})
            CHECK(issues_of(in_patient(members)) == "");
    }

    TEST_CASE("names the place and the kind of each fault") {
        struct Row {
            const char* members;
            const char* issues;
        };
        const Row rows[] = {
            {R"("nme":[])", "structure @ Patient.nme"},
            {R"("active":"true")", "value @ Patient.active"},
            {R"("active":[true])", "structure @ Patient.active"},
            {R"("active":null)", "structure @ Patient.active"},
            {R"("active":{})", "structure @ Patient.active"},
            {R"("name":{"family":"x"})", "structure @ Patient.name"},
            {R"("name":[])", "structure @ Patient.name"},
            {R"("name":[{}])", "structure @ Patient.name[0]"},
            {R"("name":["x"])", "structure @ Patient.name[0]"},
            {R"("name":[null])", "structure @ Patient.name[0]"},
            {R"("name":[{"given":["a","",7]}])", "value @ Patient.name[0].given[1]\nvalue @ Patient.name[0].given[2]"},
            {R"("name":[{"given":[null]}])", "structure @ Patient.name[0].given[0]"},
            {R"("name":[{"given":["a"],"_given":[{"url":"x"}]}])", "structure @ Patient.name[0].given[0].url"},
            {R"("birthDate":"1970-02-30")", "value @ Patient.birthDate"},
            {R"("birthDate":"1970-02-01T10:00:00Z")", "value @ Patient.birthDate"},
            {R"("birthDate":"x","_birthDate":{"extension":[{"valueString":"s"}]})",
             "value @ Patient.birthDate\nrequired @ Patient.birthDate.extension[0].url"},
            {R"("_birthDate":{"extension":[{"url":"u","valueString":""}]})",
             "value @ Patient.birthDate.extension[0].value.ofType(string)"},
            {R"("birthDate":"1970","_birthDate":{})", "structure @ Patient.birthDate"},
            {R"("deceasedBoolean":true,"deceasedDateTime":"2020")", "structure @ Patient.deceased.ofType(dateTime)"},
            {R"("deceased":true)", "structure @ Patient.deceased"},
            {R"("deceasedString":"x")", "structure @ Patient.deceasedString"},
            {R"("deceasedDateTime":"2020-01-01T10:00Z")", "value @ Patient.deceased.ofType(dateTime)"},
            {R"("deceasedDateTime":"2020-01-01T10:00:00")", "value @ Patient.deceased.ofType(dateTime)"},
            {R"("deceasedDateTime":"2020-01-01T24:00:00Z")", "value @ Patient.deceased.ofType(dateTime)"},
            {R"("multipleBirthInteger":1.0)", "value @ Patient.multipleBirth.ofType(integer)"},
            {R"("multipleBirthInteger":2147483648)", "value @ Patient.multipleBirth.ofType(integer)"},
            {R"("multipleBirthInteger":"1")", "value @ Patient.multipleBirth.ofType(integer)"},
            {R"("id":"a_b")", "value @ Patient.id"},
            {R"("gender":" male")", "value @ Patient.gender"},
            {R"("implicitRules":"a b")", "value @ Patient.implicitRules"},
            {R"("photo":[{"data":"abc"}])", "value @ Patient.photo[0].data"},
            {R"("link":[{"other":{"reference":"Patient/1"}}])", "required @ Patient.link[0].type"},
            {R"("contained":[{"id":"x"}])", "structure @ Patient.contained[0]"},
            {R"("contained":[{"resourceType":"Resource"}])", "structure @ Patient.contained[0]"},
            {R"("contained":[{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"unit":7}}])",
             "value @ Patient.contained[0].value.ofType(Quantity).unit"},
            {R"("resourceTyp":"x")", "structure @ Patient.resourceTyp"},
            {R"("fhir_comments":["x"])", "structure @ Patient.fhir_comments"},
            {R"("name":[{"family":"x","resourceType":"HumanName"}])", "structure @ Patient.name[0].resourceType"},
        };
        for (const Row& row : rows) {
            CAPTURE(row.members);
            CHECK(issues_of(in_patient(row.members)) == row.issues);
        }
    }

    TEST_CASE("refuses what is no resource, or another") {
        CHECK(issues_of("{}") == "structure @ $this");
        CHECK(issues_of("[]") == "structure @ $this");
        CHECK(issues_of(R"({"resourceType":"DomainResource"})") == "structure @ $this");
        CHECK(issues_of(R"({"resourceType":7})") == "structure @ $this");
        CHECK(issues_of(in_patient(R"("active":true)"), {.resource_type = "Observation"}) == "structure @ Patient");
        CHECK(
            issues_of(
                R"({"resourceType":"Bundle","type":"batch","entry":[{"resource":{"resourceType":"Basic"}},{"response":{"status":"200","outcome":{"resourceType":"Basic"}}}]})") ==
            "required @ Bundle.entry[0].resource.code\nrequired @ Bundle.entry[1].response.outcome.code");
    }

    TEST_CASE("lists no more than asked and says so") {
        std::string text = R"("name":[)";
        for (int i = 0; i < 50; ++i) text += i ? ",{}" : "{}";
        const auto document = *parse_json(in_patient(text + "]"));
        const auto issues = validate_structure(*document, {.issues_max = 10});
        REQUIRE(issues.size() == 11);
        CHECK(issues.back().code == IssueCode::too_long);
    }

    TEST_CASE("no issue shows content") {
        const auto document =
            *parse_json(in_patient(R"("birthDate":"Secret Name","gender":" Secret Name","name":["Secret Name"])"));
        for (const Issue& issue : validate_structure(*document)) {
            CHECK(issue.text.find("Secret") == std::string::npos);
            CHECK(issue.expression.find("Secret") == std::string::npos);
        }
    }

    TEST_CASE("official examples are valid") {
        for (const auto& file : causeway::test::example_files()) {
            if (file.filename() == "Questionnaire-qs1.json")
                continue;  // its group items lack linkId, which R4 requires
            const auto document = parse_json(causeway::test::read_file(file));
            REQUIRE(document.has_value());
            for (const Issue& issue : validate_structure(**document))
                FAIL_CHECK(file.filename().string(), " ", issue.expression, ": ", issue.text);
        }
    }
}

TEST_SUITE("fhir/validate/outcome") {
    TEST_CASE("writes issues as an OperationOutcome that is valid itself") {
        const Issues issues{{Severity::error, IssueCode::code_invalid, "a \"text\"", "Patient.name[0]", "obs-6"},
                            {Severity::warning, IssueCode::multiple_matches, "b", "", ""}};
        const std::string text = to_outcome(issues);
        CHECK(
            text ==
            R"({"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"code-invalid","details":{"text":"a \"text\""},"diagnostics":"rule: obs-6","expression":["Patient.name[0]"]},{"severity":"warning","code":"multiple-matches","details":{"text":"b"}}]})");
        CHECK(issues_of(text) == "");
        CHECK(issues_of(to_outcome({})) == "");
        CHECK(has_error(issues));
        CHECK_FALSE(has_error({&issues[1], 1}));
    }

    TEST_CASE("a text that cannot be read becomes an issue with its line") {
        const auto failed = parse_json("{\n\"resourceType\":\"Patient\",\"id\":1,\"id\":2}");
        REQUIRE(failed.has_error());
        const Issue issue = issue_of(failed.error());
        CHECK(issue.text == "line 2, column 34: the object has two members of this name");
        CHECK(issue.expression == "Patient.id");
        CHECK(issue.code == IssueCode::structure);
    }
}
