#include <doctest/doctest.h>

#include "fhir/json/json.hpp"
#include "fhir/search/match.hpp"
#include "fhir/search/query.hpp"

using namespace causeway::fhir;
using namespace causeway::fhir::search;

namespace {

/// "yes", "no", "open", or the first issue.
std::string answer(std::string_view json, std::string_view query, const Surroundings* surroundings = nullptr) {
    const auto document = parse_json(std::string(json)).value();
    const auto parsed = parse_query(document->resource_type(), decode_query(query).value());
    if (!parsed.ok()) return parsed.issues.front().text;
    MatchContext context;
    context.surroundings = surroundings;
    context.last_updated_us = 1'700'000'000'000'000;
    const bool met = matches(parsed.plan, document, context);
    return context.undecided ? "open" : met ? "yes" : "no";
}

void check(std::string_view json, std::initializer_list<const char*> yes, std::initializer_list<const char*> no) {
    for (const char* query : yes) {
        CAPTURE(query);
        CHECK(answer(json, query) == "yes");
    }
    for (const char* query : no) {
        CAPTURE(query);
        CHECK(answer(json, query) == "no");
    }
}

}  // namespace

TEST_SUITE("fhir/search/match") {
    TEST_CASE("dates of every precision, by the prefixes' table") {
        check(
            R"({"resourceType":"Patient","birthDate":"1962"})",
            {"birthdate=eq1962", "birthdate=1962", "birthdate=ge1962-05", "birthdate=gt1962-05-20",
             "birthdate=lt1962-05-20", "birthdate=ne1962-05"},
            {"birthdate=eq1962-05", "birthdate=gt1962", "birthdate=sa1962", "birthdate=ne1962", "birthdate=eb1962-05"});
        check(R"({"resourceType":"Patient","birthDate":"2024-02-29"})",
              {"birthdate=eq2024", "birthdate=eq2024-02", "birthdate=le2024-02-29", "birthdate=ne2024-03"},
              {"birthdate=gt2024-02"});
        check(R"({"resourceType":"Encounter","period":{"start":"2021-11-03","end":"2023"}})",
              {"date=ge2021", "date=gt2022", "date=lt2021-11-04", "date=ne2021"},
              {"date=le2021", "date=eq2021", "date=eb2023"});
        check(R"({"resourceType":"Encounter","period":{"start":"2019-07"}})",
              {"date=gt2031", "date=sa2018", "date=lt2020"}, {"date=2019", "date=eb2031", "date=eq2019-07"});
        check(R"({"resourceType":"Encounter","period":{"end":"1977"}})", {"date=lt1999", "date=lt1950"},
              {"date=1977", "date=sa1900"});
        check(R"({"resourceType":"Observation","effectiveInstant":"2025-03-30T23:15:00-04:00"})",
              {"date=2025-03-31T03:15:00Z", "date=2025-03-31"}, {"date=2025-03-30"});
        check(R"({"resourceType":"Patient"})", {"birthdate:missing=true"},
              {"birthdate=2000", "birthdate=ne2000", "birthdate:missing=false"});
    }

    TEST_CASE("strings and tokens") {
        constexpr const char* patient =
            R"({"resourceType":"Patient","id":"A1","identifier":[{"system":"urn:mrn","value":"12","type":{"coding":[{"system":"urn:t","code":"MR"}],"text":"Chart number"}}],
      "name":[{"family":"Carreño Quiñones","given":["Inês"]}],"telecom":[{"system":"phone","value":"(03) 5555-6473"}],"gender":"female"})";
        check(patient,
              {"name=ines&name=carreno",
               "family=Quinones",
               "family=carre%C3%B1o%20q",
               "family:exact=Carre%C3%B1o%20Qui%C3%B1ones",
               "family:contains=RREN",
               "identifier=12",
               "identifier=urn:mrn|12",
               "identifier=urn:mrn|",
               "identifier:of-type=urn:t|MR|12",
               "identifier:text=number",
               "phone=0355556473",
               "phone=03-5555-6473",
               "gender=female",
               "gender=FEMALE",
               "gender=http://hl7.org/fhir/administrative-gender|female",
               "gender:not=male",
               "gender:missing=false",
               "_id=A1",
               "_id=x,A1",
               "active:not=true",
               "identifier=|12,urn:mrn|12",
               "_lastUpdated=2023-11-14",
               "deceased=false"},
              {"family=ones", "family:exact=carreno%20quinones", "identifier=|12", "identifier=urn:other|12",
               "identifier:of-type=urn:t|XX|12", "gender:not=female", "gender:not=male,female", "_id=a1",
               "name=ines&name=peter", "identifier=urn:mr|", "_lastUpdated=gt2024"});
    }

    TEST_CASE("numbers and quantities, with units") {
        constexpr const char* weight =
            R"({"resourceType":"Observation","valueQuantity":{"value":5.4,"unit":"milligram","system":"http://unitsofmeasure.org","code":"mg"}})";
        check(weight,
              {"value-quantity=5.4", "value-quantity=5.4|http://unitsofmeasure.org|mg",
               "value-quantity=0.0054|http://unitsofmeasure.org|g", "value-quantity=5.4||mg", "value-quantity=gt5||mg",
               "value-quantity=5.4||milligram", "value-quantity=ap5||mg", "value-quantity=5", "value-quantity=lt1||g"},
              {"value-quantity=5.40||g", "value-quantity=5.3", "value-quantity=5.4|urn:x|mg",
               "value-quantity=gt5.4||mg", "value-quantity=sa5.4", "value-quantity=ap4||mg"});
        check(
            R"({"resourceType":"Observation","valueQuantity":{"value":5,"comparator":"<","code":"x","system":"urn:u"}})",
            {"value-quantity=lt3", "value-quantity=le5", "value-quantity=ne5"},
            {"value-quantity=5", "value-quantity=gt6"});
        check(R"({"resourceType":"RiskAssessment","prediction":[{"probabilityDecimal":0.2}]})",
              {"probability=0.2", "probability=0.20", "probability=gt0.1", "probability=ne0.3"},
              {"probability=0.21", "probability=0.3"});
    }

    TEST_CASE("references, canonicals and URIs") {
        check(R"({"resourceType":"Observation","subject":{"reference":"Patient/1/_history/3"}})",
              {"subject=Patient/1", "subject=1", "patient=1", "subject:Patient=1", "subject=Patient/1/_history/3"},
              {"subject=Patient/2", "subject=Group/1", "subject=Patient/1/_history/2", "subject:Group=1"});
        check(R"({"resourceType":"Observation","subject":{"identifier":{"system":"urn:s","value":"9"}}})",
              {"subject:identifier=urn:s|9", "subject:identifier=9", "subject:missing=false"},
              {"subject:identifier=8", "subject=9"});
        check(
            R"({"resourceType":"CarePlan","instantiatesCanonical":["http://x.example/pd|1.2"]})",
            {"instantiates-canonical=http://x.example/pd", "instantiates-canonical=http://x.example/pd|1.2",
             "instantiates-canonical:below=http://x.example/pd|1"},
            {"instantiates-canonical=http://x.example/pd|1", "instantiates-canonical:below=http://x.example/pd|1.20"});
        check(R"({"resourceType":"ValueSet","url":"http://x.example/a/b"})",
              {"url=http://x.example/a/b", "url:below=http://x.example/a", "url:above=http://x.example/a/b/c",
               "url:contains=ple/a"},
              {"url=http://x.example/a/B", "url:below=http://x.example/a/b/c", "url:below=http://x.exam",
               "url:above=http://x.example/a/bc"});
    }

    TEST_CASE("composites match within one element") {
        constexpr const char* pressure =
            R"({"resourceType":"Observation","code":{"coding":[{"code":"bp"}]},"component":[
      {"code":{"coding":[{"code":"sys"}]},"valueQuantity":{"value":120}},{"code":{"coding":[{"code":"dia"}]},"valueQuantity":{"value":80}}]})";
        check(pressure,
              {"component-code-value-quantity=sys$gt100", "component-code-value-quantity=sys$lt100,dia$lt100",
               "combo-code-value-quantity=dia$80"},
              {"component-code-value-quantity=sys$80", "code-value-quantity=sys$120"});
    }

    TEST_CASE("positions") {
        constexpr const char* fiji = R"({"resourceType":"Location","position":{"latitude":-17.0,"longitude":179.95}})";
        check(fiji, {"near=-17.0|-179.95|11|km", "near=-17|179.95|0|m"},
              {"near=-17.0|-179.95|10|km", "near=17|179.95|100|km"});
    }

    TEST_CASE("what lies outside of the resource is asked for, or stays open") {
        constexpr const char* observation =
            R"({"resourceType":"Observation","id":"o1","subject":{"reference":"Patient/1"},"code":{"coding":[{"system":"urn:c","code":"a"}]}})";
        CHECK(answer(observation, "subject:Patient.name=peter") == "open");
        CHECK(answer(observation, "subject:Group.code=x") == "no");
        CHECK(answer(observation, "code:in=urn:vs") == "open");
        CHECK(answer(observation, "code:in=urn:vs&code=b") == "no");
        CHECK(answer(observation, "_text=x") == "open");
        CHECK(answer(observation, "_has:Provenance:target:agent=Practitioner/1") == "open");

        struct World final : Surroundings {
            std::optional<bool> target_meets(std::string_view type, std::string_view id,
                                             const Criterion& criterion) const override {
                return type == "Patient" && id == "1" && criterion.operands.front().text == "peter";
            }
            std::optional<bool> referrer_meets(std::string_view type, std::string_view id,
                                               const Criterion::Target& target) const override {
                return type == "Observation" && id == "o1" && target.type == "Provenance";
            }
            std::optional<bool> code_in(std::string_view system, std::string_view code, Modifier,
                                        const Operand& operand) const override {
                return system == "urn:c" && code == "a" && operand.text == "urn:vs";
            }
        } const world;
        CHECK(answer(observation, "subject:Patient.name=peter", &world) == "yes");
        CHECK(answer(observation, "subject:Patient.name=paul", &world) == "no");
        CHECK(answer(observation, "code:in=urn:vs", &world) == "yes");
        CHECK(answer(observation, "code:not-in=urn:vs", &world) == "no");
        CHECK(answer(observation, "_has:Provenance:target:agent=Practitioner/1", &world) == "yes");
    }

    TEST_CASE("_filter") {
        constexpr const char* patient =
            R"({"resourceType":"Patient","id":"1","name":[{"family":"Carreño","given":["Inês"]}],"gender":"female","birthDate":"1970-05-02",
      "identifier":[{"system":"urn:m","value":"12"}]})";
        const auto filter = [&](std::string text) {
            std::string query = "_filter=";
            for (const char c : text) query += c == ' ' ? std::string("%20") : c == '%' ? "%25" : std::string(1, c);
            return answer(patient, query);
        };
        for (const char* yes :
             {"gender eq female", "name sw carr and birthdate ge 1970", "not (gender eq male)",
              "gender eq male or given co \"NE\"", "family ew eno", "identifier eq urn:m|12",
              "(gender eq male or gender eq female) and birthdate lt 1980", "gender ne male", "deceased pr true",
              "death-date pr false", "birthdate po 1970-05", "gender eq male or gender eq female and birthdate gt 1960",
              "family eq \"Carre\xC3\xB1o\"", "_id eq 1"}) {
            CAPTURE(yes);
            CHECK(filter(yes) == "yes");
        }
        for (const char* no : {"gender eq male", "name sw arre", "not (gender eq female)", "family eq carreno",
                               "birthdate eq 1971", "gender ne female"}) {
            CAPTURE(no);
            CHECK(filter(no) == "no");
        }
        CHECK(filter("organization.name eq x") == "no");
        CHECK(answer(R"({"resourceType":"Observation","subject":{"reference":"Patient/1"}})",
                     "_filter=subject:Patient[gender%20eq%20male].name%20sw%20x") == "open");
        CHECK(filter("gender") == "_filter: at character 7: a comparison is name, operator, value");
        CHECK(filter("gender gt x").find("has no operator 'gt'") != std::string::npos);
        CHECK(filter("birthdate eq nonsense").find("a date is") != std::string::npos);
        for (const char* bad : {"gender eq male and", "(gender eq male", "gender eq male)", "nothing eq 1",
                                "name.family eq x", "not gender eq male", "gender pr maybe", "name eq \"x"}) {
            CAPTURE(bad);
            CHECK(filter(bad).starts_with("_filter: "));
        }
        CHECK(filter(std::string(500, '(')).find("too deeply") != std::string::npos);
    }

    TEST_CASE("a plan for another type is not met") {
        const auto document = parse_json(R"({"resourceType":"Patient"})").value();
        MatchContext context;
        CHECK_FALSE(matches(parse_query("Observation", {}).plan, document, context));
        CHECK(matches(parse_query("Patient", {}).plan, document, context));
    }
}
