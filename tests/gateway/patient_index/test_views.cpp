#include <doctest/doctest.h>
#include <fmt/core.h>

#include <set>

#include "tests/gateway/patient_index/registry_office.hpp"

using namespace causeway;

namespace {

std::string patient(std::string_view domain, std::string_view value, std::string_view given, std::string_view born,
                    std::string_view phone) {
    return fmt::format(
        R"({{"resourceType":"Patient","identifier":[{{"system":"urn:oid:2.16.840.1.113883.3.72.5.9.{}","value":"{}"}}],)"
        R"("name":[{{"family":"Hillenbrand","given":["{}"]}}],"gender":"female","birthDate":"{}",)"
        R"("telecom":[{{"system":"phone","value":"{}"}}],"address":[{{"line":["12 Elm Street"],"city":"Troy","postalCode":"48084"}}]}})",
        domain, value, given, born, phone);
}

std::string weight(std::string_view patient, int kilograms) {
    return fmt::format(
        R"({{"resourceType":"Observation","status":"final","code":{{"coding":[{{"system":"http://loinc.org","code":"29463-7"}}]}},)"
        R"("subject":{{"reference":"Patient/{}"}},"effectiveDateTime":"2026-03-02","valueQuantity":{{"value":{},"unit":"kg"}}}})",
        patient, kilograms);
}

/// Mary, known to two hospitals, and somebody of her name; each record with a weight.
struct Hospitals {
    tests::RegistryOffice office;
    tests::Gateway& gateway = office.gateway;
    std::string mary = gateway.create(patient("1", "1", "Mary", "1984-07-19", "248-433-3532")),
                mary_again = gateway.create(patient("2", "X", "Mary", "1984-07-19", "248-433-3532")),
                zelda = gateway.create(patient("1", "2", "Zelda", "1951-11-30", "906-226-1000"));
    Hospitals() {
        int kilograms = 60;
        for (const auto* id : {&mary, &mary_again, &zelda}) gateway.create(weight(*id, kilograms++));
    }
    static std::set<std::string> subjects(const tests::Got& bundle) {
        std::set<std::string> out;
        for (const auto entry : bundle.root()["entry"].items())
            if (const auto subject = entry["resource"]["subject"]["reference"].text(); !subject.empty())
                out.emplace(subject.substr(8));
        return out;
    }
};

}  // namespace

