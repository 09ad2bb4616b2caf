#include <doctest/doctest.h>

#include "fhir/json/json.hpp"
#include "gateway/exchange/fhir_push.hpp"

using namespace causeway;
using namespace causeway::exchange;

namespace {

fhir::DocumentPtr document(const std::string& json) { return fhir::parse_json(json).value(); }

std::vector<fhir::DocumentPtr> report_and_patient() {
    return {
        document(
            R"({"resourceType":"DiagnosticReport","id":"r","meta":{"versionId":"3","lastUpdated":"2026-03-02T00:00:00Z"},
                "identifier":[{"system":"urn:lab","value":"A,1"}],"status":"final","code":{"text":"x"},
                "subject":{"reference":"Patient/p"},"performer":[{"reference":"Organization/o","display":"Lab"}]})"),
        document(R"({"resourceType":"Patient","id":"p","identifier":[{"system":"urn:mrn","value":"7"}]})"),
        document(R"({"resourceType":"Organization","id":"o","name":"Lab"})")};
}

}  // namespace

TEST_SUITE("gateway/exchange/fhir_push") {
    TEST_CASE("with our ids each resource is a PUT under its id, and references stand as they are") {
        const auto made = make_transaction(report_and_patient(), false);
        REQUIRE(made.fault.empty());
        const auto bundle = document(made.bytes);
        CHECK(bundle->root()["type"].text() == "transaction");
        REQUIRE(bundle->root()["entry"].size() == 3);
        const auto first = bundle->root()["entry"].item(0);
        CHECK(first["request"]["method"].text() == "PUT");
        CHECK(first["request"]["url"].text() == "DiagnosticReport/r");
        CHECK(first["resource"]["subject"]["reference"].text() == "Patient/p");
        CHECK_FALSE(first["resource"]["meta"]["versionId"].has_value());
    }

    TEST_CASE("with its own ids a resource is found by its identifier, and what cannot be found again is left out") {
        const auto made = make_transaction(report_and_patient(), true);
        REQUIRE(made.fault.empty());
        const auto bundle = document(made.bytes);
        REQUIRE(bundle->root()["entry"].size() == 2);
        const auto report = bundle->root()["entry"].item(0), patient = bundle->root()["entry"].item(1);
        CHECK(report["request"]["url"].text() == "DiagnosticReport?identifier=urn%3Alab%7CA%5C%2C1");
        CHECK_FALSE(report["resource"]["id"].has_value());
        CHECK(report["resource"]["subject"]["reference"].text() == patient["fullUrl"].text());
        CHECK_FALSE(report["resource"]["performer"].item(0)["reference"].has_value());
        CHECK(report["resource"]["performer"].item(0)["display"].text() == "Lab");
        CHECK(make_transaction(report_and_patient(), true).bytes == made.bytes);  // the same bytes each time
        const auto nameless = make_transaction({document(R"({"resourceType":"Observation","id":"x"})")}, true);
        CHECK_FALSE(nameless.fault.empty());
    }

    TEST_CASE("a document is submitted with its true size and hash (ITI-65)") {
        const std::vector<fhir::DocumentPtr> resources = {
            document(
                R"({"resourceType":"DocumentReference","id":"d","status":"current","subject":{"reference":"Patient/p"},
                "content":[{"attachment":{"contentType":"text/plain","url":"Binary/b","size":99,"hash":"AAAA"}}]})"),
            document(R"({"resourceType":"Patient","id":"p","identifier":[{"system":"urn:mrn","value":"7"}]})"),
            document(R"({"resourceType":"Binary","id":"b","contentType":"text/plain","data":"aGVsbG8="})")};
        const auto made =
            make_document_submission(resources, "urn:oid:2.25.1", "2026-03-02T00:00:00Z", "urn:oid:2.25.2");
        REQUIRE_MESSAGE(made.fault.empty(), made.fault);
        const auto bundle = document(made.bytes);
        const auto list = bundle->root()["entry"].item(0), reference = bundle->root()["entry"].item(1),
                   binary = bundle->root()["entry"].item(2), patient = bundle->root()["entry"].item(3);
        CHECK(list["resource"]["code"]["coding"].item(0)["code"].text() == "submissionset");
        CHECK(list["resource"]["entry"].item(0)["item"]["reference"].text() == reference["fullUrl"].text());
        const auto attachment = reference["resource"]["content"].item(0)["attachment"];
        CHECK(attachment["size"].text() == "5");
        CHECK(attachment["hash"].text() == "qvTGHdzF6KLavt4PO0gs2a6pQ00=");  // SHA-1 of "hello"
        CHECK(attachment["url"].text() == binary["fullUrl"].text());
        CHECK(reference["resource"]["subject"]["reference"].text() == patient["fullUrl"].text());
        CHECK(patient["request"]["method"].text() == "PUT");
        auto without = resources;
        without.pop_back();
        CHECK_FALSE(make_document_submission(without, "urn:oid:2.25.1", "2026-03-02T00:00:00Z", "urn:oid:2.25.2")
                        .fault.empty());
    }
}
