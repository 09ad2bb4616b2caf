#include "gateway/rest/references.hpp"

#include <doctest/doctest.h>

#include "fhir/json/json.hpp"

using namespace causeway;

namespace {

std::string rewritten(const std::string& json, const rest::Targets& targets, std::string_view full_url = "") {
    const auto document = fhir::parse_json(json).value();
    return fhir::to_json(rest::rewrite_references(document, document->root(), full_url, targets)->root());
}

const rest::Targets targets = {
    {"urn:uuid:1111", "Patient/p"}, {"http://other/fhir/Patient/x", "Patient/q"}, {"Patient/rel", "Patient/r"}};

}  // namespace

TEST_SUITE("gateway/rest/references") {
    TEST_CASE("references, uris and narrative links are rewritten; canonicals, codes and texts are not") {
        struct Row {
            std::string before, after;
        };
        for (
            const auto& row : {
                Row{R"({"resourceType":"Observation","subject":{"reference":"urn:uuid:1111"}})",
                    R"({"resourceType":"Observation","subject":{"reference":"Patient/p"}})"},
                Row{R"({"resourceType":"Observation","subject":{"reference":"urn:uuid:1111#x"}})",
                    R"({"resourceType":"Observation","subject":{"reference":"Patient/p#x"}})"},
                Row{R"({"resourceType":"Observation","subject":{"reference":"http://other/fhir/Patient/x"}})",
                    R"({"resourceType":"Observation","subject":{"reference":"Patient/q"}})"},
                Row{R"({"resourceType":"Observation","subject":{"reference":"http://other/fhir/Patient/x/_history/2"}})",
                    R"({"resourceType":"Observation","subject":{"reference":"Patient/q"}})"},
                Row{R"({"resourceType":"Observation","subject":{"reference":"Patient/rel"}})",
                    R"({"resourceType":"Observation","subject":{"reference":"Patient/r"}})"},
                Row{R"({"resourceType":"Observation","subject":{"reference":"#inside"}})",
                    R"({"resourceType":"Observation","subject":{"reference":"#inside"}})"},
                Row{R"({"resourceType":"Observation","subject":{"display":"urn:uuid:1111"}})",
                    R"({"resourceType":"Observation","subject":{"display":"urn:uuid:1111"}})"},
                Row{R"({"resourceType":"Observation","instantiatesCanonical":["urn:uuid:1111"],"instantiatesUri":["urn:uuid:1111"]})",
                    R"({"resourceType":"Observation","instantiatesCanonical":["urn:uuid:1111"],"instantiatesUri":["urn:uuid:1111"]})"},
                Row{R"({"resourceType":"CarePlan","instantiatesCanonical":["urn:uuid:1111"],"instantiatesUri":["urn:uuid:1111"]})",
                    R"({"resourceType":"CarePlan","instantiatesCanonical":["urn:uuid:1111"],"instantiatesUri":["Patient/p"]})"},
                Row{R"({"resourceType":"Basic","extension":[{"url":"http://x","valueReference":{"reference":"urn:uuid:1111"}}],"contained":[{"resourceType":"Observation","subject":{"reference":"urn:uuid:1111"}}]})",
                    R"({"resourceType":"Basic","extension":[{"url":"http://x","valueReference":{"reference":"Patient/p"}}],"contained":[{"resourceType":"Observation","subject":{"reference":"Patient/p"}}]})"},
                Row{R"({"resourceType":"Patient","birthDate":"2000","_birthDate":{"extension":[{"url":"http://x","valueReference":{"reference":"urn:uuid:1111"}}]}})",
                    R"({"resourceType":"Patient","birthDate":"2000","_birthDate":{"extension":[{"url":"http://x","valueReference":{"reference":"Patient/p"}}]}})"},
                Row{R"({"resourceType":"Basic","text":{"status":"generated","div":"<div><a href=\"urn:uuid:1111\">x</a><img src='urn:uuid:1111'/>urn:uuid:1111</div>"}})",
                    R"({"resourceType":"Basic","text":{"status":"generated","div":"<div><a href=\"Patient/p\">x</a><img src='Patient/p'/>urn:uuid:1111</div>"}})"},
            }) {
            CAPTURE(row.before);
            CHECK(rewritten(row.before, targets) == row.after);
        }
    }

    TEST_CASE("a relative reference is read against the base of its own entry") {
        const std::string json = R"({"resourceType":"Observation","subject":{"reference":"Patient/x"}})";
        CHECK(rewritten(json, targets, "http://other/fhir/Observation/5") ==
              R"({"resourceType":"Observation","subject":{"reference":"Patient/q"}})");
        CHECK(rewritten(json, targets, "http://elsewhere/fhir/Observation/5") == json);
        CHECK(rewritten(json, targets, "urn:uuid:2222") == json);
    }

    TEST_CASE("the scan tells conditional and unresolved references from the rest") {
        const auto document =
            fhir::parse_json(R"({"resourceType":"Observation","subject":{"reference":"Patient?identifier=a|b"},
        "performer":[{"reference":"urn:uuid:9999"},{"reference":"Practitioner/1"}],"derivedFrom":[{"reference":"#a"}]})")
                .value();
        const auto scan = rest::scan_references(document->root(), "", targets);
        REQUIRE(scan.conditional.size() == 1);
        CHECK(scan.conditional[0] == "Patient?identifier=a|b");
        REQUIRE(scan.unresolved.size() == 1);
        CHECK(scan.unresolved[0] == "urn:uuid:9999");
        CHECK_FALSE(scan.uses_targets);
        CHECK(rewritten(R"({"resourceType":"Observation","subject":{"reference":"Patient?identifier=a|b"}})",
                        {{"Patient?identifier=a|b", "Patient/7"}}) ==
              R"({"resourceType":"Observation","subject":{"reference":"Patient/7"}})");
    }
}
