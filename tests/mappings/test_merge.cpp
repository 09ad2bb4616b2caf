#include "mappings/engine/merge.hpp"
#include "tests/mappings/support.hpp"

using namespace causeway;
using namespace causeway::mappings;
using namespace causeway::mappings::testing;

namespace {

std::string merged(const char* stored, const char* mapped, std::vector<std::string> erased = {}) {
    const auto a = fhir::parse_json(stored), b = fhir::parse_json(mapped);
    REQUIRE(a.has_value());
    REQUIRE(b.has_value());
    return fhir::to_json(merge(**a, **b, erased)->root());
}

}  // namespace

TEST_SUITE("mappings/merge") {
    TEST_CASE("a choice element is one element, whatever its type") {
        CHECK(merged(R"({"resourceType":"Observation","status":"final","valueString":"high"})",
                     R"({"resourceType":"Observation","valueQuantity":{"value":7}})") ==
              R"({"resourceType":"Observation","status":"final","valueQuantity":{"value":7}})");
    }

    TEST_CASE("absent says nothing, what is sent replaces, what no message says stays") {
        CHECK(merged(R"({"resourceType":"Patient","id":"1","gender":"male","birthDate":"1970"})",
                     R"({"resourceType":"Patient","gender":"female"})") ==
              R"({"resourceType":"Patient","id":"1","gender":"female","birthDate":"1970"})");
        CHECK(merged(R"({"resourceType":"Patient","name":[{"family":"A"},{"family":"B"}]})",
                     R"({"resourceType":"Patient","name":[{"family":"C"}]})") ==
              R"({"resourceType":"Patient","name":[{"family":"C"}]})");
    }

    TEST_CASE("an end of a period says nothing of its start; a code takes its text along") {
        CHECK(
            merged(
                R"({"resourceType":"Encounter","period":{"start":"2024-01-01"},"hospitalization":{"reAdmission":{"text":"R"}}})",
                R"({"resourceType":"Encounter","period":{"end":"2024-01-05"},"hospitalization":{"dischargeDisposition":{"text":"home"}}})") ==
            R"({"resourceType":"Encounter","period":{"start":"2024-01-01","end":"2024-01-05"},"hospitalization":{"reAdmission":{"text":"R"},"dischargeDisposition":{"text":"home"}}})");
        CHECK(merged(R"({"resourceType":"Observation","code":{"coding":[{"code":"a"}],"text":"A"}})",
                     R"({"resourceType":"Observation","code":{"coding":[{"code":"b"}]}})") ==
              R"({"resourceType":"Observation","code":{"coding":[{"code":"b"}]}})");
    }

    TEST_CASE("identifiers are told apart by system and kind; one number is one identifier") {
        const auto one = [](const char* type, const char* value) {
            std::string kind = *type == 0 ? "" : std::string(R"("type":{"coding":[{"code":")") + type + R"("}]},)";
            return "{" + kind + R"("system":"s","value":")" + value + "\"}";
        };
        const auto all = [](const std::string& items) {
            return R"({"resourceType":"ServiceRequest","identifier":[)" + items + "]}";
        };
        CHECK(merged(all(one("PLAC", "1")).c_str(), all(one("FILL", "2")).c_str()) ==
              all(one("PLAC", "1") + "," + one("FILL", "2")));
        CHECK(merged(all(one("PLAC", "1")).c_str(), all(one("PLAC", "3")).c_str()) == all(one("PLAC", "3")));
        CHECK(merged(all(one("", "1")).c_str(), all(one("MR", "1")).c_str()) == all(one("MR", "1")));
        CHECK(merged(all(one("PI", "1")).c_str(), all(one("MR", "1")).c_str()) == all(one("MR", "1")));
    }

    TEST_CASE("identifiers and extensions of other systems stay") {
        CHECK(
            merged(R"({"resourceType":"Patient","identifier":[{"system":"a","value":"1"},{"system":"b","value":"2"}]})",
                   R"({"resourceType":"Patient","identifier":[{"system":"a","value":"3"}]})") ==
            R"({"resourceType":"Patient","identifier":[{"system":"b","value":"2"},{"system":"a","value":"3"}]})");
    }

    TEST_CASE("law 10: an erased element is gone, of a slice only its items") {
        CHECK(
            merged(
                R"({"resourceType":"Patient","birthDate":"1970","telecom":[{"use":"home","value":"1"},{"use":"work","value":"2"}]})",
                R"({"resourceType":"Patient"})", {"Patient.birthDate", "Patient.telecom.where(use='home')"}) ==
            R"({"resourceType":"Patient","telecom":[{"use":"work","value":"2"}]})");
    }

    TEST_CASE("law 10: a v2 null names the element, an empty field does not") {
        const auto plan = shipped().plan();
        const std::string text = segments(
            "MSH|^~\\&|A|B|C|D|20240305||ADT^A31^ADT_A05|1|P|2.5.1\nEVN|A31|20240305\nPID|1||1^^^B^MR||A^B||\"\"||||||"
            "\"\"\nPV1|1|N\n");
        const auto message = hl7v2::Message::parse(text);
        for (const auto& resource : convert(*plan, message->view()).resources)
            if (resource.type == "Patient") {
                CHECK(std::find(resource.erased.begin(), resource.erased.end(), "Patient.birthDate") !=
                      resource.erased.end());
                CHECK(std::find(resource.erased.begin(), resource.erased.end(), "Patient.telecom.where(use='home')") !=
                      resource.erased.end());
                CHECK(std::find(resource.erased.begin(), resource.erased.end(), "Patient.gender") ==
                      resource.erased.end());
            }
    }

    TEST_CASE("law 10: a v2 null deletes its element in every shape it may have had") {
        // PR1-5 is the start of a period where PR1-7 says how long it took; deleted, it is neither that nor a moment.
        const auto plan = shipped().plan();
        const auto procedure = [&](const char* when) {
            const std::string text = segments(
                "MSH|^~\\&|A|B|C|D|20240305||ADT^A06^ADT_A06|1|P|2.5.1\nEVN|A06|20240305\nPID|1||1^^^B^MR||A^B\nPV1|1|"
                "I\n"
                "PR1|1||7||" +
                std::string(when) + "||49.47\n");
            const auto message = hl7v2::Message::parse(text);
            for (auto& resource : convert(*plan, message->view()).resources)
                if (resource.type == "Procedure") return resource;
            return MappedResource();
        };
        const MappedResource stored = procedure("19560101165244-0530"), deletes = procedure("\"\"");
        REQUIRE(stored.doc);
        REQUIRE(deletes.doc);
        CHECK(stored.doc->root()["performedPeriod"]["start"].text() == "1956-01-01T16:52:44-05:30");
        // .. and the end, which was reckoned from the start, goes with it
        for (const char* path :
             {"Procedure.performedPeriod.start", "Procedure.performedPeriod.end", "Procedure.performedDateTime"})
            CHECK(std::find(deletes.erased.begin(), deletes.erased.end(), path) != deletes.erased.end());
        CHECK_FALSE(merge(*stored.doc, deletes)->root()["performedPeriod"]);
        // What is only not sent stays.
        CHECK(merge(*stored.doc, procedure(""))->root()["performedPeriod"]["start"]);
    }

    TEST_CASE("law 11: merging twice changes nothing more") {
        const auto plan = shipped().plan();
        const std::string text = segments(
            "MSH|^~\\&|A|B|C|D|20240305||ADT^A31^ADT_A05|1|P|2.5.1\nEVN|A31|20240305\nPID|1||1^^^B^MR||A^B||1970|"
            "F\nPV1|1|N\n");
        const auto message = hl7v2::Message::parse(text);
        const auto result = convert(*plan, message->view());
        const auto stored = fhir::parse_json(
            R"({"resourceType":"Patient","id":"x","identifier":[{"system":"s","value":"9"}],"photo":[{"url":"u"}]})");
        for (const auto& resource : result.resources) {
            if (resource.type != "Patient") continue;
            const auto once = merge(**stored, resource);
            const auto twice = merge(*once, resource);
            CHECK(fhir::to_json(once->root()) == fhir::to_json(twice->root()));
            CHECK(fhir::to_json(once->root()).find("\"photo\"") != std::string::npos);
        }
    }
}
