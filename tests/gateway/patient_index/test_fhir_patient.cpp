#include <doctest/doctest.h>

#include "fhir/json/json.hpp"
#include "gateway/patient_index/fhir_patient.hpp"
#include "gateway/patient_index/match/features.hpp"

using namespace causeway;
using namespace causeway::patient_index;

TEST_SUITE("gateway/patient_index/fhir_patient") {
    TEST_CASE("a Patient is read as the matcher wants it") {
        const auto document = fhir::parse_json(R"({"resourceType":"Patient",
        "identifier":[{"system":"http://hl7.org/fhir/sid/us-ssn","value":"219-09-8765"},
                      {"type":{"coding":[{"code":"MR"}]},"system":"urn:oid:1.2.3","value":"A77"},
                      {"type":{"coding":[{"code":"MB"}]},"system":"urn:plan","value":"99871"},
                      {"system":"urn:national","value":"5511"},
                      {"use":"old","system":"urn:oid:1.2.3","value":"A12"}],
        "name":[{"use":"official","family":"Hill","given":["Mary","Ruth"],"suffix":["Jr"]},{"use":"maiden","family":"Stone","given":["Mary"]},{"text":"Hill, Molly"}],
        "telecom":[{"system":"phone","value":"248 433 3532"},{"system":"email","value":"m@x.org"},{"system":"fax","value":"1"}],
        "gender":"female","birthDate":"1984-07-19","multipleBirthInteger":2,
        "address":[{"line":["12 Elm Street","Apt 4"],"city":"Troy","postalCode":"48084"}],
        "extension":[{"url":"http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName","valueString":"Abbott"}],
        "contact":[{"relationship":[{"coding":[{"code":"MTH"}]}],"name":{"given":["Eve"]}},{"relationship":[{"coding":[{"code":"N"}]}],"name":{"given":["Bob"]}}]})");
        REQUIRE(document.has_value());
        const auto record = read_patient((*document)->root(), {{"urn:national"}, {}, {}});
        CHECK(record.ssns == std::vector<std::string>{"219-09-8765"});
        REQUIRE(record.identifiers.size() == 3);
        CHECK(record.identifiers[0].kind == match::Record::IdentifierKind::local);
        CHECK(record.identifiers[1].kind == match::Record::IdentifierKind::person);
        CHECK(record.identifiers[2].kind == match::Record::IdentifierKind::person);
        REQUIRE(record.names.size() == 3);
        CHECK(record.names[0].middle == "Ruth");
        CHECK(record.names[0].suffix == "Jr");
        CHECK(record.names[1].family == "Stone");
        CHECK(record.names[2].text == "Hill, Molly");
        CHECK(record.phones.size() == 1);
        CHECK(record.emails.size() == 1);
        CHECK(record.addresses[0].street == "12 Elm Street");
        CHECK(record.mothers[0] == "Abbott");
        CHECK(record.guardians == std::vector<std::string>{"Eve"});
        CHECK(record.birth_order == 2);
        CHECK(record.multiple_birth);
        CHECK(record.sex == "female");
    }
    TEST_CASE("an empty Patient is an empty record") {
        const auto document = fhir::parse_json(R"({"resourceType":"Patient"})");
        CHECK(match::normalise(read_patient((*document)->root())) == match::Features());
    }
}
