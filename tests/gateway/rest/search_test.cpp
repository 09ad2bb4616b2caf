#include <set>

#include "tests/gateway/rest/gateway.hpp"

using namespace causeway;
using tests::Gateway;

namespace {

std::string observation(const std::string& patient, const std::string& code, const std::string& date,
                        const std::string& value) {
    return R"({"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":")" +
           code + R"("}]},"subject":{"reference":"Patient/)" + patient + R"("},"effectiveDateTime":")" + date +
           R"(","valueQuantity":{"value":)" + value +
           R"(,"unit":"mg","system":"http://unitsofmeasure.org","code":"mg"}})";
}

struct Clinic {
    Gateway gateway;
    std::string ines = gateway.create(
        R"({"resourceType":"Patient","identifier":[{"system":"http://mrn","value":"1"}],"name":[{"family":"García","given":["Ines"]}],"gender":"female","birthDate":"1962-05-20"})");
    std::string paul = gateway.create(
        R"({"resourceType":"Patient","identifier":[{"system":"http://mrn","value":"2"}],"name":[{"family":"Weber"}],"gender":"male","birthDate":"1980"})");
    std::string a = gateway.create(observation(ines, "8480-6", "2026-01-01", "120"));
    std::string b = gateway.create(observation(ines, "8480-6", "2026-02-01", "140"));
    std::string c = gateway.create(observation(ines, "2345-7", "2026-03-01", "90"));
    std::string d = gateway.create(observation(paul, "8480-6", "2026-01-15", "130"));

    std::set<std::string> ids(const std::string& query) {
        const auto got = gateway.get(query);
        REQUIRE_MESSAGE(got.status == 200, query << " " << got.body);
        std::set<std::string> found;
        for (const auto entry : got.root()["entry"].items()) found.insert(std::string(entry["resource"]["id"].text()));
        return found;
    }
};

using Ids = std::set<std::string>;

}  // namespace

TEST_SUITE("gateway/rest/search") {
    TEST_CASE("a search answers with a searchset: total, self link, full URLs, modes") {
        Clinic clinic;
        const auto got = clinic.gateway.get("Patient?identifier=http://mrn|1");
        REQUIRE(got.status == 200);
        CHECK(got.root().resource_type() == "Bundle");
        CHECK(got.root()["type"].text() == "searchset");
        CHECK(got.root()["total"].text() == "1");
        REQUIRE(got.entries() == 1);
        CHECK(got.entry(0)["fullUrl"].text() == "http://test/fhir/Patient/" + clinic.ines);
        CHECK(got.entry(0)["search"]["mode"].text() == "match");
        CHECK(got.entry(0)["resource"]["meta"]["versionId"].text() == "1");
        CHECK(got.link("self").find("identifier=http") != std::string::npos);
        const auto none = clinic.gateway.get("Patient?identifier=http://mrn|9");
        CHECK(none.status == 200);
        CHECK(none.entries() == 0);
        CHECK(none.root()["total"].text() == "0");
    }

    TEST_CASE("the parameter types, by GET and by POST") {
        Clinic clinic;
        CHECK(clinic.ids("Patient?family=garcia") == Ids{clinic.ines});
        CHECK(clinic.ids("Patient?name=GARC") == Ids{clinic.ines});
        CHECK(clinic.ids("Patient?gender=male") == Ids{clinic.paul});
        CHECK(clinic.ids("Patient?birthdate=1962-05") == Ids{clinic.ines});
        CHECK(clinic.ids("Patient?birthdate=gt1970") == Ids{clinic.paul});
        CHECK(clinic.ids("Patient?_id=" + clinic.paul) == Ids{clinic.paul});
        CHECK(clinic.ids("Observation?patient=" + clinic.ines + "&code=http://loinc.org|8480-6") ==
              Ids{clinic.a, clinic.b});
        CHECK(clinic.ids("Observation?patient=Patient/" + clinic.ines + "&date=ge2026-02") == Ids{clinic.b, clinic.c});
        CHECK(clinic.ids("Observation?code=8480-6&value-quantity=gt125") == Ids{clinic.b, clinic.d});
        CHECK(clinic.ids("Observation?subject.family=weber") == Ids{clinic.d});
        CHECK(clinic.ids("Patient?_has:Observation:patient:code=2345-7") == Ids{clinic.ines});
        CHECK(clinic.ids("Patient/" + clinic.ines + "/Observation?code=2345-7") == Ids{clinic.c});
        CHECK(clinic.ids("Patient/" + clinic.paul + "/*") == Ids{clinic.paul, clinic.d});
        CHECK(clinic.ids("?_type=Patient,Observation&_id=" + clinic.a) == Ids{clinic.a});
        const auto posted = clinic.gateway.post("Observation/_search?code=8480-6", "patient=" + clinic.paul,
                                                {{"Content-Type", "application/x-www-form-urlencoded"}});
        CHECK(posted.status == 200);
        CHECK(posted.entries() == 1);
        CHECK(posted.link("self").find("/Observation?") != std::string::npos);
        CHECK(clinic.gateway.post("Observation/_search", "{}", {{"Content-Type", "application/json"}}).status == 415);
    }

    TEST_CASE("includes come once, marked, and not in the total") {
        Clinic clinic;
        auto got = clinic.gateway.get("Observation?code=8480-6&_include=Observation:patient");
        REQUIRE(got.status == 200);
        CHECK(got.root()["total"].text() == "3");
        CHECK(got.entries() == 5);
        int includes = 0;
        for (const auto entry : got.root()["entry"].items())
            if (entry["search"]["mode"].text() == "include") {
                ++includes;
                CHECK(entry["resource"].resource_type() == "Patient");
            }
        CHECK(includes == 2);
        got = clinic.gateway.get("Patient?_id=" + clinic.ines + "&_revinclude=Observation:patient");
        CHECK(got.entries() == 4);
    }

    TEST_CASE("paging: every match once, over a snapshot, by links that cannot be altered or moved") {
        Clinic clinic;
        Ids seen;
        std::size_t pages = 0;
        auto got = clinic.gateway.get("Observation?_count=1&_sort=date");
        std::string next;
        for (;;) {
            REQUIRE(got.status == 200);
            ++pages;
            for (const auto entry : got.root()["entry"].items())
                CHECK(seen.insert(std::string(entry["resource"]["id"].text())).second);
            next = got.link("next");
            if (next.empty()) break;
            if (pages == 1) {
                clinic.gateway.create(observation(clinic.paul, "1-1", "2025-12-01", "1"));
                clinic.gateway.erase("Observation/" + clinic.c);
            }
            got = clinic.gateway.get(next);
        }
        CHECK(pages == 4);
        CHECK(seen == Ids{clinic.a, clinic.b, clinic.c, clinic.d});

        const std::string second = clinic.gateway.get("Observation?_count=1&_sort=date").link("next");
        std::string altered = second;
        altered[altered.size() - 3] = altered[altered.size() - 3] == 'a' ? 'b' : 'a';
        CHECK(clinic.gateway.get(altered).status == 400);
        std::string moved = second;
        moved.replace(moved.find("Observation"), 11, "DiagnosticReport");
        CHECK(clinic.gateway.get(moved).status == 400);
        CHECK(clinic.gateway.get("Observation?_page=nonsense").status == 400);
    }

    TEST_CASE("_count=0 and _summary=count only count; the maximum caps without an error") {
        Clinic clinic;
        for (const char* query : {"Observation?_count=0", "Observation?_summary=count"}) {
            const auto got = clinic.gateway.get(query);
            CHECK(got.status == 200);
            CHECK(got.entries() == 0);
            CHECK(got.root()["total"].text() == "4");
            CHECK(got.link("next").empty());
        }
        CHECK(clinic.gateway.get("Observation?_count=999999").entries() == 4);
        CHECK(clinic.gateway.get("Observation?_count=x").status == 400);
    }

    TEST_CASE("unknown parameters: strict refuses and names the valid ones, lenient says what it left out") {
        Clinic clinic;
        auto got = clinic.gateway.get("Patient?foo=bar&family=weber");
        CHECK(got.status == 400);
        CHECK(got.issue() == "not-supported");
        CHECK(got.body.find("family") != std::string::npos);
        got = clinic.gateway.get("Patient?foo=bar&family=weber", {{"Prefer", "handling=lenient"}});
        REQUIRE(got.status == 200);
        CHECK(got.entries() == 2);
        CHECK(got.entry(1)["search"]["mode"].text() == "outcome");
        CHECK(got.entry(1)["resource"].resource_type() == "OperationOutcome");
        CHECK(got.entry(1)["resource"]["issue"].item(0)["severity"].text() == "warning");
        CHECK(got.link("self").find("foo") == std::string::npos);
        CHECK(got.link("self").find("family=weber") != std::string::npos);
        for (const char* query : {"Patient?birthdate=23+May+2009", "Observation?value-quantity=abc",
                                  "Patient?family:above=x", "Patient?_sort=foo", "Patient?family=%zz"}) {
            CAPTURE(query);
            got = clinic.gateway.get(query);
            CHECK(got.status == 400);
            CHECK(got.root().resource_type() == "OperationOutcome");
        }
        CHECK(clinic.gateway.get("Patient?family=").status == 200);
    }

    TEST_CASE("_elements and _summary apply to matches, and are tagged") {
        Clinic clinic;
        const auto got = clinic.gateway.get("Observation?code=2345-7&_elements=status&_include=Observation:patient");
        REQUIRE(got.entries() == 2);
        CHECK(got.entry(0)["resource"]["meta"]["tag"].item(0)["code"].text() == "SUBSETTED");
        CHECK_FALSE(got.entry(0)["resource"]["valueQuantity"]);
        CHECK_FALSE(got.entry(1)["resource"]["meta"]["tag"]);
        CHECK(clinic.gateway.get("Observation?_summary=text&_include=Observation:patient").status == 400);
    }

    TEST_CASE("a search over everything wants to be narrowed, and other compartments are a 404") {
        Clinic clinic;
        CHECK(clinic.gateway.get("").status == 400);
        CHECK(clinic.gateway.get("Observation/" + clinic.a + "/Patient").status == 404);
        CHECK(clinic.gateway.get("Patient/" + clinic.ines + "/Organization").status == 404);
    }

    TEST_CASE("deleted and replaced versions are not found") {
        Clinic clinic;
        clinic.gateway.put("Patient/" + clinic.paul,
                           R"({"resourceType":"Patient","id":")" + clinic.paul + R"(","name":[{"family":"Schmidt"}]})");
        CHECK(clinic.ids("Patient?family=weber").empty());
        CHECK(clinic.ids("Patient?family=schmidt") == Ids{clinic.paul});
        clinic.gateway.erase("Patient/" + clinic.paul);
        CHECK(clinic.ids("Patient?family=schmidt").empty());
    }

    TEST_CASE("$everything between two dates: care then, and what has no date") {
        Gateway gateway;
        const std::string patient = gateway.create(R"({"resourceType":"Patient"})");
        const auto observation = [&](const std::string& date) {
            return gateway.create(
                R"({"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/)" +
                patient + "\"}" + (date.empty() ? "" : R"(,"effectiveDateTime":")" + date + "\"") + "}");
        };
        const auto condition = [&](const std::string& date) {
            return gateway.create(R"({"resourceType":"Condition","subject":{"reference":"Patient/)" + patient +
                                  R"("},"onsetDateTime":")" + date + "\"}");
        };
        const std::string before = observation("2019-05-01"), within = observation("2020-05-01"),
                          after = observation("2021-01-02"), undated = observation(""), onset = condition("2020-12-31"),
                          later = condition("2022");
        const auto found = [&](const std::string& query) {
            const auto got = gateway.get("Patient/" + patient + "/$everything?" + query);
            REQUIRE_MESSAGE(got.status == 200, got.body);
            Ids ids;
            for (const auto entry : got.root()["entry"].items())
                ids.insert(std::string(entry["resource"]["id"].text()));
            return ids;
        };
        CHECK(found("start=2020&end=2020") == Ids{patient, within, undated, onset});
        CHECK(found("start=2020-06") == Ids{patient, after, undated, onset, later});
        CHECK(found("end=2019-12-31") == Ids{patient, before, undated});
        // The dates hold on every page.
        auto page = gateway.get("Patient/" + patient + "/$everything?start=2020&end=2020&_count=1");
        Ids paged;
        for (int i = 0; i < 10; ++i) {
            REQUIRE_MESSAGE(page.status == 200, page.body);
            for (const auto entry : page.root()["entry"].items())
                paged.insert(std::string(entry["resource"]["id"].text()));
            const std::string next = page.link("next");
            if (next.empty()) break;
            page = gateway.get(next.substr(Gateway::base.size() + 1));
        }
        CHECK(paged == Ids{patient, within, undated, onset});
        const std::string encounter = gateway.create(
            R"({"resourceType":"Encounter","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/)" +
            patient + R"("}})");
        CHECK(gateway.get("Encounter/" + encounter + "/$everything?start=2020").status == 400);
    }

    TEST_CASE("$everything: the compartment and what it refers to") {
        Clinic clinic;
        const auto got = clinic.gateway.get("Patient/" + clinic.ines + "/$everything");
        REQUIRE_MESSAGE(got.status == 200, got.body);
        Ids found;
        for (const auto entry : got.root()["entry"].items()) found.insert(std::string(entry["resource"]["id"].text()));
        CHECK(found == Ids{clinic.ines, clinic.a, clinic.b, clinic.c});
        CHECK(clinic.gateway.get("Patient/" + clinic.ines + "/$everything?_type=Observation").entries() >= 3);
        CHECK(clinic.gateway.get("Patient/never/$everything").status == 404);
        CHECK(clinic.gateway.get("Patient/" + clinic.ines + "/$everything?first=2020").status == 400);
        CHECK(clinic.gateway.get("Patient/" + clinic.ines + "/$everything?start=yesterday").status == 400);
        auto page = clinic.gateway.get("Patient/" + clinic.ines + "/$everything?_count=2");
        Ids paged;
        for (int i = 0; i < 10; ++i) {
            REQUIRE_MESSAGE(page.status == 200, page.body);
            for (const auto entry : page.root()["entry"].items())
                paged.insert(std::string(entry["resource"]["id"].text()));
            if (page.link("next").empty()) break;
            page = clinic.gateway.get(page.link("next"));
        }
        CHECK(paged == found);
    }
}
