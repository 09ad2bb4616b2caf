#include <set>

#include "tests/gateway/rest/gateway.hpp"

using namespace causeway;
using tests::Gateway;

namespace {

void observe(Gateway& gateway, const std::string& id, const std::string& code, const std::string& date) {
    REQUIRE(
        gateway
            .put(
                "Observation/" + id,
                R"({"resourceType":"Observation","id":")" + id +
                    R"(","status":"final","category":[{"coding":[{"code":"vital-signs"}]}],"code":{"coding":[{"system":"urn:c","code":")" +
                    code + R"("}]},"subject":{"reference":"Patient/p"},"effectiveDateTime":")" + date + "\"}")
            .status == 201);
}

}  // namespace

TEST_SUITE("gateway/rest/operations") {
    TEST_CASE("$lastn gives the latest of each kind") {
        Gateway gateway;
        REQUIRE(gateway.put("Patient/p", R"({"resourceType":"Patient","id":"p"})").status == 201);
        observe(gateway, "w1", "weight", "2026-01-01");
        observe(gateway, "w3", "weight", "2026-01-03");
        observe(gateway, "w2", "weight", "2026-01-02");
        observe(gateway, "h1", "height", "2025-01-01");
        const auto ids = [](const tests::Got& got) {
            std::set<std::string> out;
            for (std::size_t i = 0; i < got.entries(); ++i) out.emplace(got.entry(i)["resource"]["id"].text());
            return out;
        };
        CHECK(ids(gateway.get("Observation/$lastn?patient=p&category=vital-signs")) ==
              std::set<std::string>{"w3", "h1"});
        CHECK(ids(gateway.get("Observation/$lastn?subject=Patient/p&code=urn:c|weight&max=2")) ==
              std::set<std::string>{"w3", "w2"});
        CHECK(gateway.get("Observation/$lastn?patient=p").status == 400);
        CHECK(gateway.get("Observation/$lastn?category=x").status == 400);
        CHECK(gateway.get("Observation/$lastn?patient=p&code=x&max=0").status == 400);
    }

    TEST_CASE("$document gathers what a composition refers to, and keeps it on request") {
        Gateway gateway;
        REQUIRE(gateway.put("Patient/p", R"({"resourceType":"Patient","id":"p"})").status == 201);
        REQUIRE(gateway.put("Practitioner/d", R"({"resourceType":"Practitioner","id":"d"})").status == 201);
        observe(gateway, "o", "weight", "2026-01-01");
        REQUIRE(
            gateway
                .put(
                    "Composition/c",
                    R"({"resourceType":"Composition","id":"c","status":"final","type":{"text":"x"},"date":"2026-01-01","title":"x",
            "subject":{"reference":"Patient/p"},"author":[{"reference":"Practitioner/d"}],"section":[{"entry":[{"reference":"Observation/o"},{"reference":"Observation/none"}]}]})")
                .status == 201);
        const auto made = gateway.get("Composition/c/$document");
        REQUIRE(made.status == 200);
        CHECK(made.root()["type"].text() == "document");
        CHECK(made.entries() == 4);
        CHECK(made.entry(0)["resource"]["resourceType"].text() == "Composition");
        CHECK(gateway.get("Bundle").entries() == 0);
        const auto kept = gateway.get("Composition/c/$document?persist=true");
        CHECK(kept.status == 200);
        CHECK(gateway.get("Bundle/" + std::string(kept.id())).status == 200);
        CHECK(gateway.get("Composition/none/$document").status == 404);
    }

    TEST_CASE("$convert answers in the format that Accept names") {
        Gateway gateway;
        const auto xml = gateway.post("$convert", R"({"resourceType":"Patient","active":true})",
                                      {{"Accept", "application/fhir+xml"}});
        CHECK(xml.status == 200);
        CHECK(xml.body.find("<active value=\"true\"/>") != std::string::npos);
    }

    TEST_CASE("X-Provenance is stored with the write it is about") {
        Gateway gateway;
        const std::string provenance =
            R"({"resourceType":"Provenance","recorded":"2026-01-01T00:00:00Z","agent":[{"who":{"display":"x"}}]})";
        const auto made =
            gateway.put("Patient/p", R"({"resourceType":"Patient","id":"p"})", {{"X-Provenance", provenance}});
        REQUIRE(made.status == 201);
        const auto found = gateway.get("Provenance?target=Patient/p");
        REQUIRE(found.entries() == 1);
        CHECK(found.entry(0)["resource"]["target"].item(0)["reference"].text() == "Patient/p/_history/1");
        const auto wrong = gateway.put("Patient/q", R"({"resourceType":"Patient","id":"q"})",
                                       {{"X-Provenance", R"({"resourceType":"Provenance"})"}});
        CHECK(wrong.status == 400);
        CHECK(gateway.get("Patient/q").status == 404);
        CHECK(gateway.put("Patient/q", R"({"resourceType":"Patient","id":"q"})", {{"X-Provenance", "x"}}).status ==
              400);
    }

    TEST_CASE("operations are defined, and the terminology side says what it can") {
        Gateway gateway;
        const auto capabilities = gateway.get("metadata");
        const auto definition = gateway.get("OperationDefinition/Resource-validate");
        REQUIRE(definition.status == 200);
        CHECK(definition.root()["code"].text() == "validate");
        CHECK(gateway.post("OperationDefinition/$validate", definition.body).body.find("\"error\"") ==
              std::string::npos);
        CHECK(gateway.get("OperationDefinition/none").status == 404);
        const auto terminology = gateway.get("metadata?mode=terminology");
        CHECK(terminology.root()["resourceType"].text() == "TerminologyCapabilities");
        CHECK(gateway.post("TerminologyCapabilities/$validate", terminology.body).body.find("\"error\"") ==
              std::string::npos);
        CHECK(gateway.get("metadata?mode=x").status == 400);
        // Every operation that is claimed anywhere is defined here.
        for (const auto resource : capabilities.root()["rest"].item(0)["resource"].items())
            for (const auto operation : resource["operation"].items()) {
                const auto url = operation["definition"].text();
                CAPTURE(url);
                CHECK(gateway.get("OperationDefinition/" + std::string(url.substr(url.rfind('/') + 1))).status == 200);
            }
    }

    TEST_CASE("$validate checks terminology, invariants and profiles of the store") {
        Gateway gateway;
        const auto errors = [](const tests::Got& got) {
            std::size_t count = 0;
            for (const auto issue : got.root()["issue"].items())
                if (issue["severity"].text() == "error") ++count;
            return count;
        };
        CHECK(errors(gateway.post("Patient/$validate", R"({"resourceType":"Patient","gender":"male"})")) == 0);
        CHECK(errors(gateway.post("Patient/$validate", R"({"resourceType":"Patient","gender":"blue"})")) > 0);
        CHECK(errors(gateway.post("Patient/$validate", R"({"resourceType":"Patient","contact":[{"gender":"male"}]})")) >
              0);
        REQUIRE(
            gateway
                .put(
                    "StructureDefinition/born",
                    R"({"resourceType":"StructureDefinition","id":"born","url":"urn:born","name":"Born","status":"active",
            "kind":"resource","abstract":false,"type":"Patient","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient","derivation":"constraint",
            "differential":{"element":[{"id":"Patient","path":"Patient"},{"id":"Patient.birthDate","path":"Patient.birthDate","min":1}]}})")
                .status == 201);
        CHECK(errors(gateway.post("Patient/$validate?profile=urn:born", R"({"resourceType":"Patient"})")) > 0);
        CHECK(errors(gateway.post("Patient/$validate?profile=urn:born",
                                  R"({"resourceType":"Patient","birthDate":"2000"})")) == 0);
        CHECK(gateway.post("Patient/$validate?profile=urn:none", R"({"resourceType":"Patient"})").status == 404);
        CHECK(gateway.post("Patient/$validate?mode=profile", R"({"resourceType":"Patient"})").status == 400);
    }
}
