#include "tests/gateway/rest/gateway.hpp"

using namespace causeway;
using tests::Gateway;

namespace {

const std::string patient =
    R"({"resourceType":"Patient","name":[{"family":"Rocha","given":["Ines"]}],"birthDate":"1962-05-20"})";

std::string with_id(const std::string& id, const std::string& rest = R"("birthDate":"1962")") {
    return R"({"resourceType":"Patient","id":")" + id + "\"," + rest + "}";
}

}  // namespace

TEST_SUITE("gateway/rest/crud") {
    TEST_CASE(
        "create: 201 with Location, ETag, Last-Modified and the stored resource; id and version are the server's") {
        Gateway gateway;
        const auto made = gateway.post(
            "Patient",
            R"({"resourceType":"Patient","id":"mine","meta":{"versionId":"9","lastUpdated":"1999-01-01T00:00:00Z","tag":[{"code":"x"}]},"birthDate":"1962"})");
        REQUIRE(made.status == 201);
        CHECK(made.id() != "mine");
        CHECK(made.root()["meta"]["versionId"].text() == "1");
        CHECK(made.root()["meta"]["lastUpdated"].text() > "2020");
        CHECK(made.root()["meta"]["tag"].item(0)["code"].text() == "x");
        CHECK(made.header("ETag") == "W/\"1\"");
        CHECK(made.header("Location") == "http://test/fhir/Patient/" + std::string(made.id()) + "/_history/1");
        CHECK(made.header("Last-Modified").ends_with("GMT"));
        CHECK(made.header("Content-Type") == "application/fhir+json; charset=utf-8");

        const auto read = gateway.get("Patient/" + std::string(made.id()));
        CHECK(read.status == 200);
        CHECK(read.body == made.body);
        CHECK(read.header("ETag") == "W/\"1\"");
        CHECK(read.header("Last-Modified") == made.header("Last-Modified"));
    }

    TEST_CASE("what was sent comes back with the same digits, order and characters") {
        Gateway gateway;
        const std::string sent =
            R"({"resourceType":"Observation","status":"final","code":{"text":"\u00e9 \"q\" \\ caf\u00e9"},"valueQuantity":{"value":1.50,"unit":"x"},"component":[{"code":{"text":"a"},"valueQuantity":{"value":1.0e2}}]})";
        const auto made = gateway.post("Observation", sent);
        REQUIRE(made.status == 201);
        CHECK(made.body.find("\"value\":1.50,") != std::string::npos);
        CHECK(made.body.find("1.0e2") != std::string::npos);
        CHECK(made.root()["code"]["text"].text() == "é \"q\" \\ café");
    }

    TEST_CASE("bodies that cannot be resources: status, code and place") {
        Gateway gateway;
        struct Row {
            std::string body;
            unsigned status;
            std::string_view issue, expression;
        };
        for (const auto& row : {
                 Row{"{", 400, "", ""},
                 Row{"[]", 400, "structure", ""},
                 Row{"{}", 400, "structure", ""},
                 Row{R"({"resourceType":"Foo"})", 400, "", ""},
                 Row{R"({"resourceType":"Observation","status":"final","code":{"text":"x"}})", 400, "invalid",
                     "resourceType"},
                 Row{R"({"resourceType":"Patient","birthDate":"1962","birthDate":"1963"})", 400, "structure",
                     "Patient.birthDate"},
                 Row{R"({"resourceType":"Patient","unheard":"x"})", 400, "structure", "Patient.unheard"},
                 Row{R"({"resourceType":"Patient","birthDate":"20.5.1962"})", 400, "value", "Patient.birthDate"},
                 Row{R"({"resourceType":"Patient","name":{"family":"x"}})", 400, "structure", "Patient.name"},
                 Row{R"({"resourceType":"Patient","active":"true"})", 400, "", "Patient.active"},
                 Row{R"({"resourceType":"Patient","contact":[{"name":{"given":["a",""]}}]})", 400, "",
                     "Patient.contact[0].name.given[1]"},
             }) {
            CAPTURE(row.body);
            const auto got = gateway.post("Patient", row.body);
            CHECK(got.status == row.status);
            REQUIRE(got.root().resource_type() == "OperationOutcome");
            if (!row.issue.empty()) CHECK(got.issue() == row.issue);
            if (!row.expression.empty()) CHECK(got.expression() == row.expression);
            CHECK(got.root()["issue"].item(0)["severity"].text() == "error");
            CHECK_FALSE(got.root()["issue"].item(0)["details"]["text"].text().empty());
        }
        const auto missing = gateway.post("Observation", R"({"resourceType":"Observation","code":{"text":"x"}})");
        CHECK(missing.status == 400);
        CHECK(missing.issue() == "required");
        CHECK(gateway.post("Patient", "", {{"Content-Type", "application/fhir+json"}}).status == 400);
        CHECK(gateway.post("Patient", patient, {{"Content-Type", "text/csv"}}).status == 415);
        CHECK(gateway.get("Patient").entries() == 0);
    }

    TEST_CASE("read: 404 for what never was, 410 with the version for what was deleted, 404 for unknown types") {
        Gateway gateway;
        auto got = gateway.get("Patient/never");
        CHECK(got.status == 404);
        CHECK(got.issue() == "not-found");
        got = gateway.get("Foo/1");
        CHECK(got.status == 404);
        CHECK(got.issue() == "not-supported");

        const std::string id = gateway.create(patient);
        got = gateway.erase("Patient/" + id);
        CHECK(got.status == 204);
        CHECK(got.header("ETag") == "W/\"2\"");
        CHECK(got.body.empty());
        got = gateway.get("Patient/" + id);
        CHECK(got.status == 410);
        CHECK(got.issue() == "deleted");
        CHECK(got.header("ETag") == "W/\"2\"");
        CHECK(gateway.get("Patient/" + id + "/_history/1").status == 200);
        CHECK(gateway.get("Patient/" + id + "/_history/2").status == 410);
        CHECK(gateway.get("Patient/" + id + "/_history/3").status == 404);
        CHECK(gateway.get("Patient/" + id + "/_history/x").status == 404);
    }

    TEST_CASE("conditional read: 304 without a body") {
        Gateway gateway;
        const std::string id = gateway.create(patient);
        const auto whole = gateway.get("Patient/" + id);
        for (const auto& headers :
             {Gateway::Headers{{"If-None-Match", "W/\"1\""}}, Gateway::Headers{{"If-None-Match", "W/\"7\", \"1\""}},
              Gateway::Headers{{"If-Modified-Since", whole.header("Last-Modified")}}}) {
            const auto got = gateway.get("Patient/" + id, headers);
            CHECK(got.status == 304);
            CHECK(got.body.empty());
            CHECK(got.header("ETag") == "W/\"1\"");
        }
        CHECK(gateway.get("Patient/" + id, {{"If-None-Match", "W/\"2\""}}).status == 200);
        CHECK(gateway.get("Patient/" + id, {{"If-Modified-Since", "Sat, 31 Jan 1998 08:15:30 GMT"}}).status == 200);
        CHECK(gateway
                  .get("Patient/" + id,
                       {{"If-None-Match", "W/\"2\""}, {"If-Modified-Since", whole.header("Last-Modified")}})
                  .status == 200);
    }

    TEST_CASE("update: 200 with a new version; as create 201; back to life 201; without a change no version") {
        Gateway gateway;
        auto got = gateway.put("Patient/p1", with_id("p1"));
        CHECK(got.status == 201);
        CHECK(got.header("Location") == "http://test/fhir/Patient/p1/_history/1");
        got = gateway.put("Patient/p1", with_id("p1", R"("birthDate":"1963")"));
        CHECK(got.status == 200);
        CHECK(got.header("ETag") == "W/\"2\"");
        got =
            gateway.put("Patient/p1",
                        R"({ "resourceType" : "Patient", "id": "p1", "meta":{"versionId":"2"}, "birthDate":"1963" })");
        CHECK(got.status == 200);
        CHECK(got.header("ETag") == "W/\"2\"");
        CHECK(got.root()["meta"]["versionId"].text() == "2");
        CHECK(gateway.erase("Patient/p1").status == 204);
        got = gateway.put("Patient/p1", with_id("p1", R"("birthDate":"1963")"));
        CHECK(got.status == 201);
        CHECK(got.header("ETag") == "W/\"4\"");
        CHECK(gateway.get("Patient/p1").status == 200);
    }

    TEST_CASE("update: the body's id must be the URL's, and its type too") {
        Gateway gateway;
        auto got = gateway.put("Patient/p1", with_id("p2"));
        CHECK(got.status == 400);
        CHECK(got.issue() == "value");
        CHECK(got.expression() == "Patient.id");
        got = gateway.put("Patient/p1", R"({"resourceType":"Patient"})");
        CHECK(got.status == 400);
        CHECK(got.issue() == "value");
        CHECK(gateway.put("Patient/p1", R"({"resourceType":"Basic","id":"p1","code":{"text":"x"}})").status == 400);
        CHECK(gateway.get("Patient/p1").status == 404);
    }

    TEST_CASE("If-Match guards against lost updates") {
        Gateway gateway;
        CHECK(gateway.put("Patient/p1", with_id("p1"), {{"If-Match", "W/\"1\""}}).status == 412);
        gateway.put("Patient/p1", with_id("p1"));
        auto got = gateway.put("Patient/p1", with_id("p1", R"("birthDate":"1963")"), {{"If-Match", "W/\"1\""}});
        CHECK(got.status == 200);
        got = gateway.put("Patient/p1", with_id("p1", R"("birthDate":"1964")"), {{"If-Match", "W/\"1\""}});
        CHECK(got.status == 412);
        CHECK(got.issue() == "conflict");
        CHECK(gateway.get("Patient/p1").root()["birthDate"].text() == "1963");
        CHECK(gateway.put("Patient/p1", with_id("p1", R"("birthDate":"1964")"), {{"If-Match", "W/\"9\", W/\"2\""}})
                  .status == 200);
        CHECK(gateway.erase("Patient/p1", {{"If-Match", "W/\"1\""}}).status == 412);
        CHECK(gateway.erase("Patient/p1", {{"If-Match", "W/\"3\""}}).status == 204);
        CHECK(gateway.put("Patient/p1", with_id("p1"), {{"If-None-Match", "*"}}).status == 201);
        CHECK(gateway.put("Patient/p1", with_id("p1", R"("birthDate":"1970")"), {{"If-None-Match", "*"}}).status ==
              412);
    }

    TEST_CASE("client ids and missing If-Match can be forbidden") {
        rest::Settings settings;
        settings.update_create = false;
        settings.if_match_required = true;
        Gateway gateway(settings);
        auto got = gateway.put("Patient/p1", with_id("p1"));
        CHECK(got.status == 405);
        CHECK(got.issue() == "not-supported");
        CHECK_FALSE(got.header("Allow").empty());
        const std::string id = gateway.create(patient);
        got = gateway.put("Patient/" + id, with_id(id));
        CHECK(got.status == 400);
        CHECK(got.issue() == "required");
        CHECK(gateway.put("Patient/" + id, with_id(id), {{"If-Match", "W/\"1\""}}).status == 200);
    }

    TEST_CASE("delete is idempotent and makes no version of nothing") {
        Gateway gateway;
        CHECK(gateway.erase("Patient/never").status == 204);
        CHECK(gateway.get("Patient/never").status == 404);
        const std::string id = gateway.create(patient);
        CHECK(gateway.erase("Patient/" + id).header("ETag") == "W/\"2\"");
        const auto again = gateway.erase("Patient/" + id);
        CHECK(again.status == 204);
        CHECK(gateway.get("Patient/" + id).header("ETag") == "W/\"2\"");
        const auto told = gateway.erase("Patient/" + id, {{"Prefer", "return=OperationOutcome"}});
        CHECK(told.status == 200);
        CHECK(told.root().resource_type() == "OperationOutcome");
    }

    TEST_CASE("Prefer chooses what a write returns") {
        Gateway gateway;
        auto got = gateway.post("Patient", patient, {{"Prefer", "return=minimal"}});
        CHECK(got.status == 201);
        CHECK(got.body.empty());
        CHECK(got.header("Preference-Applied") == "return=minimal");
        CHECK_FALSE(got.header("Location").empty());
        got = gateway.post("Patient", patient, {{"Prefer", "return=OperationOutcome"}});
        CHECK(got.status == 201);
        CHECK(got.root().resource_type() == "OperationOutcome");
        got = gateway.post("Patient", patient, {{"Prefer", "return=representation"}});
        CHECK(got.root().resource_type() == "Patient");
        got = gateway.post("Patient", "{}", {{"Prefer", "return=minimal"}});
        CHECK(got.status == 400);
        CHECK(got.root().resource_type() == "OperationOutcome");
    }

    TEST_CASE("a subsetted resource cannot be written back") {
        Gateway gateway;
        const std::string id = gateway.create(patient);
        const auto summary = gateway.get("Patient/" + id + "?_summary=true");
        CHECK(summary.status == 200);
        const auto got = gateway.put("Patient/" + id, summary.body);
        CHECK(got.status == 422);
        CHECK(got.issue() == "business-rule");
    }

    TEST_CASE("methods that a place does not have are a 405 with Allow; OPTIONS says them") {
        Gateway gateway;
        for (const auto& [method, target] :
             {std::pair(http::Method::erase, "metadata"), std::pair(http::Method::put, "Patient/1/_history"),
              std::pair(http::Method::post, "Patient/1"), std::pair(http::Method::other, "Patient")}) {
            const auto got = gateway.send(method, target, method == http::Method::post ? patient : "");
            CAPTURE(target);
            CHECK(got.status == 405);
            CHECK(got.issue() == "not-supported");
            CHECK_FALSE(got.header("Allow").empty());
        }
        const auto options = gateway.send(http::Method::options, "Patient/1");
        CHECK(options.status == 204);
        CHECK(options.header("Allow").find("PUT") != std::string_view::npos);
        CHECK(options.header("Allow").find("POST") == std::string_view::npos);
    }

    TEST_CASE("formats: XML both ways, pretty JSON, 406 and 415") {
        Gateway gateway;
        const auto made = gateway.post(
            "Patient",
            R"(<Patient xmlns="http://hl7.org/fhir"><active value="true"/><birthDate value="1962"/></Patient>)",
            {{"Content-Type", "application/fhir+xml"}, {"Accept", "application/fhir+xml"}});
        REQUIRE(made.status == 201);
        CHECK(made.header("Content-Type") == "application/fhir+xml; charset=utf-8");
        CHECK(made.body.find("<birthDate value=\"1962\"/>") != std::string::npos);
        const std::string location(made.header("Location"));
        const auto json = gateway.get(location.substr(0, location.find("/_history")));
        CHECK(json.root()["active"].text() == "true");
        CHECK(gateway.get(location + "?_format=xml").body.starts_with("<"));
        CHECK(gateway.get(location + "?_pretty=true").body.find("\n  ") != std::string::npos);
        CHECK(gateway.get(location, {{"Accept", "text/html"}}).status == 406);
        CHECK(gateway.get(location, {{"Accept", "application/fhir+json; fhirVersion=3.0"}}).status == 406);
        CHECK(gateway.post("Patient", patient, {{"Content-Type", "application/fhir+json; fhirVersion=3.0"}}).status ==
              415);
    }

    TEST_CASE("Binary: raw in and out, FHIR form when asked for") {
        Gateway gateway;
        const std::string bytes("\x89PNG\r\n\0\xff", 8);
        const auto made =
            gateway.post("Binary", bytes, {{"Content-Type", "image/png"}, {"Accept", "application/fhir+json"}});
        REQUIRE(made.status == 201);
        CHECK(made.root()["contentType"].text() == "image/png");
        CHECK(made.root()["data"].text() == "iVBORw0KAP8=");
        const std::string target = "Binary/" + std::string(made.id());
        for (const char* accept : {"image/png", "*/*", "text/html, image/*"}) {
            const auto raw = gateway.get(target, {{"Accept", accept}});
            CHECK(raw.status == 200);
            CHECK(raw.header("Content-Type") == "image/png");
            CHECK(raw.body == bytes);
        }
        CHECK(gateway.get(target, {{"Accept", "application/fhir+json"}}).root().resource_type() == "Binary");
        CHECK(gateway.get(target + "?_format=json").root().resource_type() == "Binary");
        CHECK(gateway.get(target, {{"Accept", "text/html"}}).status == 406);
        for (std::size_t size = 1; size < 10; ++size) {
            const auto one = gateway.post("Binary", std::string(size, 'x'), {{"Content-Type", "text/plain"}});
            REQUIRE(one.status == 201);
            const std::string location(one.header("Location"));
            CHECK(gateway.get(location).body == std::string(size, 'x'));
        }
    }

    TEST_CASE("every access leaves an audit row: writes with their commit, reads queued") {
        Gateway gateway;
        const std::string id = gateway.create(patient);
        gateway.get("Patient/" + id);
        gateway.get("Patient?family=rocha");
        gateway.erase("Patient/" + id);
        gateway.get("Patient/" + id);
        std::vector<std::string> rows;
        for (int i = 0; i < 200 && rows.size() < 5; ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
            auto snapshot = gateway.store().snapshot();
            rows.clear();
            for (const auto& row : (*snapshot)->audit({}).value()) rows.push_back(row.event);
        }
        REQUIRE(rows.size() == 5);
        std::string all;
        for (const auto& row : rows) all += row;
        CHECK(all.find(id) != std::string::npos);
        CHECK(all.find("family") != std::string::npos);
        CHECK(all.find("rocha") == std::string::npos);
    }

    TEST_CASE("where a server checks all that R4 asks, content that breaks a rule is a 422 that names it") {
        rest::Settings settings;
        settings.validate_writes = true;
        Gateway gateway(settings);
        // obs-7: no value beside a component of the same code; contact without a name, a way or an organization: pat-1
        const std::string broken = R"({"resourceType":"Patient","contact":[{"gender":"male"}]})";
        const std::string fine = R"({"resourceType":"Patient","contact":[{"name":{"family":"Silva"}}]})";
        auto got = gateway.send(http::Method::post, "Patient", broken);
        CHECK(got.status == 422);
        CHECK(got.body.find("pat-1") != std::string::npos);
        CHECK(gateway.send(http::Method::post, "Patient", R"({"resourceType":"Patient","gender":"M"})").status == 422);
        CHECK(gateway.send(http::Method::post, "Patient", R"({"resourceType":"Patient","colour":"red"})").status ==
              400);
        const std::string id = gateway.create(fine);
        CHECK(gateway
                  .send(http::Method::put, "Patient/" + id,
                        R"({"resourceType":"Patient","id":")" + id + R"(","contact":[{"gender":"male"}]})")
                  .status == 422);
        const Gateway::Headers json_patch = {{"Content-Type", "application/json-patch+json"}};
        got = gateway.send(
            http::Method::patch, "Patient/" + id,
            R"([{"op":"remove","path":"/contact/0/name"},{"op":"add","path":"/contact","value":[{"gender":"male"}]}])",
            json_patch);
        CHECK_MESSAGE(got.status == 422, got.body);
        const auto bundle = [&](const std::string& resource) {
            return gateway.send(http::Method::post, "",
                                R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":)" + resource +
                                    R"(,"request":{"method":"POST","url":"Patient"}}]})");
        };
        CHECK(bundle(broken).status == 422);
        CHECK(bundle(fine).status == 200);
        Gateway structural;
        CHECK(structural.send(http::Method::post, "Patient", broken).status == 201);
    }
}
