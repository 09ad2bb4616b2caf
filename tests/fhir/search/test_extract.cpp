#include <doctest/doctest.h>

#include <algorithm>

#include "fhir/json/json.hpp"
#include "fhir/r4/tables.hpp"
#include "fhir/search/compiled.hpp"
#include "fhir/search/extract.hpp"
#include "fhir/search/parameters.hpp"
#include "tests/fhir/search/show.hpp"

using namespace causeway::fhir;
using causeway::test::show_values;

namespace {

std::string values(std::string_view json, std::string_view code, const search::ExtractOptions& options = {}) {
    const auto document = parse_json(std::string(json)).value();
    return show_values(search::extract(document, options).values, document->resource_type(), code);
}

constexpr const char* patient = R"({"resourceType":"Patient","id":"P1","active":true,
 "meta":{"lastUpdated":"2024-05-01T10:00:00Z","profile":["http://x.example/p|1.2"],"tag":[{"system":"urn:t","code":"a"}],"source":"urn:s"},
 "identifier":[{"system":"urn:mrn","value":"12-3","type":{"text":"Record","coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}]}}],
 "name":[{"family":"Carreño Quiñones","given":["Inês","Maria"],"prefix":["Dr."]}],
 "telecom":[{"system":"phone","value":"(03) 5555-6473"},{"system":"email","value":"A.B@Example.org"}],
 "gender":"female","birthDate":"1970-03","deceasedDateTime":"2020-01-01",
 "address":[{"line":["1 High St"],"city":"São Paulo","country":"BR","use":"home"}],
 "generalPractitioner":[{"reference":"Practitioner/7/_history/3"},{"reference":"http://own.example/fhir/Organization/8"},
   {"reference":"http://other.example/Organization/9"},{"display":"someone"}],
 "managingOrganization":{"identifier":{"system":"urn:o","value":"77"}}})";

}  // namespace

TEST_SUITE("fhir/search/extract") {
    TEST_CASE("tokens") {
        CHECK(values(patient, "_id") == "token |P1|");
        CHECK(values(patient, "identifier") ==
              "token urn:mrn|12-3|Record ; typed http://terminology.hl7.org/CodeSystem/v2-0203|MR|12-3");
        CHECK(values(patient, "active") == "token |true|");
        CHECK(values(patient, "gender") == "token http://hl7.org/fhir/administrative-gender|female|");
        CHECK(values(patient, "deceased") == "token |true|");
        CHECK(values(patient, "phone") == "token |0355556473|");
        CHECK(values(patient, "email") == "token |a.b@example.org|");
        CHECK(values(patient, "_tag") == "token urn:t|a|");
        CHECK(values(patient, "language") == "");
    }

    TEST_CASE("strings, with every part of names and addresses") {
        CHECK(values(patient, "family") == "string carreno quinones=Carreño Quiñones ; string quinones=");
        CHECK(values(patient, "given") == "string ines=Inês ; string maria=Maria");
        CHECK(values(patient, "name") ==
              "string carreno quinones=Carreño Quiñones ; string quinones= ; string ines=Inês ; string maria=Maria ; "
              "string dr=Dr.");
        CHECK(values(patient, "address") == "string 1 high st=1 High St ; string sao paulo=São Paulo ; string br=BR");
        CHECK(values(patient, "address-city") == "string sao paulo=São Paulo");
        CHECK(values(patient, "address-use") == "token http://hl7.org/fhir/address-use|home|");
    }

    TEST_CASE("dates as ranges") {
        CHECK(values(patient, "birthdate") == "date 1970-03-01T00:00:00..1970-04-01T00:00:00");
        CHECK(values(patient, "death-date") == "date 2020-01-01T00:00:00..2020-01-02T00:00:00");
        CHECK(values(patient, "_lastUpdated") == "date 2024-05-01T10:00:00..2024-05-01T10:00:01");
        search::ExtractOptions east;
        east.zone_offset_minutes = 60;
        CHECK(values(patient, "birthdate", east) == "date 1970-02-28T23:00:00..1970-03-31T23:00:00");
        CHECK(values(R"({"resourceType":"Encounter","period":{"start":"2021-11-03","end":"2023"}})", "date") ==
              "date 2021-11-03T00:00:00..2024-01-01T00:00:00");
        CHECK(values(R"({"resourceType":"Encounter","period":{"start":"2019-07"}})", "date") ==
              "date 2019-07-01T00:00:00..open");
        CHECK(values(R"({"resourceType":"Encounter","period":{"end":"1977"}})", "date") ==
              "date open..1978-01-01T00:00:00");
        CHECK(values(R"({"resourceType":"Encounter","period":{"extension":[{"url":"urn:x","valueBoolean":true}]}})",
                     "date") == "");
        CHECK(values(
                  R"({"resourceType":"Observation","effectiveTiming":{"event":["2024-02-03","2024-01-01T10:00:00Z"]}})",
                  "date") == "date 2024-01-01T10:00:00..2024-02-04T00:00:00");
        CHECK(
            values(
                R"({"resourceType":"ServiceRequest","occurrenceTiming":{"repeat":{"boundsPeriod":{"start":"2024-01-01","end":"2024-01-31"}}}})",
                "occurrence") == "date 2024-01-01T00:00:00..2024-02-01T00:00:00");
    }

    TEST_CASE("references") {
        search::ExtractOptions options;
        options.base_url = "https://own.example/fhir/";
        CHECK(values(patient, "general-practitioner", options) ==
              "reference Practitioner/7||3 ; reference Organization/8|| ; reference "
              "/|http://other.example/Organization/9| ; present");
        CHECK(values(patient, "organization") == "identifier urn:o|77");
        constexpr const char* observation =
            R"({"resourceType":"Observation","subject":{"reference":"Patient/1"},"focus":[{"reference":"#c"}],
        "performer":[{"reference":"urn:uuid:8d1b"}]})";
        CHECK(values(observation, "patient") == "reference Patient/1||");
        CHECK(values(observation, "subject") == "reference Patient/1||");
        CHECK(values(observation, "focus") == "reference /||#c");
        CHECK(values(observation, "performer") == "reference /|urn:uuid:8d1b|");
        CHECK(values(R"({"resourceType":"Observation","subject":{"reference":"Group/1"}})", "patient") == "");
        CHECK(values(R"({"resourceType":"CarePlan","instantiatesCanonical":["http://x.example/pd|2.0"]})",
                     "instantiates-canonical") == "reference /|http://x.example/pd|2.0");
        CHECK(
            values(
                R"({"resourceType":"Bundle","type":"document","entry":[{"resource":{"resourceType":"Composition","id":"c9"}}]})",
                "composition") == "reference Composition/c9||");
    }

    TEST_CASE("numbers and quantities") {
        constexpr const char* weight =
            R"({"resourceType":"Observation","code":{"coding":[{"system":"http://loinc.org","code":"29463-7"}]},
        "valueQuantity":{"value":72.50,"unit":"kilo","system":"http://unitsofmeasure.org","code":"kg"}})";
        CHECK(values(weight, "value-quantity") ==
              "quantity [72.5,72.5] http://unitsofmeasure.org|kg|kilo = [72500,72500] g");
        CHECK(values(weight, "code-value-quantity") ==
              "(token http://loinc.org|29463-7| , quantity [72.5,72.5] http://unitsofmeasure.org|kg|kilo = "
              "[72500,72500] g)");
        CHECK(values(R"({"resourceType":"Observation","valueQuantity":{"value":5,"comparator":"<","unit":"tablets"}})",
                     "value-quantity") == "quantity [-inf,5] ||tablets");
        CHECK(
            values(
                R"({"resourceType":"Condition","onsetRange":{"low":{"value":30,"system":"http://unitsofmeasure.org","code":"a"},"high":{"value":40}}})",
                "onset-age") == "quantity [30,40] http://unitsofmeasure.org|a| = [946728000,1262304000] s");
        CHECK(
            values(
                R"({"resourceType":"Observation","valueSampledData":{"origin":{"value":10},"period":1,"factor":2,"dimensions":1,"data":"1 E -3 4"}})",
                "value-quantity") == "quantity [4,18] ||");
        CHECK(values(R"({"resourceType":"Invoice","totalNet":{"value":12.30,"currency":"EUR"}})", "totalnet") ==
              "quantity [12.3,12.3] urn:iso:std:iso:4217|EUR|EUR");
        CHECK(
            values(
                R"({"resourceType":"RiskAssessment","prediction":[{"probabilityDecimal":0.2},{"probabilityRange":{"low":{"value":1},"high":{"value":3}}}]})",
                "probability") == "number [0.2,0.2] ; number [1,3]");
    }

    TEST_CASE("composites take both parts from one element") {
        constexpr const char* pressure =
            R"({"resourceType":"Observation","code":{"coding":[{"code":"bp"}]},"component":[
      {"code":{"coding":[{"code":"sys"}]},"valueQuantity":{"value":120}},{"code":{"coding":[{"code":"dia"}]},"valueQuantity":{"value":80}}]})";
        CHECK(values(pressure, "component-code-value-quantity") ==
              "(token |sys| , quantity [120,120] ||) ; (token |dia| , quantity [80,80] ||)");
        CHECK(values(pressure, "combo-code") == "token |bp| ; token |sys| ; token |dia|");
        CHECK(values(pressure, "code") == "token |bp|");
        CHECK(values(R"({"resourceType":"Observation","code":{"coding":[{"code":"c"}]},"valueDateTime":"2024"})",
                     "code-value-date") == "(token |c| , date 2024-01-01T00:00:00..2025-01-01T00:00:00)");
    }

    TEST_CASE("uris and positions") {
        CHECK(values(patient, "_profile") == "uri http://x.example/p|1.2 ; uri http://x.example/p");
        CHECK(values(patient, "_source") == "uri urn:s");
        CHECK(values(R"({"resourceType":"Location","position":{"longitude":-83.69,"latitude":42.25}})", "near") ==
              "position 42.25/-83.69");
    }

    TEST_CASE("every R4 parameter compiles") {
        std::size_t compiled = 0;
        std::vector<std::string> without;
        for (const std::string_view type : r4::resource_types()) {
            const search::CompiledType* const found = search::compiled_type(type);
            REQUIRE(found);
            CHECK_MESSAGE(found->failures.empty(), type, " ", found->failures.empty() ? "" : found->failures.front());
            compiled += found->parameters.size();
            for (const search::Parameter& parameter : search::parameters(type)) {
                CHECK(&search::parameter(parameter.id) == &parameter);
                CHECK(parameter.resource_type == type);
                if (parameter.expression.empty() && type == "Patient") without.emplace_back(parameter.code);
            }
        }
        CHECK(compiled > 2500);
        CHECK(without == std::vector<std::string>{"_content", "_query", "_text"});
    }

    TEST_CASE("values stay valid when the result moves, and their number is bounded") {
        auto document = parse_json(patient).value();
        search::Extraction extraction = search::extract(std::move(document));
        search::SearchValues moved = std::move(extraction.values);
        const std::string before = show_values(moved, "Patient", "name");
        const search::SearchValues again = std::move(moved);
        CHECK(show_values(again, "Patient", "name") == before);
        CHECK(std::is_sorted(again.begin(), again.end(),
                             [](const auto& a, const auto& b) { return a.parameter < b.parameter; }));

        std::string many = R"({"resourceType":"Patient","name":[)";
        for (int i = 0; i < 5000; ++i)
            many += (i ? "," : "") + std::string(R"({"family":"n)") + std::to_string(i) + "\"}";
        search::ExtractOptions options;
        options.values_max = 1000;
        const auto bounded = search::extract(parse_json(many + "]}").value(), options);
        CHECK(bounded.truncated);
        CHECK(bounded.values.size() <= 1000);
    }

    TEST_CASE("what has the wrong shape gives nothing and does no harm") {
        for (
            const char* json :
            {R"({"resourceType":"Patient","name":"x","birthDate":12,"telecom":{"value":[1]},"generalPractitioner":"Practitioner/1"})",
             R"({"resourceType":"Patient","name":[[{"family":"x"}]],"identifier":[null,1,true]})",
             R"({"resourceType":"Nothing"})", R"({})", R"([1])"}) {
            CAPTURE(json);
            const auto document = parse_json(json).value();
            CHECK(search::extract(document).values.size() < 20);
        }
    }
}
