#include "tests/gateway/rest/gateway.hpp"

using namespace causeway;
using tests::Gateway;

namespace {

const std::string patient =
    R"({"resourceType":"Patient","identifier":[{"system":"http://mrn","value":"1"}],"birthDate":"1962"})";
const Gateway::Headers json_patch = {{"Content-Type", "application/json-patch+json"}};
const std::string replace_date = R"([{"op":"replace","path":"/birthDate","value":"1970"}])";

std::string fhirpath_patch(const std::string& value) {
    return R"({"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"replace"},)"
           R"({"name":"path","valueString":"Patient.birthDate"},{"name":"value","valueDate":")" +
           value + R"("}]}]})";
}

}  // namespace

TEST_SUITE("gateway/rest/patch") {
    TEST_CASE("JSON Patch and FHIRPath Patch make a new version") {
        Gateway gateway;
        const std::string target = "Patient/" + gateway.create(patient);
        auto got = gateway.send(http::Method::patch, target, replace_date, json_patch);
        REQUIRE_MESSAGE(got.status == 200, got.body);
        CHECK(got.root()["birthDate"].text() == "1970");
        CHECK(got.header("ETag") == "W/\"2\"");
        got = gateway.send(http::Method::patch, target, fhirpath_patch("1980"));
        REQUIRE_MESSAGE(got.status == 200, got.body);
        CHECK(gateway.get(target).root()["birthDate"].text() == "1980");
        CHECK(gateway.get("Patient?birthdate=1980").entries() == 1);
        CHECK(gateway.get("Patient?birthdate=1970").entries() == 0);
    }

    TEST_CASE("what cannot be patched, and why") {
        Gateway gateway;
        const std::string target = "Patient/" + gateway.create(patient);
        struct Row {
            std::string what, target, body;
            Gateway::Headers headers;
            unsigned status;
        };
        for (const auto& row : {
                 Row{"no JSON", target, "[{", json_patch, 400},
                 Row{"no array", target, "{}", json_patch, 400},
                 Row{"unknown operation", target, R"([{"op":"paint","path":"/birthDate"}])", json_patch, 400},
                 Row{"failing test", target, R"([{"op":"test","path":"/birthDate","value":"1999"}])", json_patch, 422},
                 Row{"missing place", target, R"([{"op":"remove","path":"/gender"}])", json_patch, 422},
                 Row{"change of id", target, R"([{"op":"replace","path":"/id","value":"x"}])", json_patch, 422},
                 Row{"invalid result", target, R"([{"op":"replace","path":"/birthDate","value":"x"}])", json_patch,
                     422},
                 Row{"unknown id", "Patient/never", replace_date, json_patch, 404},
                 Row{"other version",
                     target,
                     replace_date,
                     {{"Content-Type", "application/json-patch+json"}, {"If-Match", "W/\"7\""}},
                     412},
                 Row{"other media type", target, "x", {{"Content-Type", "text/plain"}}, 415},
                 Row{"no Parameters", target, patient, {}, 400},
                 Row{"Binary", "Binary/1", replace_date, json_patch, 405},
             }) {
            CAPTURE(row.what);
            const auto got = gateway.send(http::Method::patch, row.target, row.body, row.headers);
            CHECK(got.status == row.status);
            CHECK(got.root().resource_type() == "OperationOutcome");
        }
        CHECK(gateway.get(target).header("ETag") == "W/\"1\"");
        gateway.erase(target);
        CHECK(gateway.send(http::Method::patch, target, replace_date, json_patch).status == 410);
    }

    TEST_CASE("conditional patch: none 404, one 200, several 412") {
        Gateway gateway;
        CHECK(gateway.send(http::Method::patch, "Patient?identifier=http://mrn|1", replace_date, json_patch).status ==
              404);
        gateway.create(patient);
        CHECK(gateway.send(http::Method::patch, "Patient?identifier=http://mrn|1", replace_date, json_patch).status ==
              200);
        gateway.create(patient);
        CHECK(gateway.send(http::Method::patch, "Patient?identifier=http://mrn|1", replace_date, json_patch).status ==
              412);
    }

    TEST_CASE("in a transaction, after the updates, and undone with it") {
        Gateway gateway;
        const std::string id = gateway.create(patient);
        const auto bundle = [&](const std::string& more) {
            return R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":)" + fhirpath_patch("1999") +
                   R"(,"request":{"method":"PATCH","url":"Patient/)" + id + R"("}})" + more + "]}";
        };
        CHECK(gateway.post("", bundle(R"(,{"request":{"method":"GET","url":"Patient/never"}})")).status == 404);
        CHECK(gateway.get("Patient/" + id).root()["birthDate"].text() == "1962");
        const auto got = gateway.post("", bundle(""));
        REQUIRE_MESSAGE(got.status == 200, got.body);
        CHECK(gateway.get("Patient/" + id).root()["birthDate"].text() == "1999");
    }

    TEST_CASE("XML Patch, alone and in bundles") {
        Gateway gateway;
        const std::string target = "Patient/" + gateway.create(patient);
        const Gateway::Headers xml_patch = {{"Content-Type", "application/xml-patch+xml"}};
        auto got = gateway.send(
            http::Method::patch, target,
            R"(<diff xmlns:f="http://hl7.org/fhir"><replace sel="f:Patient/f:birthDate/@value">1970</replace></diff>)",
            xml_patch);
        REQUIRE_MESSAGE(got.status == 200, got.body);
        CHECK(got.root()["birthDate"].text() == "1970");
        CHECK(gateway.send(http::Method::patch, target, "<diff><paint/></diff>", xml_patch).status == 400);
        CHECK(gateway.send(http::Method::patch, target, "<diff", xml_patch).status == 400);
        CHECK(gateway.send(http::Method::patch, target, R"(<diff><remove sel="Patient/gender"/></diff>)", xml_patch)
                  .status == 422);
        CHECK(
            gateway.send(http::Method::patch, target, R"(<diff><remove sel="Patient/id"/></diff>)", xml_patch).status ==
            422);
        CHECK(gateway
                  .send(http::Method::patch, target,
                        R"(<diff><replace sel="Patient/birthDate/@value">x</replace></diff>)", xml_patch)
                  .status == 422);

        // [{"op":"replace","path":"/birthDate","value":"1971"}] and
        // <diff><replace sel="Patient/birthDate/@value">1972</replace></diff>
        const std::string as_json = R"({"resourceType":"Binary","contentType":"application/json-patch+json","data":)"
                                    R"("W3sib3AiOiJyZXBsYWNlIiwicGF0aCI6Ii9iaXJ0aERhdGUiLCJ2YWx1ZSI6IjE5NzEifV0="})";
        const std::string as_xml =
            R"({"resourceType":"Binary","contentType":"application/xml-patch+xml","data":)"
            R"("PGRpZmY+PHJlcGxhY2Ugc2VsPSJQYXRpZW50L2JpcnRoRGF0ZS9AdmFsdWUiPjE5NzI8L3JlcGxhY2U+PC9kaWZmPg=="})";
        const auto bundle = [&](const std::string& type, const std::string& resource) {
            return gateway.send(http::Method::post, "",
                                R"({"resourceType":"Bundle","type":")" + type + R"(","entry":[{"resource":)" +
                                    resource + R"(,"request":{"method":"PATCH","url":")" + target + R"("}}]})");
        };
        for (const std::string type : {"transaction", "batch"}) {
            CAPTURE(type);
            for (const auto& [resource, date] : {std::pair{as_json, "1971"}, std::pair{as_xml, "1972"}}) {
                got = bundle(type, resource);
                REQUIRE_MESSAGE(got.status == 200, got.body);
                CHECK_MESSAGE(got.entry(0)["response"]["status"].text().starts_with("200"), got.body);
                CHECK(gateway.get(target).root()["birthDate"].text() == date);
            }
        }
        CHECK(bundle("transaction", R"({"resourceType":"Binary","contentType":"application/pdf","data":"AAAA"})")
                  .status == 415);
        CHECK(bundle("transaction",
                     R"({"resourceType":"Binary","contentType":"application/json-patch+json","data":"AA"})")
                  .status == 400);
        CHECK(bundle("transaction", patient).status == 422);
    }
}
