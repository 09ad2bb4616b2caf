#include "tests/gateway/rest/gateway.hpp"

using namespace causeway;
using tests::Gateway;

namespace {

std::string bundle(const std::string& type, const std::vector<std::string>& entries) {
    std::string json = R"({"resourceType":"Bundle","type":")" + type + "\"";
    for (std::size_t i = 0; i < entries.size(); ++i) json += (i == 0 ? ",\"entry\":[" : ",") + entries[i];
    return json + (entries.empty() ? "}" : "]}");
}

std::string entry(const std::string& method, const std::string& url, const std::string& resource = "",
                  const std::string& full_url = "", const std::string& more = "") {
    std::string json = "{";
    if (!full_url.empty()) json += R"("fullUrl":")" + full_url + "\",";
    if (!resource.empty()) json += R"("resource":)" + resource + ",";
    return json + R"("request":{"method":")" + method + R"(","url":")" + url + "\"" + (more.empty() ? "" : "," + more) +
           "}}";
}

const std::string patient =
    R"({"resourceType":"Patient","identifier":[{"system":"http://mrn","value":"1"}],"birthDate":"1962"})";

std::string observation(const std::string& subject) {
    return R"({"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":")" + subject +
           "\"}}";
}

std::string_view status(const tests::Got& got, std::size_t i) { return got.entry(i)["response"]["status"].text(); }

}  // namespace

