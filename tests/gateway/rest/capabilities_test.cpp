#include "fhir/r4/tables.hpp"
#include "tests/gateway/rest/gateway.hpp"

using namespace causeway;
using tests::Gateway;

TEST_SUITE("gateway/rest/capabilities") {
    TEST_CASE("the statement names every type with what works, and has an ETag of its content") {
        Gateway gateway;
        const auto got = gateway.get("metadata");
        REQUIRE(got.status == 200);
        CHECK(got.root().resource_type() == "CapabilityStatement");
        CHECK(got.root()["fhirVersion"].text() == "4.0.1");
        const auto rest = got.root()["rest"].item(0);
        CHECK(rest["resource"].size() == fhir::r4::resource_types().size());
        CHECK(gateway.get("metadata", {{"If-None-Match", got.header("ETag")}}).status == 304);
        CHECK(gateway.post("CapabilityStatement/$validate", got.body).root()["issue"].item(0)["severity"].text() !=
              "error");
        CHECK(gateway.get("metadata?mode=nonsense").status == 400);
    }

    TEST_CASE("every search parameter that is claimed can be searched, and every include") {
        Gateway gateway;
        const auto statement = gateway.get("metadata");
        std::size_t searched = 0;
        for (const auto resource : statement.root()["rest"].item(0)["resource"].items()) {
            const std::string type(resource["type"].text());
            for (const auto parameter : resource["searchParam"].items()) {
                const std::string_view kind = parameter["type"].text();
                const std::string name(parameter["name"].text());
                std::string value = kind == "date"                           ? "2020"
                                    : kind == "number" || kind == "quantity" ? "1"
                                    : kind == "reference"                    ? "Patient/1"
                                    : kind == "uri"                          ? "http://x"
                                    : kind == "composite"                    ? ""
                                                                             : "x";
                if (value.empty()) continue;  // parts differ
                if (name == "near") value = "1|1|1|km";
                const auto got = gateway.get(type + "?" + name + "=" + value);
                CAPTURE(type);
                CAPTURE(name);
                CAPTURE(got.body);
                CHECK((got.status == 200 || (kind == "reference" && got.status == 400)));
                ++searched;
            }
        }
        CHECK(searched > 1000);
    }

    TEST_CASE("$validate: 200 whatever it finds, wrapped or bare, also for what cannot be parsed") {
        Gateway gateway;
        const std::string bad = R"({"resourceType":"Patient","name":[{"given":["a",""]}]})";
        for (const auto& [target, body] :
             {std::pair(std::string("Patient/$validate"), bad), std::pair(std::string("$validate"), bad),
              std::pair(std::string("Patient/$validate"),
                        R"({"resourceType":"Parameters","parameter":[{"name":"resource","resource":)" + bad + "}]}")}) {
            const auto got = gateway.post(target, body);
            CHECK(got.status == 200);
            CHECK(got.root().resource_type() == "OperationOutcome");
            CHECK(got.root()["issue"].item(0)["severity"].text() == "error");
            CHECK(got.expression() == "Patient.name[0].given[1]");
        }
        const auto sound = gateway.post("Patient/$validate", R"({"resourceType":"Patient"})");
        CHECK(sound.root()["issue"].size() > 0);
        for (const auto issue : sound.root()["issue"].items()) CHECK(issue["severity"].text() != "error");
        CHECK(gateway.post("Patient/$validate", R"({"resourceType":"Patient",)").status == 200);
        CHECK(gateway.post("Observation/$validate", R"({"resourceType":"Patient"})")
                  .root()["issue"]
                  .item(0)["severity"]
                  .text() == "error");
        CHECK(gateway.post("Patient/$validate", "").status == 400);
        CHECK(gateway.post("Patient/$validate?mode=nonsense", bad).status == 400);
        const std::string id = gateway.create(R"({"resourceType":"Patient"})");
        CHECK(gateway.get("Patient/" + id + "/$validate").status == 200);
    }

    TEST_CASE("$meta reads, adds and deletes tags") {
        Gateway gateway;
        const std::string id =
            gateway.create(R"({"resourceType":"Patient","meta":{"tag":[{"system":"http://t","code":"a"}]}})");
        const auto change = [](const char* code) {
            return std::string(
                       R"({"resourceType":"Parameters","parameter":[{"name":"meta","valueMeta":{"tag":[{"system":"http://t","code":")") +
                   code + R"("}]}}]})";
        };
        const auto tags = [&] { return gateway.get("Patient/" + id).root()["meta"]["tag"].size(); };
        CHECK(gateway.get("Patient/" + id + "/$meta").root()["parameter"].item(0)["valueMeta"]["tag"].size() == 1);
        CHECK(gateway.post("Patient/" + id + "/$meta-add", change("b")).status == 200);
        CHECK(tags() == 2);
        CHECK(gateway.post("Patient/" + id + "/$meta-add", change("b")).status == 200);
        CHECK(tags() == 2);
        CHECK(gateway.post("Patient/" + id + "/$meta-delete", change("a")).status == 200);
        CHECK(tags() == 1);
        CHECK(gateway.get("Patient/" + id + "/$meta-add").status == 405);
        CHECK(gateway.post("Patient/" + id + "/$meta-add", R"({"resourceType":"Parameters"})").status == 400);
        CHECK(gateway.post("Patient/never/$meta-add", change("b")).status == 404);
    }

    TEST_CASE("unknown operations are a 404 not-supported") {
        Gateway gateway;
        for (const char* target : {"$nothing", "Patient/$nothing", "Patient/1/$nothing", "Patient/$everything",
                                   "Observation/1/$everything"}) {
            const auto got = gateway.get(target);
            CAPTURE(target);
            CHECK(got.status == 404);
            CHECK(got.issue() == "not-supported");
        }
    }
}