TEST_SUITE("gateway/patient_index/views") {
    TEST_CASE("a reference with :mdm finds what was said of that human being, of whichever record") {
        Hospitals hospitals;
        auto& gateway = hospitals.gateway;
        const std::set<std::string> both{hospitals.mary, hospitals.mary_again};
        CHECK(Hospitals::subjects(gateway.get("Observation?subject=Patient/" + hospitals.mary)) ==
              std::set<std::string>{hospitals.mary});
        for (const auto& query : {"Observation?subject:mdm=Patient/" + hospitals.mary,
                                  "Observation?patient:mdm=Patient/" + hospitals.mary_again,
                                  "Observation?subject:mdm=http://test/fhir/Patient/" + hospitals.mary}) {
            CAPTURE(query);
            const auto found = gateway.get(query);
            CHECK_MESSAGE(found.status == 200, found.body);
            CHECK(Hospitals::subjects(found) == both);
        }
        CHECK(Hospitals::subjects(
                  gateway.get("Observation?subject:mdm=Patient/" + hospitals.mary + ",Patient/" + hospitals.zelda))
                  .size() == 3);
        CHECK(gateway.get("Patient?_id:mdm=" + hospitals.mary).entries() == 2);
        CHECK(gateway.get("Observation?subject:mdm=Patient/nobody").entries() == 0);
    }
    TEST_CASE("everything of a human being takes the other records in") {
        Hospitals hospitals;
        auto& gateway = hospitals.gateway;
        CHECK(Hospitals::subjects(gateway.get("Patient/" + hospitals.mary + "/$everything")) ==
              std::set<std::string>{hospitals.mary});
        const auto all = gateway.get("Patient/" + hospitals.mary + "/$everything?_mdm=true");
        CHECK_MESSAGE(all.status == 200, all.body);
        CHECK(Hospitals::subjects(all) == std::set<std::string>{hospitals.mary, hospitals.mary_again});
        std::size_t patients = 0;
        for (const auto entry : all.root()["entry"].items())
            patients += entry["resource"]["resourceType"].text() == "Patient";
        CHECK(patients == 2);
        // a page at a time, and the links keep asking for it
        const auto first = gateway.get("Patient/" + hospitals.mary + "/$everything?_mdm=true&_count=1");
        CHECK(first.link("next").find("_mdm=true") != std::string::npos);
    }
    TEST_CASE("a search of golden records names each human being once, in pages") {
        Hospitals hospitals;
        auto& gateway = hospitals.gateway;
        CHECK(gateway.get("Patient?family=Hillenbrand").entries() == 3);
        const auto persons = gateway.get("Patient/$golden?family=Hillenbrand");
        REQUIRE_MESSAGE(persons.status == 200, persons.body);
        CHECK(persons.root()["type"].text() == "searchset");
        CHECK(persons.root()["total"].text() == "2");
        REQUIRE(persons.entries() == 2);
        std::set<std::string> names;
        for (const auto entry : persons.root()["entry"].items()) {
            names.emplace(entry["resource"]["name"].first()["given"].first().text());
            CHECK(entry["fullUrl"].text().find("identifier=urn") != std::string::npos);
        }
        CHECK(names == std::set<std::string>{"Mary", "Zelda"});
        const auto page = gateway.get("Patient/$golden?family=Hillenbrand&_count=1");
        CHECK(page.entries() == 1);
        const auto next = page.link("next");
        REQUIRE(!next.empty());
        const auto rest = gateway.get(next.substr(std::string("http://test/fhir/").size()));
        CHECK_MESSAGE(rest.entries() == 1, rest.body);
        CHECK(rest.link("next").empty());
        CHECK(gateway.get("Patient/$golden?family=Nobody").entries() == 0);
        CHECK(gateway.get("Patient/$golden?nonsense=1").status == 400);
    }
    TEST_CASE("PDQm: every parameter of the profile, by GET and POST, in JSON and XML") {
        tests::RegistryOffice office;
        auto& gateway = office.gateway;
        auto whole = patient("1", "1", "Mary", "1984-07-19", "248-433-3532");
        whole.replace(whole.find(R"("city":"Troy")"), 13, R"("city":"Troy","state":"MI","country":"USA")");
        whole.insert(
            1,
            R"("active":true,"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName","valueString":"Stone"}],)");
        const auto mary = gateway.create(whole);
        gateway.create(patient("2", "2", "Zelda", "1951-11-30", "906-226-1000"));
        const std::string arc = "urn:oid:2.16.840.1.113883.3.72.5.9.";
        for (const auto& query :
             {"_id=" + mary, std::string("active=true&given=Mary"), std::string("family=hillen&given=mary"),
              "identifier=" + arc + "1%7C1", std::string("telecom=248-433-3532"), std::string("birthdate=1984-07-19"),
              std::string("birthdate=ge1984&birthdate=lt1985"), std::string("address=12%20Elm&given=Mary"),
              std::string("address-city=Troy&given=Mary"), std::string("address-country=USA"),
              std::string("address-postalcode=48084&given=Mary"), std::string("address-state=MI"),
              std::string("gender=female&birthdate=1984-07-19"),
              std::string("family=Hillenbrand&gender=female&given=Mary"), std::string("given:exact=Mary"),
              std::string("given=Mary,Maria"), std::string("mothersMaidenName=Stone"),
              "identifier=" + arc + "1%7C," + arc + "3%7C"}) {
            CAPTURE(query);
            for (const bool post : {false, true}) {
                const auto found = post ? gateway.post("Patient/_search", query,
                                                       {{"Content-Type", "application/x-www-form-urlencoded"}})
                                        : gateway.get("Patient?" + query);
                CHECK_MESSAGE(found.status == 200, found.body);
                REQUIRE(found.entries() == 1);
                CHECK(found.entry(0)["resource"]["id"].text() == mary);
            }
        }
        CHECK(gateway.get("Patient?mothersMaidenName=Bolder").entries() == 0);
        CHECK(gateway.get("Patient?given:exact=mary").entries() == 0);
        const auto xml = gateway.get("Patient?given=Mary&_format=xml");
        CHECK(xml.body.find("<Bundle") != std::string::npos);
        CHECK(xml.body.find(mary) != std::string::npos);
    }
    TEST_CASE("where votes are equal the newest record wins, or the one of the most trusted source") {
        const auto member = [](storage::TimeUs at_us, std::string_view system, std::string_view gender) {
            patient_index::Member out;
            out.record = out.at_us = at_us;
            out.id = "r" + std::to_string(at_us);
            out.patient = fhir::parse_json(
                              fmt::format(R"({{"resourceType":"Patient","identifier":[{{"system":"{}","value":"1"}}],)"
                                          R"("gender":"{}","telecom":[{{"system":"phone","value":"{}"}}]}})",
                                          system, gender, at_us))
                              .value();
            return out;
        };
        // newest first, as they are read
        const std::vector<patient_index::Member> members{member(3, "urn:c", "other"), member(2, "urn:b", "female"),
                                                         member(1, "urn:a", "male")};
        const auto golden = [&](const std::vector<std::string>& trusted) {
            return patient_index::golden_record(members, {{}, {}, true, trusted});
        };
        CHECK(golden({})->root()["gender"].text() == "other");
        CHECK(golden({})->root()["telecom"].first()["value"].text() == "3");
        CHECK(golden({"urn:b"})->root()["gender"].text() == "female");
        const auto trusted = golden({"urn:a", "urn:b"});
        CHECK(trusted->root()["gender"].text() == "male");
        CHECK(trusted->root()["telecom"].first()["value"].text() == "1");
        CHECK(trusted->root()["telecom"].first()["extension"].first()["valueReference"]["reference"].text() ==
              "Patient/r1");
        CHECK(trusted->root()["telecom"].size() == 3);
    }
}