TEST_SUITE("gateway/rest/bundle") {
    TEST_CASE("transaction: urns become references, answers come in the order of the entries") {
        Gateway gateway;
        const auto got = gateway.post(
            "", bundle("transaction", {entry("POST", "Observation", observation("urn:uuid:6f1d"), "urn:uuid:aaaa"),
                                       entry("POST", "Patient", patient, "urn:uuid:6f1d")}));
        REQUIRE_MESSAGE(got.status == 200, got.body);
        CHECK(got.root()["type"].text() == "transaction-response");
        REQUIRE(got.entries() == 2);
        CHECK(status(got, 0) == "201 Created");
        CHECK(got.entry(1)["response"]["etag"].text() == "W/\"1\"");
        const std::string observation_url(got.entry(0)["response"]["location"].text()),
            patient_url(got.entry(1)["response"]["location"].text());
        CHECK(observation_url.find("/Observation/") != std::string::npos);
        const auto stored = gateway.get(observation_url);
        const std::string reference(stored.root()["subject"]["reference"].text());
        CHECK(patient_url.find(reference) != std::string::npos);
        CHECK(gateway.get("Observation?subject=" + reference).entries() == 1);
    }

    TEST_CASE("transaction: nothing at all is stored when one entry fails, and the fault says which") {
        Gateway gateway;
        struct Row {
            std::string what, bad;
            unsigned status;
        };
        for (const auto& row : {
                 Row{"content", entry("POST", "Patient", R"({"resourceType":"Patient","birthDate":"x"})"), 400},
                 Row{"type", entry("POST", "Observation", patient), 400},
                 Row{"If-Match",
                     entry("PUT", "Patient/p", R"({"resourceType":"Patient","id":"p"})", "", R"("ifMatch":"W/\"3\"")"),
                     412},
                 Row{"unknown urn", entry("POST", "Observation", observation("urn:uuid:none")), 400},
                 Row{"conditional reference without match",
                     entry("POST", "Observation", observation("Patient?identifier=http://mrn|9")), 412},
                 Row{"unknown type", entry("POST", "Foo", R"({"resourceType":"Foo"})"), 404},
                 Row{"no request", R"({"resource":)" + patient + "}", 400},
                 Row{"read of nothing", entry("GET", "Patient/never"), 404},
                 Row{"other server", entry("POST", "http://elsewhere/Patient", patient), 400},
                 Row{"unknown parameter", entry("PUT", "Patient?foo=1", patient), 400},
             }) {
            CAPTURE(row.what);
            const auto got = gateway.post("", bundle("transaction", {entry("POST", "Patient", patient), row.bad}));
            CHECK(got.status == row.status);
            CHECK(got.root().resource_type() == "OperationOutcome");
            CHECK(got.expression().starts_with("Bundle.entry[1]"));
            CHECK(gateway.get("Patient").entries() == 0);
            CHECK(gateway.get("_history").entries() == 0);
        }
    }

    TEST_CASE("transaction: delete, create, update, read, whatever the order of the entries") {
        Gateway gateway;
        gateway.put("Patient/gone", R"({"resourceType":"Patient","id":"gone","birthDate":"1900"})");
        gateway.put("Patient/kept", R"({"resourceType":"Patient","id":"kept","birthDate":"1900"})");
        const auto got = gateway.post(
            "", bundle("transaction",
                       {entry("GET", "Patient?birthdate=ge1900&_sort=birthdate"), entry("GET", "Patient/kept"),
                        entry("PUT", "Patient/kept", R"({"resourceType":"Patient","id":"kept","birthDate":"1950"})"),
                        entry("POST", "Patient", patient), entry("DELETE", "Patient/gone")}));
        REQUIRE_MESSAGE(got.status == 200, got.body);
        CHECK(got.entry(0)["resource"]["total"].text() == "2");
        CHECK(got.entry(1)["resource"]["birthDate"].text() == "1950");
        CHECK(status(got, 2) == "200 OK");
        CHECK(status(got, 3) == "201 Created");
        CHECK(status(got, 4) == "204 No Content");
        CHECK(gateway.get("Patient/gone").status == 410);
    }

    TEST_CASE("transaction: one resource twice and one fullUrl twice are refused") {
        Gateway gateway;
        const std::string p = R"({"resourceType":"Patient","id":"p"})";
        CHECK(gateway.post("", bundle("transaction", {entry("PUT", "Patient/p", p), entry("PUT", "Patient/p", p)}))
                  .status == 400);
        CHECK(gateway.post("", bundle("transaction", {entry("PUT", "Patient/p", p), entry("DELETE", "Patient/p")}))
                  .status == 400);
        CHECK(gateway
                  .post("", bundle("transaction", {entry("POST", "Patient", patient, "urn:uuid:1"),
                                                   entry("POST", "Patient", patient, "urn:uuid:1")}))
                  .status == 400);
        gateway.put("Patient/p",
                    R"({"resourceType":"Patient","id":"p","identifier":[{"system":"http://mrn","value":"7"}]})");
        CHECK(gateway
                  .post("", bundle("transaction", {entry("PUT", "Patient?identifier=http://mrn|7", patient),
                                                   entry("PUT", "Patient/p", p)}))
                  .status == 400);
        CHECK(gateway.get("Patient/p").header("ETag") == "W/\"1\"");
    }

    TEST_CASE("transaction: ifNoneExist finds what exists and what the bundle makes; references follow") {
        Gateway gateway;
        const std::string condition = R"("ifNoneExist":"identifier=http://mrn|1")";
        auto got = gateway.post("", bundle("transaction", {entry("POST", "Patient", patient, "urn:uuid:a", condition),
                                                           entry("POST", "Patient", patient, "urn:uuid:b", condition),
                                                           entry("POST", "Observation", observation("urn:uuid:b"))}));
        REQUIRE_MESSAGE(got.status == 200, got.body);
        CHECK(status(got, 0) == "201 Created");
        CHECK(status(got, 1) == "200 OK");
        CHECK(gateway.get("Patient").entries() == 1);
        const auto patients = gateway.get("Patient");
        const std::string id(patients.entry(0)["resource"]["id"].text());
        CHECK(gateway.get("Observation?subject=Patient/" + id).entries() == 1);
        got = gateway.post("", bundle("transaction", {entry("POST", "Patient", patient, "urn:uuid:a", condition),
                                                      entry("POST", "Observation", observation("urn:uuid:a"))}));
        CHECK(status(got, 0) == "200 OK");
        CHECK(got.entry(0)["response"]["location"].text().find(id) != std::string_view::npos);
        CHECK(gateway.get("Observation?subject=Patient/" + id).entries() == 2);
        CHECK(gateway.get("Patient").entries() == 1);
    }

    TEST_CASE("transaction: conditional references see what the bundle makes") {
        Gateway gateway;
        const auto got = gateway.post(
            "", bundle("transaction", {entry("POST", "Observation", observation("Patient?identifier=http://mrn|1")),
                                       entry("POST", "Patient", patient)}));
        REQUIRE_MESSAGE(got.status == 200, got.body);
        const auto patients = gateway.get("Patient");
        const std::string id(patients.entry(0)["resource"]["id"].text());
        CHECK(gateway.get("Observation?subject=Patient/" + id).entries() == 1);
        gateway.create(patient);
        const auto several = gateway.post(
            "", bundle("transaction", {entry("POST", "Observation", observation("Patient?identifier=http://mrn|1"))}));
        CHECK(several.status == 412);
        CHECK(several.issue() == "multiple-matches");
    }

    TEST_CASE("transaction: conditional update and delete, Prefer, references among PUT entries") {
        Gateway gateway;
        gateway.create(patient);
        auto got = gateway.post(
            "",
            bundle(
                "transaction",
                {entry(
                     "PUT", "Patient?identifier=http://mrn|1",
                     R"({"resourceType":"Patient","identifier":[{"system":"http://mrn","value":"1"}],"birthDate":"1970"})",
                     "urn:uuid:p"),
                 entry(
                     "PUT", "Observation/o",
                     R"({"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"subject":{"reference":"urn:uuid:p"}})")}),
            {{"Prefer", "return=representation"}});
        REQUIRE_MESSAGE(got.status == 200, got.body);
        CHECK(status(got, 0) == "200 OK");
        CHECK(status(got, 1) == "201 Created");
        CHECK(got.entry(0)["resource"]["birthDate"].text() == "1970");
        CHECK(got.entry(1)["resource"]["subject"]["reference"].text() ==
              "Patient/" + std::string(got.entry(0)["resource"]["id"].text()));
        got = gateway.post("", bundle("transaction", {entry("DELETE", "Patient?identifier=http://mrn|1")}));
        CHECK(status(got, 0) == "204 No Content");
        CHECK(gateway.get("Patient").entries() == 0);
    }

    TEST_CASE("circular references are stored whole") {
        Gateway gateway;
        const auto person = [](const std::string& other) {
            return R"({"resourceType":"Patient","link":[{"type":"seealso","other":{"reference":")" + other + R"("}}]})";
        };
        const auto got =
            gateway.post("", bundle("transaction", {entry("POST", "Patient", person("urn:uuid:b"), "urn:uuid:a"),
                                                    entry("POST", "Patient", person("urn:uuid:a"), "urn:uuid:b")}));
        REQUIRE(got.status == 200);
        for (const auto made : got.root()["entry"].items()) {
            const auto stored = gateway.get(made["response"]["location"].text());
            CHECK(gateway.get(stored.root()["link"].item(0)["other"]["reference"].text()).status == 200);
        }
    }

    TEST_CASE("batch: each entry for itself, faults in its outcome") {
        Gateway gateway;
        const auto got = gateway.post(
            "", bundle("batch", {entry("POST", "Patient", patient),
                                 entry("POST", "Patient", R"({"resourceType":"Patient","birthDate":"x"})"),
                                 entry("GET", "Patient/never"), entry("GET", "metadata"), R"({"fullUrl":"urn:uuid:1"})",
                                 entry("PUT", "Patient/p", R"({"resourceType":"Patient","id":"p"})"),
                                 entry("GET", "Patient?family=nobody")}));
        REQUIRE_MESSAGE(got.status == 200, got.body);
        CHECK(got.root()["type"].text() == "batch-response");
        REQUIRE(got.entries() == 7);
        CHECK(status(got, 0) == "201 Created");
        CHECK(got.entry(0)["response"]["location"].text().find("/Patient/") != std::string_view::npos);
        CHECK(status(got, 1).starts_with("400"));
        CHECK(got.entry(1)["response"]["outcome"]["issue"].item(0)["expression"].item(0).text() == "Patient.birthDate");
        CHECK(status(got, 2).starts_with("404"));
        CHECK(got.entry(3)["resource"].resource_type() == "CapabilityStatement");
        CHECK(status(got, 4).starts_with("400"));
        CHECK(status(got, 5) == "201 Created");
        CHECK(got.entry(6)["resource"]["type"].text() == "searchset");
    }

    TEST_CASE("a Binary in a batch is a resource: what it holds cannot pass for one") {
        Gateway gateway;
        gateway.put(
            "Binary/forger",
            R"({"resourceType":"Binary","id":"forger","contentType":"application/fhir+json","data":"eyJyZXNvdXJjZVR5cGUiOiJQYXRpZW50In0="})");
        for (const char* url : {"Binary/forger", "Binary/forger/_history/1"})
            for (const char* type : {"batch", "transaction"}) {
                CAPTURE(type);
                const auto all =
                    gateway.post("", std::string(R"({"resourceType":"Bundle","type":")") + type +
                                         R"(","entry":[{"request":{"method":"GET","url":")" + url + "\"}}]}");
                REQUIRE_MESSAGE(all.status == 200, all.body);
                CHECK(all.entry(0)["resource"]["resourceType"].text() == "Binary");
                CHECK(all.entry(0)["resource"]["data"].text() == "eyJyZXNvdXJjZVR5cGUiOiJQYXRpZW50In0=");
            }
    }

    TEST_CASE("a batch of many entries is answered whole and in order") {
        Gateway gateway;
        std::vector<std::string> entries;
        for (int i = 0; i < 500; ++i)
            entries.push_back(entry("PUT", "Patient/p" + std::to_string(i),
                                    R"({"resourceType":"Patient","id":"p)" + std::to_string(i) + "\"}"));
        const auto got = gateway.post("", bundle("batch", entries));
        REQUIRE(got.entries() == 500);
        std::size_t i = 0;
        for (const auto one : got.root()["entry"].items())
            CHECK(one["response"]["location"].text().ends_with("/Patient/p" + std::to_string(i++) + "/_history/1"));
    }

    TEST_CASE("empty bundles are fine; other types and too many entries are not") {
        rest::Settings settings;
        settings.bundle_entries_max = 3;
        Gateway gateway(settings);
        CHECK(gateway.post("", bundle("transaction", {})).status == 200);
        CHECK(gateway.post("", bundle("batch", {})).status == 200);
        CHECK(gateway.post("", bundle("searchset", {})).status == 400);
        CHECK(gateway.post("", patient).status == 400);
        for (const char* type : {"batch", "transaction"}) {
            std::vector<std::string> entries(3, entry("POST", "Patient", patient));
            CHECK(gateway.post("", bundle(type, entries)).status == 200);
            entries.push_back(entries[0]);
            const auto got = gateway.post("", bundle(type, entries));
            CHECK(got.status == 413);
            CHECK(got.issue() == "too-long");
        }
    }
}
