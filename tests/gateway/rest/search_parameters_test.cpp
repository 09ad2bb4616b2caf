#include <thread>

#include "tests/gateway/rest/gateway.hpp"

using namespace causeway;
using tests::Gateway;

namespace {

std::string definition(const std::string& code, const std::string& base, const std::string& type,
                       const std::string& expression, const std::string& id = "p", const std::string& extra = {}) {
    return R"({"resourceType":"SearchParameter","id":")" + id + R"(","url":"http://example.org/sp/)" + code +
           R"(","name":"N","status":"active","description":"d","code":")" + code + R"(","base":[")" + base +
           R"("],"type":")" + type + R"(","expression":")" + expression + "\"" + extra + "}";
}

std::string patient(const std::string& id, const std::string& eyes) {
    return R"({"resourceType":"Patient","id":")" + id +
           R"(","extension":[{"url":"http://example.org/eyes","valueString":")" + eyes +
           R"("}],"maritalStatus":{"text":")" + eyes + R"("},"generalPractitioner":[{"reference":"Practitioner/)" +
           eyes + "\"}]}";
}

const std::string eyes = "Patient.extension('http://example.org/eyes').value";

void wait_until_ready(Gateway& gateway, const std::string& id = "p") {
    for (int i = 0; i < 1000; ++i) {
        const auto got = gateway.get("SearchParameter/" + id + "/$status");
        REQUIRE(got.status == 200);
        if (got.root()["parameter"].item(0)["valueBoolean"].text() == "true") return;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    FAIL("never ready");
}

std::size_t matches(Gateway& gateway, const std::string& query) {
    const auto got = gateway.get(query);
    CAPTURE(got.body);
    REQUIRE(got.status == 200);
    return got.entries();
}

}  // namespace

TEST_SUITE("gateway/rest/search_parameters") {
    TEST_CASE(
        "what was there is indexed in the background; until then a search is refused, after it it finds old and new") {
        Gateway gateway;
        gateway.start_search_parameters();
        for (int i = 0; i < 450; ++i)
            REQUIRE(
                gateway
                    .put("Patient/a" + std::to_string(i), patient("a" + std::to_string(i), i % 3 ? "green" : "Brown"))
                    .status == 201);
        CHECK(gateway.get("Patient?eyes=green").issue() == "not-supported");
        REQUIRE(gateway.put("SearchParameter/p", definition("eyes", "Patient", "string", eyes)).status == 201);
        CHECK(gateway.get("Patient?eyes=green").status == 400);
        REQUIRE(gateway.put("Patient/new", patient("new", "brownish")).status == 201);
        wait_until_ready(gateway);
        CHECK(matches(gateway, "Patient?eyes=brown&_count=1000") == 151);
        CHECK(matches(gateway, "Patient?eyes:exact=Brown&_count=1000") == 150);
        CHECK(matches(gateway, "Patient?eyes:missing=true") == 0);
        CHECK(matches(gateway, "Patient?eyes:contains=ree&_id=a1") == 1);
        const auto first = gateway.get("Patient?_sort=eyes&_count=1");
        CHECK(first.entry(0)["resource"]["extension"].item(0)["valueString"].text() == "Brown");
        const auto last = gateway.get("Patient?_sort=-eyes&_count=1");
        CHECK(last.entry(0)["resource"]["extension"].item(0)["valueString"].text() == "green");
        REQUIRE(gateway.put("Patient/a1", patient("a1", "blue")).status == 200);
        CHECK(matches(gateway, "Patient?eyes=blue") == 1);
        CHECK(matches(gateway, "Patient?eyes=green&_id=a1") == 0);
        REQUIRE(
            gateway
                .put("Observation/o", R"({"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},
            "subject":{"reference":"Patient/a1"}})")
                .status == 201);
        CHECK(matches(gateway, "Observation?patient.eyes=blue") == 1);
        CHECK(gateway.get("metadata").body.find(R"({"name":"eyes","definition":"http://example.org/sp/eyes")") !=
              std::string::npos);
        const auto status = gateway.get("SearchParameter/p/$status");
        CHECK(status.body.find(R"("valueCode":"ready")") != std::string::npos);
        CHECK(gateway.store().check_blocking().value().faults.empty());
    }

    TEST_CASE("a walk that was cut short goes on after a restart; another definition of the code begins anew") {
        const auto folder = Gateway::make_folder();
        {
            Gateway gateway({}, nullptr, folder);
            for (int i = 0; i < 1000; ++i)
                REQUIRE(gateway.put("Patient/a" + std::to_string(i), patient("a" + std::to_string(i), "grey")).status ==
                        201);
            REQUIRE(gateway.put("SearchParameter/p", definition("eyes", "Patient", "string", eyes)).status == 201);
            gateway.start_search_parameters();
            for (int i = 0; i < 500; ++i) {
                const auto done = gateway.get("SearchParameter/p/$status").body;
                if (done.find(R"({"name":"done","valueDecimal":0})") == std::string::npos) break;
                std::this_thread::sleep_for(std::chrono::milliseconds(2));
            }
            gateway.search_parameters().stop();
        }
        {
            Gateway gateway({}, nullptr, folder);
            gateway.start_search_parameters();
            wait_until_ready(gateway);
            CHECK(gateway.get("Patient?eyes=grey&_summary=count").root()["total"].text() == "1000");
            CHECK(gateway.get("SearchParameter/p/$status").body.find(R"({"name":"done","valueDecimal":1000})") !=
                  std::string::npos);
            // The same code from another element.
            REQUIRE(gateway.put("SearchParameter/p", definition("eyes", "Patient", "token", "Patient.gender")).status ==
                    200);
            wait_until_ready(gateway);
            CHECK(matches(gateway, "Patient?eyes=grey") == 0);
            // And the first one again: what it found before is not taken for granted.
            REQUIRE(gateway.put("SearchParameter/p", definition("eyes", "Patient", "string", eyes)).status == 200);
            wait_until_ready(gateway);
            CHECK(gateway.get("Patient?eyes=grey&_summary=count").root()["total"].text() == "1000");
            REQUIRE(gateway.erase("SearchParameter/p").status == 204);
            for (int i = 0; i < 500 && gateway.get("Patient?eyes=grey").status != 400; ++i)
                std::this_thread::sleep_for(std::chrono::milliseconds(10));
            CHECK(gateway.get("Patient?eyes=grey").status == 400);
        }
        std::filesystem::remove_all(folder);
    }

    TEST_CASE("references are followed and included") {
        Gateway gateway;
        gateway.start_search_parameters();
        REQUIRE(gateway.put("Practitioner/dr", R"({"resourceType":"Practitioner","id":"dr","name":[{"family":"Who"}]})")
                    .status == 201);
        REQUIRE(gateway.put("Patient/a", patient("a", "dr")).status == 201);
        REQUIRE(gateway
                    .put("SearchParameter/p", definition("carer", "Patient", "reference", "Patient.generalPractitioner",
                                                         "p", R"(,"target":["Practitioner"])"))
                    .status == 201);
        wait_until_ready(gateway);
        CHECK(matches(gateway, "Patient?carer=dr") == 1);
        CHECK(matches(gateway, "Patient?carer=Practitioner/other") == 0);
        CHECK(matches(gateway, "Patient?carer.family=who") == 1);
        CHECK(matches(gateway, "Patient?carer=dr&_include=Patient:carer") == 2);
    }

    TEST_CASE("a composite finds what has both values on one element") {
        Gateway gateway;
        gateway.start_search_parameters();
        const auto component = [](const std::string& url, const std::string& expression) {
            return R"({"definition":"http://hl7.org/fhir/SearchParameter/)" + url + R"(","expression":")" + expression +
                   R"("})";
        };
        const auto composite = [&](const std::string& components) {
            return definition("named", "Patient", "composite", "Patient.name", "p",
                              ",\"component\":[" + components + "]");
        };
        const auto both = component("Patient-name", "use") + "," + component("individual-family|4.0.1", "family");
        // `name` is a string, so that its use is looked at in the bodies; gender and birth date are in the index.
        REQUIRE(gateway.put("SearchParameter/p", composite(both)).status == 201);
        REQUIRE(
            gateway
                .put("SearchParameter/q", definition("sex-born", "Patient", "composite", "Patient", "q",
                                                     ",\"component\":[" + component("individual-gender", "gender") +
                                                         "," + component("individual-birthdate", "birthDate") + "]"))
                .status == 201);
        const auto put = [&](const std::string& id, const std::string& gender, const std::string& born) {
            REQUIRE(gateway
                        .put("Patient/" + id, R"({"resourceType":"Patient","id":")" + id + R"(","gender":")" + gender +
                                                  R"(","birthDate":")" + born +
                                                  R"(","name":[{"use":"usual","family":"Moss"},
                                                  {"use":"maiden","family":"Reed"}]})")
                        .status == 201);
        };
        put("a", "male", "1970-01-01");
        put("b", "female", "1980-02-02");
        wait_until_ready(gateway);
        wait_until_ready(gateway, "q");
        CHECK(matches(gateway, "Patient?named=usual$moss") == 2);
        CHECK(matches(gateway, "Patient?named=usual$reed") == 0);
        CHECK(matches(gateway, "Patient?sex-born=male$ge1970") == 1);
        CHECK(matches(gateway, "Patient?sex-born=male$ge1971") == 0);
        CHECK(matches(gateway, "Patient?sex-born=female$1980-02,male$1970-01-01") == 2);
        CHECK(gateway.get("Patient?sex-born=male").status == 400);
        for (const auto& wrong :
             {composite(component("Patient-name", "use")), composite(both + "," + component("no", "x")),
              composite(both + "," + component("individual-gender", "where("))}) {
            const auto got = gateway.put("SearchParameter/p", wrong);
            CHECK((got.status == 422 || got.status == 400));
            CHECK(got.expression() == "SearchParameter.component");
        }
    }
    TEST_CASE("what could never work is refused; what only describes is kept") {
        Gateway gateway;
        gateway.start_search_parameters();
        for (const auto& wrong :
             {definition("x", "Patient", "string", "Patient.name.where("),
              definition("x", "Patients", "string", "Patient.id"), definition("x", "Patient", "composite", "Patient"),
              definition("x y", "Patient", "string", "Patient.id")}) {
            CAPTURE(wrong);
            const auto got = gateway.put("SearchParameter/p", wrong);
            CHECK((got.status == 422 || got.status == 400));
            CHECK(got.expression().starts_with("SearchParameter."));
        }
        // R4 has this one: the stored definition describes it and changes nothing.
        CHECK(
            gateway.put("SearchParameter/own", definition("gender", "Patient", "string", "Patient.name.family", "own"))
                .status == 201);
        CHECK(gateway.put("Patient/a", R"({"resourceType":"Patient","id":"a","gender":"male"})").status == 201);
        CHECK(matches(gateway, "Patient?gender=male") == 1);
        auto draft = definition("later", "Patient", "string", "Patient.id", "later");
        draft.replace(draft.find("active"), 6, "draft");
        CHECK(gateway.put("SearchParameter/later", draft).status == 201);
        CHECK(gateway.get("Patient?later=a").status == 400);
    }
}
