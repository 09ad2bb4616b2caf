#include <doctest/doctest.h>

#include <string>

#include "fhir/json/json.hpp"
#include "fhir/model/builder.hpp"
#include "fhir/validate/validate.hpp"

using namespace causeway::fhir;

namespace {

/// "id min..max" of each element, one a line; `only` keeps those whose id begins so.
std::string table(const Document& definition, std::string_view only) {
    std::string out;
    for (const Element element : definition.root()["snapshot"]["element"].items()) {
        if (!element["id"].text().starts_with(only)) continue;
        out += element["id"].text();
        out += ' ';
        out += element["min"].text();
        out += "..";
        out += element["max"].text();
        out += '\n';
    }
    return out;
}

DocumentPtr profile_of(const std::string& elements,
                       const std::string& base = "http://hl7.org/fhir/StructureDefinition/Patient",
                       const std::string& name = "p") {
    auto parsed = parse_json(
        R"({"resourceType":"StructureDefinition","url":"http://example.org/)" + name +
        R"(","name":"P","status":"draft","kind":"resource","abstract":false,"type":"Patient","baseDefinition":")" +
        base + R"(","derivation":"constraint","differential":{"element":[)" + elements + "]}}");
    REQUIRE(parsed.has_value());
    return *parsed;
}

}  // namespace

TEST_SUITE("fhir/profile/snapshot") {
    TEST_CASE("the base's elements with the differential over them") {
        ValidatorBuilder builder;
        builder.add(profile_of(R"({"id":"Patient.name","path":"Patient.name","min":1,"mustSupport":true},
            {"id":"Patient.name.family","path":"Patient.name.family","min":1},{"id":"Patient.contact","path":"Patient.contact","max":"0"})"));
        const auto validator = std::move(builder).build();
        const auto made = validator->snapshot("http://example.org/p");
        REQUIRE_MESSAGE(made.has_value(), made.error().message);
        CHECK(table(**made, "Patient.name") ==
              "Patient.name 1..*\nPatient.name.id 0..1\nPatient.name.extension 0..*\nPatient.name.use "
              "0..1\nPatient.name.text 0..1\n"
              "Patient.name.family 1..1\nPatient.name.given 0..*\nPatient.name.prefix 0..*\nPatient.name.suffix 0..*\n"
              "Patient.name.period 0..1\n");
        CHECK(table(**made, "Patient.contact").starts_with("Patient.contact 0..0\n"));
        CHECK(table(**made, "Patient.gender") == "Patient.gender 0..1\n");
        for (const Element element : (*made)->root()["snapshot"]["element"].items()) {
            if (element["id"].text() != "Patient.name") continue;
            CHECK(element["mustSupport"].text() == "true");
            CHECK(element["type"].first()["code"].text() == "HumanName");
            CHECK(element["base"]["min"].text() == "0");
        }
    }

    TEST_CASE("slices stand behind what they slice, with the children that are spoken of") {
        ValidatorBuilder builder;
        builder.add(profile_of(
            R"({"id":"Patient.identifier","path":"Patient.identifier","slicing":{"discriminator":[{"type":"value","path":"system"}],"rules":"open"},"min":1},
            {"id":"Patient.identifier:a","path":"Patient.identifier","sliceName":"a","max":"1"},
            {"id":"Patient.identifier:a.system","path":"Patient.identifier.system","min":1,"fixedUri":"urn:a"},
            {"id":"Patient.identifier:b","path":"Patient.identifier","sliceName":"b"})"));
        const auto validator = std::move(builder).build();
        const auto made = validator->snapshot("http://example.org/p");
        REQUIRE_MESSAGE(made.has_value(), made.error().message);
        const auto found = table(**made, "Patient.identifier");
        CHECK(found.starts_with("Patient.identifier 1..*\nPatient.identifier:a 0..1\nPatient.identifier:a.id 0..1\n"));
        CHECK(found.find("Patient.identifier:a.system 1..1\n") != std::string::npos);
        CHECK(found.ends_with("Patient.identifier:b 0..*\n"));
    }

    TEST_CASE("a profile of a profile, and a choice named by its type") {
        const auto validator = Validator::built_in();
        const auto made = validator->snapshot("http://hl7.org/fhir/StructureDefinition/heartrate");
        REQUIRE_MESSAGE(made.has_value(), made.error().message);
        const auto value = table(**made, "Observation.value[x]");
        CHECK(value.find("Observation.value[x]:valueQuantity.code 1..1\n") != std::string::npos);
        CHECK(table(**made, "Observation.category").starts_with("Observation.category 1..*\n"));
        CHECK(table(**made, "Observation.category:VSCat").starts_with("Observation.category:VSCat 1..1\n"));
        CHECK(table(**made, "Observation.subject").starts_with("Observation.subject 1..1\n"));
    }

    TEST_CASE("every profile of R4 has a snapshot, and validates as its differential does") {
        const auto validator = Validator::built_in();
        const auto made = validator->snapshot("http://hl7.org/fhir/StructureDefinition/bp");
        REQUIRE(made.has_value());
        DocumentBuilder edit = DocumentBuilder::edit(*made);
        edit.root().remove("differential");
        edit.root().member("url").set_string("http://example.org/snapshot-alone");
        ValidatorBuilder builder;
        REQUIRE(builder.add(std::move(edit).finish()));
        const auto other = std::move(builder).build();
        const auto document = *parse_json(R"({"resourceType":"Observation","status":"final","code":{"text":"x"}})");
        ValidationOptions by_differential;
        by_differential.profiles = {"http://hl7.org/fhir/StructureDefinition/bp"};
        ValidationOptions by_snapshot;
        by_snapshot.profiles = {"http://example.org/snapshot-alone"};
        const auto errors = [](const Issues& issues) {
            std::vector<std::string> out;
            for (const Issue& issue : issues)
                if (issue.severity == Severity::error) out.push_back(issue.expression);
            return out;
        };
        const auto wanted = errors(other->validate(*document, by_differential));
        CHECK(wanted.size() > 3);
        CHECK(errors(other->validate(*document, by_snapshot)) == wanted);
    }
}
