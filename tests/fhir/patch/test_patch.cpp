#include <doctest/doctest.h>

#include "fhir/json/json.hpp"
#include "fhir/patch/patch.hpp"
#include "fhir/xml/xml.hpp"
#include "fhir/xml/xml_patch.hpp"
#include "tests/fhir/path/suite_file.hpp"
#include "tests/fhir/support.hpp"

using namespace causeway::fhir;
using causeway::test::SuiteReader;

namespace {

DocumentPtr json(std::string_view text) { return parse_json(std::string(text)).value(); }

std::string shown(const Result<DocumentPtr>& result) {
    if (result.has_error())
        return (result.error().code == Errc::wrong_shape ? "broken " : "refused ") + result.error().path;
    return to_json((*result)->root());
}

std::string patched(std::string_view document, std::string_view patch) {
    return shown(apply_json_patch(json(document), json(patch)));
}

std::string operation(std::string_view type, std::string_view path, std::string_view more = "") {
    return R"({"name":"operation","part":[{"name":"type","valueCode":")" + std::string(type) +
           R"("},{"name":"path","valueString":")" + std::string(path) + "\"}" +
           (more.empty() ? "" : "," + std::string(more)) + "]}";
}

std::string patched_by_path(std::string_view document, const std::string& operations) {
    const auto parameters = json(R"({"resourceType":"Parameters","parameter":[)" + operations + "]}");
    return shown(apply_fhirpath_patch(json(document), parameters->root()));
}

}  // namespace

