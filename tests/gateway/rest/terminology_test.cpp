#include "tests/gateway/rest/gateway.hpp"

using namespace causeway;
using tests::Gateway;

namespace {

/// `parameter[name].value[x]` of a Parameters answer.
std::string output(const tests::Got& got, std::string_view name) {
    for (const auto parameter : got.root()["parameter"].items())
        if (parameter["name"].text() == name)
            for (const auto member : parameter.children())
                if (member.name().starts_with("value")) return std::string(member.text());
    return {};
}

constexpr const char* genders = "http%3A%2F%2Fhl7.org%2Ffhir%2FValueSet%2Fadministrative-gender";
constexpr const char* gender_system = "http%3A%2F%2Fhl7.org%2Ffhir%2Fadministrative-gender";

}  // namespace

TEST_SUITE("gateway/rest/terminology") {
    TEST_CASE("$expand: by URL, filtered, in pages, by id and inline") {
        Gateway gateway;
        const auto all = gateway.get(std::string("ValueSet/$expand?url=") + genders);
        REQUIRE(all.status == 200);
        CHECK(all.root()["expansion"]["total"].text() == "4");
        CHECK(all.root()["expansion"]["contains"].size() == 4);
        const auto filtered = gateway.get(std::string("ValueSet/$expand?filter=fem&url=") + genders);
        REQUIRE(filtered.root()["expansion"]["contains"].size() == 1);
        CHECK(filtered.root()["expansion"]["contains"].item(0)["code"].text() == "female");
        const auto page = gateway.get(std::string("ValueSet/$expand?offset=3&count=2&url=") + genders);
        CHECK(page.root()["expansion"]["contains"].size() == 1);
        CHECK(page.root()["expansion"]["total"].text() == "4");
        REQUIRE(gateway
                    .put("ValueSet/v", R"({"resourceType":"ValueSet","id":"v","url":"urn:v","status":"active",
            "compose":{"include":[{"system":"urn:s","concept":[{"code":"a","display":"Alpha"}]}]}})")
                    .status == 201);
        const auto stored = gateway.get("ValueSet/v/$expand");
        REQUIRE(stored.status == 200);
        CHECK(stored.root()["expansion"]["contains"].item(0)["display"].text() == "Alpha");
        CHECK(gateway.get("ValueSet/$expand?url=urn:v").status == 200);
        const auto sent =
            gateway.post("ValueSet/$expand", R"({"resourceType":"Parameters","parameter":[{"name":"valueSet",
            "resource":{"resourceType":"ValueSet","status":"active","compose":{"include":[{"system":"urn:s","concept":[{"code":"b"}]}]}}}]})");
        CHECK(sent.root()["expansion"]["contains"].item(0)["code"].text() == "b");
        CHECK(gateway.get("ValueSet/$expand?url=urn:none").status == 404);
        CHECK(gateway.get("ValueSet/$expand").status == 400);
        CHECK(gateway.get("ValueSet/none/$expand").status == 404);
    }

    TEST_CASE("$validate-code says yes and no with 200") {
        Gateway gateway;
        const std::string base = std::string("ValueSet/$validate-code?url=") + genders;
        CHECK(output(gateway.get(base + "&code=male&system=" + gender_system), "result") == "true");
        const auto wrong = gateway.get(base + "&code=blue&system=" + gender_system);
        CHECK(wrong.status == 200);
        CHECK(output(wrong, "result") == "false");
        CHECK_FALSE(output(wrong, "message").empty());
        CHECK(output(gateway.get(base + "&code=male&display=Female&system=" + gender_system), "result") == "false");
        const auto coded = gateway.post("ValueSet/$validate-code", R"({"resourceType":"Parameters","parameter":[
            {"name":"url","valueUri":"http://hl7.org/fhir/ValueSet/administrative-gender"},
            {"name":"codeableConcept","valueCodeableConcept":{"coding":[{"system":"urn:x","code":"x"},
            {"system":"http://hl7.org/fhir/administrative-gender","code":"male"}]}}]})");
        CHECK(output(coded, "result") == "true");
        CHECK(output(gateway.get(std::string("CodeSystem/$validate-code?code=male&url=") + gender_system), "result") ==
              "true");
        CHECK(output(gateway.get(std::string("CodeSystem/$validate-code?code=x&url=") + gender_system), "result") ==
              "false");
        CHECK(gateway.get("CodeSystem/$validate-code?url=urn:none&code=x").status == 404);
        CHECK(gateway.get(base).status == 400);
    }

    TEST_CASE("$lookup and $subsumes know built-in and stored systems; a change is seen at once") {
        Gateway gateway;
        const auto found = gateway.get(std::string("CodeSystem/$lookup?code=male&system=") + gender_system);
        CHECK(output(found, "display") == "Male");
        CHECK(gateway.get(std::string("CodeSystem/$lookup?code=blue&system=") + gender_system).status == 404);
        CHECK(gateway.get("CodeSystem/$lookup?code=a&system=urn:s").status == 404);
        const std::string system =
            R"({"resourceType":"CodeSystem","id":"s","url":"urn:s","status":"active","content":"complete",
            "hierarchyMeaning":"is-a","concept":[{"code":"a","display":"Alpha","concept":[{"code":"b"}]}]})";
        REQUIRE(gateway.put("CodeSystem/s", system).status == 201);
        CHECK(output(gateway.get("CodeSystem/$lookup?code=a&system=urn:s"), "display") == "Alpha");
        CHECK(output(gateway.get("CodeSystem/$subsumes?codeA=a&codeB=b&system=urn:s"), "outcome") == "subsumes");
        CHECK(output(gateway.get("CodeSystem/$subsumes?codeA=b&codeB=a&system=urn:s"), "outcome") == "subsumed-by");
        CHECK(output(gateway.get("CodeSystem/s/$subsumes?codeA=b&codeB=b"), "outcome") == "equivalent");
        CHECK(gateway.get("CodeSystem/$subsumes?codeA=b&system=urn:s").status == 400);
        REQUIRE(gateway.erase("CodeSystem/s").status == 204);
        CHECK(gateway.get("CodeSystem/$lookup?code=a&system=urn:s").status == 404);
    }

    TEST_CASE("$translate by a stored map") {
        Gateway gateway;
        REQUIRE(
            gateway
                .put("ConceptMap/m", R"({"resourceType":"ConceptMap","id":"m","url":"urn:m","status":"active","group":[
            {"source":"urn:a","target":"urn:b","element":[{"code":"1","target":[{"code":"I","equivalence":"equivalent"}]}]}]})")
                .status == 201);
        const auto there = gateway.get("ConceptMap/$translate?url=urn:m&system=urn:a&code=1");
        CHECK(output(there, "result") == "true");
        CHECK(gateway.get("ConceptMap/m/$translate?system=urn:a&code=1").body.find("\"I\"") != std::string::npos);
        CHECK(output(gateway.get("ConceptMap/$translate?url=urn:m&system=urn:a&code=2"), "result") == "false");
        CHECK(gateway.get("ConceptMap/$translate?url=urn:m").status == 400);
    }
}