TEST_SUITE("fhir/patch") {
    TEST_CASE("JSON Patch: every operation") {
        CHECK(patched(R"({"a":1})", R"([{"op":"add","path":"/b","value":[1.50]}])") == R"({"a":1,"b":[1.50]})");
        CHECK(patched(R"({"a":[1,3]})",
                      R"([{"op":"add","path":"/a/1","value":2},{"op":"add","path":"/a/-","value":4}])") ==
              R"({"a":[1,2,3,4]})");
        CHECK(patched(R"({"a":{"b":1,"c":2}})", R"([{"op":"remove","path":"/a/b"}])") == R"({"a":{"c":2}})");
        CHECK(patched(R"({"a":1})", R"([{"op":"replace","path":"/a","value":{"x":"y"}}])") == R"({"a":{"x":"y"}})");
        CHECK(patched(R"({"a":{"b":1},"c":[]})", R"([{"op":"move","from":"/a/b","path":"/c/0"}])") ==
              R"({"a":{},"c":[1]})");
        CHECK(patched(R"({"a":{"b":1}})", R"([{"op":"copy","from":"/a","path":"/d"}])") ==
              R"({"a":{"b":1},"d":{"b":1}})");
        CHECK(patched(R"({"a/b":1,"c~d":2})",
                      R"([{"op":"remove","path":"/a~1b"},{"op":"test","path":"/c~0d","value":2.0}])") ==
              R"({"c~d":2})");
        CHECK(patched(R"({"a":{"x":1,"y":[1]}})", R"([{"op":"test","path":"/a","value":{"y":[1],"x":1.0}}])") ==
              R"({"a":{"x":1,"y":[1]}})");
    }

    TEST_CASE("JSON Patch: the place of what does not fit") {
        constexpr const char* document = R"({"a":[1],"b":"x"})";
        for (const char* patch :
             {R"([{"op":"add","path":"/c/d","value":1}])", R"([{"op":"add","path":"/a/2","value":1}])",
              R"([{"op":"add","path":"/a/01","value":1}])", R"([{"op":"remove","path":"/zz"}])",
              R"([{"op":"replace","path":"/a/1","value":1}])", R"([{"op":"test","path":"/b","value":"y"}])",
              R"([{"op":"move","from":"/q","path":"/r"}])", R"([{"op":"move","from":"/a","path":"/a/0"}])",
              R"([{"op":"test","path":"/a/0","value":"1"}])"}) {
            CAPTURE(patch);
            CHECK(patched(document, patch).starts_with("refused [0]/"));
        }
        for (const char* patch : {R"({"op":"add"})", R"([{"op":"add","path":"/c"}])", R"([{"op":"jump","path":"/c"}])",
                                  R"([{"path":"/c"}])", R"([{"op":"remove","path":"c"}])",
                                  R"([{"op":"copy","path":"/c"}])", R"([1])", R"([{"op":"remove","path":"/~2"}])"}) {
            CAPTURE(patch);
            CHECK(patched(document, patch).starts_with("broken"));
        }
        CHECK(patched(document, R"([{"op":"remove","path":"/b"},{"op":"remove","path":"/b"}])") == "refused [1]/b");
        CHECK(patched(R"({"a":"x"})", R"([{"op":"add","path":"/_a","value":3}])").starts_with("refused"));
    }

    TEST_CASE("JSON Patch: resources keep companions apart and nothing empty") {
        constexpr const char* patient =
            R"({"resourceType":"Patient","birthDate":"1970-01-01","_birthDate":{"extension":[{"url":"urn:x","valueCode":"a"}]},"name":[{"family":"A"}]})";
        CHECK(
            patched(patient, R"([{"op":"replace","path":"/_birthDate/extension/0/valueCode","value":"b"}])") ==
            R"({"resourceType":"Patient","birthDate":"1970-01-01","_birthDate":{"extension":[{"url":"urn:x","valueCode":"b"}]},"name":[{"family":"A"}]})");
        CHECK(patched(patient, R"([{"op":"remove","path":"/_birthDate"},{"op":"remove","path":"/name/0"}])") ==
              R"({"resourceType":"Patient","birthDate":"1970-01-01"})");
    }

    TEST_CASE("JSON Patch: copies are bounded") {
        std::string patch = "[";
        for (int i = 0; i < 60; ++i)
            patch += std::string(i ? "," : "") + R"({"op":"copy","from":"","path":"/a)" + std::to_string(i) + "\"}";
        CHECK(apply_json_patch(json(R"({"a":"0123456789"})"), json(patch + "]")).has_error());
    }

    TEST_CASE("FHIRPath Patch: every operation") {
        constexpr const char* patient =
            R"({"resourceType":"Patient","identifier":[{"value":"1"},{"value":"2"},{"value":"3"}],"birthDate":"1970"})";
        const auto with = [&](std::string_view rest) {
            return R"({"resourceType":"Patient")" + std::string(rest) + "}";
        };
        CHECK(patched_by_path(patient, operation("delete", "Patient.identifier.where(value='2')")) ==
              with(R"(,"identifier":[{"value":"1"},{"value":"3"}],"birthDate":"1970")"));
        CHECK(
            patched_by_path(
                patient, operation("move", "Patient.identifier",
                                   R"({"name":"source","valueInteger":2},{"name":"destination","valueInteger":0})")) ==
            with(R"(,"identifier":[{"value":"3"},{"value":"1"},{"value":"2"}],"birthDate":"1970")"));
        CHECK(patched_by_path(
                  patient,
                  operation("insert", "Patient.identifier",
                            R"({"name":"index","valueInteger":1},{"name":"value","valueIdentifier":{"value":"x"}})")) ==
              with(R"(,"identifier":[{"value":"1"},{"value":"x"},{"value":"2"},{"value":"3"}],"birthDate":"1970")"));
        CHECK(patched_by_path(patient,
                              operation("replace", "Patient.birthDate", R"({"name":"value","valueDate":"1980-02"})")) ==
              with(R"(,"identifier":[{"value":"1"},{"value":"2"},{"value":"3"}],"birthDate":"1980-02")"));
        CHECK(patched_by_path(R"({"resourceType":"Patient"})",
                              operation("add", "Patient", R"({"name":"name","valueString":"contact"},
          {"name":"value","part":[{"name":"gender","valueCode":"male"},{"name":"telecom","valueContactPoint":{"value":"1"}}]})")) ==
              with(R"(,"contact":[{"gender":"male","telecom":[{"value":"1"}]}])"));
        CHECK(patched_by_path(
                  R"({"resourceType":"Patient"})",
                  operation("insert", "Patient.name",
                            R"({"name":"index","valueInteger":0},{"name":"value","valueHumanName":{"text":"n"}})")) ==
              with(R"(,"name":[{"text":"n"}])"));
    }

    TEST_CASE("FHIRPath Patch: choices take the type of the value") {
        constexpr const char* empty = R"({"resourceType":"Observation"})";
        CHECK(patched_by_path(
                  empty,
                  operation(
                      "add", "Observation",
                      R"({"name":"name","valueString":"value"},{"name":"value","valueQuantity":{"value":1.50}})")) ==
              R"({"resourceType":"Observation","valueQuantity":{"value":1.50}})");
        CHECK(patched_by_path(
                  R"({"resourceType":"Observation","valueString":"x"})",
                  operation("replace", "Observation.value", R"({"name":"value","valueQuantity":{"value":2}})")) ==
              R"({"resourceType":"Observation","valueQuantity":{"value":2}})");
        CHECK(
            patched_by_path(R"({"resourceType":"Observation","valueString":"x"})",
                            operation("add", "Observation",
                                      R"({"name":"name","valueString":"value"},{"name":"value","valueBoolean":true})"))
                .starts_with("refused"));
        CHECK(patched_by_path(
                  empty,
                  operation("add", "Observation",
                            R"({"name":"name","valueString":"value"},{"name":"value","valueAddress":{"city":"x"}})"))
                  .starts_with("refused"));
    }

    TEST_CASE("FHIRPath Patch: what becomes empty goes, what does not fit is refused") {
        CHECK(patched_by_path(R"({"resourceType":"Patient","contact":[{"name":{"text":"a"},"gender":"male"}]})",
                              operation("delete", "Patient.contact[0].name.text")) ==
              R"({"resourceType":"Patient","contact":[{"gender":"male"}]})");
        CHECK(patched_by_path(R"({"resourceType":"Patient","contact":[{"name":{"text":"a"}}]})",
                              operation("delete", "Patient.contact[0].name.text")) == R"({"resourceType":"Patient"})");
        constexpr const char* patient =
            R"({"resourceType":"Patient","identifier":[{"value":"1"},{"value":"2"}],"birthDate":"1970"})";
        CHECK(patched_by_path(patient, operation("delete", "Patient.name")) == patient);
        for (const std::string& refused :
             {operation("delete", "Patient.identifier"),
              operation("replace", "Patient.name.family", R"({"name":"value","valueString":"x"})"),
              operation("delete", "1 + 1"),
              operation("add", "Patient",
                        R"({"name":"name","valueString":"nothing"},{"name":"value","valueString":"x"})"),
              operation("add", "Patient",
                        R"({"name":"name","valueString":"birthDate"},{"name":"value","valueDate":"1971"})"),
              operation("insert", "Patient.identifier",
                        R"({"name":"index","valueInteger":3},{"name":"value","valueIdentifier":{"value":"x"}})"),
              operation("move", "Patient.identifier",
                        R"({"name":"source","valueInteger":0},{"name":"destination","valueInteger":2})")}) {
            CAPTURE(refused);
            CHECK(patched_by_path(patient, refused) == "refused Parameters.parameter[0]");
        }
        for (const std::string& broken :
             {operation("jump", "Patient"), operation("add", "Patient..x"), operation("add", "Patient"),
              operation("move", "Patient.identifier"), std::string(R"({"name":"else"})"),
              operation("insert", "Patient.identifier", R"({"name":"index","valueInteger":-1})")}) {
            CAPTURE(broken);
            CHECK(patched_by_path(patient, broken) == "broken Parameters.parameter[0]");
        }
        CHECK(apply_fhirpath_patch(json(patient), json(patient)->root()).error().code == Errc::wrong_shape);
    }

    TEST_CASE("the published JSON Patch cases") {
        const auto folder = causeway::test::test_data("fhir/test-cases/patch");
        if (folder.empty()) return;
        const auto cases = json(causeway::test::read_file(folder / "json-patch-tests.json"));
        REQUIRE(cases->root().size() >= 16);
        for (const Element one : cases->root().items()) {
            CAPTURE(std::string(one["comment"].text()));
            const auto result = apply_json_patch(json(to_json(one["doc"])), json(to_json(one["patch"])));
            REQUIRE(result.has_error() == bool(one["error"]));
            if (result.has_error()) continue;
            // the order of members does not count
            CHECK(
                apply_json_patch(*result, json(R"([{"op":"test","path":"","value":)" + to_json(one["expected"]) + "}]"))
                    .has_value());
        }
    }

    TEST_CASE("the published FHIRPath Patch cases") {
        const auto folder = causeway::test::test_data("fhir/test-cases/patch");
        if (folder.empty()) return;
        const std::string text = causeway::test::read_file(folder / "fhir-patch-tests.xml");
        std::string attributes, body, inner, input, diff, output;
        std::size_t at = 0;
        std::size_t count = 0;
        while (SuiteReader::take("case", text, at, attributes, body)) {
            CAPTURE(attributes);
            std::size_t inside = 0;
            REQUIRE(SuiteReader::take("input", body, inside, inner, input));
            REQUIRE(SuiteReader::take("diff", body, inside, inner, diff));
            const auto document = parse_xml(input);
            const auto parameters = parse_xml(diff);
            REQUIRE(document.has_value());
            REQUIRE_MESSAGE(parameters.has_value(), (parameters.has_error() ? parameters.error().message : ""));
            const auto result = apply_fhirpath_patch(*document, (*parameters)->root());
            ++count;
            if (!SuiteReader::take("output", body, inside, inner, output)) {
                CHECK(result.has_error());
                continue;
            }
            REQUIRE_MESSAGE(result.has_value(), (result.has_error() ? result.error().message : ""));
            const auto expected = parse_xml(output);
            REQUIRE(expected.has_value());
            const auto squeezed = [](std::string xml) {
                // a quote in text may be spelled either way
                for (std::size_t quote = xml.find("&quot;"); quote != std::string::npos; quote = xml.find("&quot;"))
                    xml.replace(quote, 6, "\"");
                std::erase_if(xml, [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; });
                return xml;
            };
            CHECK(squeezed(to_xml((*result)->root()).value()) == squeezed(to_xml((*expected)->root()).value()));
        }
        CHECK(count >= 33);
    }

    TEST_CASE("XML Patch: every operation and position") {
        constexpr const char* document =
            R"({"resourceType":"Patient","id":"p","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">a <b>bold</b> word</div>"},)"
            R"("name":[{"family":"Silva","given":["Ana","Ines"]},{"family":"Costa"}],"birthDate":"1962-05-20","multipleBirthInteger":2})";
        struct Row {
            const char *patch, *changed, *into;
        };
        const auto head = [](std::string_view operation) {
            return R"(<diff xmlns:f="http://hl7.org/fhir" xmlns:h="http://www.w3.org/1999/xhtml">)" +
                   std::string(operation) + "</diff>";
        };
        for (
            const auto& row : {
                Row{R"(<replace sel="f:Patient/f:birthDate/@value">19<!-- sic --><![CDATA[70]]></replace>)",
                    R"("1962-05-20")", R"("1970")"},
                Row{R"(<replace sel="/Patient/name[1]"><f:name><f:text value="x"/></f:name></replace>)",
                    R"({"family":"Silva","given":["Ana","Ines"]})", R"({"text":"x"})"},
                Row{R"(<remove sel="f:Patient/f:name[f:family/@value='Costa']"/>)", R"(,{"family":"Costa"})", ""},
                Row{R"(<remove sel="f:Patient/f:name[2]/f:family"/>)", R"(,{"family":"Costa"})", ""},
                Row{R"(<remove sel="f:Patient/f:name[2]/f:family/@value"/>)", R"(,{"family":"Costa"})", ""},
                Row{R"(<add sel="f:Patient/f:name[2]"><given xmlns="http://hl7.org/fhir" value="Rui"/></add>)",
                    R"({"family":"Costa"})", R"({"family":"Costa","given":["Rui"]})"},
                Row{R"(<add sel="f:Patient/f:name[1]/f:given[1]" pos="before"><f:given value="0"/><f:given value="1"/></add>)",
                    R"("Ana",)", R"("0","1","Ana",)"},
                Row{R"(<add sel="f:Patient/f:name[1]/f:given[1]" pos="after"><f:given value="0"/> <f:given value="1"/></add>)",
                    R"("Ana",)", R"("Ana","0","1",)"},
                Row{R"(<add sel="f:Patient/f:name[2]" pos="prepend"><f:text value="x"/><f:use value="old"/></add>)",
                    R"({"family":"Costa"})", R"({"use":"old","text":"x","family":"Costa"})"},
                Row{R"(<add sel="f:Patient/f:name[2]" type="@id">n2</add>)", R"({"family":"Costa"})",
                    R"({"id":"n2","family":"Costa"})"},
                Row{R"x(<replace sel="f:Patient/f:text/h:div/h:b/text()">fat</replace>)x", "bold", "fat"},
                Row{R"(<replace sel="f:Patient/f:text/h:div/h:b"><h:i>thin</h:i></replace>)", "<b>bold</b>",
                    "<i>thin</i>"},
                Row{R"(<replace sel="f:Patient/f:multipleBirthInteger"><f:multipleBirthBoolean value="true"/></replace>)",
                    R"("multipleBirthInteger":2)", R"("multipleBirthBoolean":true)"},
            }) {
            CAPTURE(row.patch);
            std::string wanted = document;
            wanted.replace(wanted.find(row.changed), std::string_view(row.changed).size(), row.into);
            const auto patch = XmlPatch::parse(head(row.patch));
            REQUIRE(patch.has_value());
            const auto done = patch->apply(json(document));
            REQUIRE_MESSAGE(done.has_value(), done.error().message);
            // The order of an element's members is the patch's; written as XML they have R4's.
            CHECK(to_xml((*done)->root()).value() == to_xml(json(wanted)->root()).value());
        }
    }

    TEST_CASE("XML Patch: what is none, and what cannot be applied") {
        const auto document = json(R"({"resourceType":"Patient","name":[{"family":"a"},{"family":"b"}]})");
        for (const char* patch :
             {"", "<diff", "<other/>", "<diff><paint sel='Patient'/></diff>", "<diff><add/></diff>",
              "<diff><add sel='//name'/></diff>", "<diff><add sel='Patient/..'/></diff>",
              "<diff><add sel='ancestor::x'/></diff>", "<diff><add sel='x:Patient'/></diff>",
              "<diff><add sel='count(Patient)'/></diff>", "<diff><add sel='Patient[' /></diff>",
              "<diff><add sel='Patient' pos='below'/></diff>", "<diff><add sel='Patient' type='namespace::x'/></diff>",
              "<diff><remove sel='Patient/name[1]'>x</remove></diff>",
              "<!DOCTYPE diff [<!ENTITY x 'y'>]><diff><add sel='Patient'>&x;</add></diff>"}) {
            CAPTURE(patch);
            const auto parsed = XmlPatch::parse(patch);
            REQUIRE(parsed.has_error());
            CHECK(parsed.error().code == Errc::wrong_shape);
        }
        for (const char* patch :
             {"<diff><remove sel='Patient/name'/></diff>", "<diff><remove sel='Patient/gender'/></diff>",
              "<diff><remove sel='Patient'/></diff>", "<diff><add sel='Patient' pos='after'><Patient/></add></diff>",
              "<diff><replace sel='Patient/name[1]'>x</replace></diff>",
              "<diff><replace sel='Patient/name[1]'><name/><name/></replace></diff>",
              "<diff><add sel='Patient/name[1]/family' type='@value'>x</add></diff>",
              "<diff><replace sel='Patient'><Group xmlns='http://hl7.org/fhir'/></replace></diff>",
              "<diff><replace sel='Patient/name[1]/family/@value'><b/></replace></diff>"}) {
            CAPTURE(patch);
            const auto parsed = XmlPatch::parse(patch);
            REQUIRE(parsed.has_value());
            CHECK(shown(parsed->apply(document)) == "refused diff/*[0]");
        }
        CHECK(shown(XmlPatch::parse("<diff><add sel='Patient'>text</add></diff>").value().apply(document))
                  .starts_with("refused"));
    }
}
