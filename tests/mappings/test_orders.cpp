#include <algorithm>

#include "tests/mappings/support.hpp"

using namespace causeway;
using namespace causeway::mappings;
using namespace causeway::mappings::testing;

namespace {

std::string order(const char* status) {
    const std::string json =
        std::string(R"({"resourceType":"Bundle","type":"collection","entry":[
{"fullUrl":"http://emr.example/Patient/p1","resource":{"resourceType":"Patient","id":"p1","identifier":[{"system":"http://clinic.example/mrn","value":"77120"}],"name":[{"family":"Rivera","given":["Elena"]}],"birthDate":"1979-08-14","gender":"female"}},
{"resource":{"resourceType":"Patient","id":"p2","name":[{"family":"Other"}]}},
{"resource":{"resourceType":"ServiceRequest","id":"s1","identifier":[{"system":"http://emr.example/order","value":"O-1","type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"PLAC"}]}}],"status":")") +
        status +
        R"(","intent":"order","priority":"stat","code":{"coding":[{"system":"http://loinc.org","code":"57698-3","display":"Lipid panel"}]},"subject":{"reference":"Patient/p1"},"authoredOn":"2024-03-05T10:00:00-06:00","requester":{"reference":"Practitioner/d1","display":"Ngozi Okafor"},"note":[{"text":"fasting"}]}}]})";
    const auto document = fhir::parse_json(json);
    REQUIRE(document.has_value());
    BackwardContext context;
    context.now = "2024-03-05T12:00:00-06:00";
    context.control_id = "C1";
    context.sending_application = "EMR";
    context.receiving_facility = "LAB^1.2.3^ISO";
    const auto resources = resources_of(**document);
    return lines(backward(*shipped().plan(), resources, "OML_O21", context).er7);
}

}  // namespace

TEST_SUITE("mappings/orders") {
    TEST_CASE(
        "an order born in FHIR becomes OML^O21 for its own patient, with what a reference says of a person who is not "
        "here") {
        CHECK(order("active") ==
              "MSH|^~\\&|EMR|||LAB^1.2.3^ISO|20240305120000-0600||OML^O21^OML_O21|C1|P|2.5.1\n"
              "PID|1||77120^^^&http://clinic.example/mrn&URI||Rivera^Elena||19790814|F\n"
              "ORC|NW|O-1^^http://emr.example/order^URI|||||||20240305100000-0600|||^Okafor^Ngozi\n"
              "TQ1|1||||||||S\n"
              "OBR|1|O-1^^http://emr.example/order^URI||57698-3^Lipid panel^LN||||||||||||^Okafor^Ngozi\n"
              "NTE|1||fasting\n");
    }

    TEST_CASE("a revoked order asks for cancellation") {
        CHECK(order("revoked").find("\nORC|CA|O-1^^http://emr.example/order^URI|||CA|") != std::string::npos);
    }

    TEST_CASE("of two patients of a move, the one the Provenance is about is the one that is there now") {
        const std::string bytes = segments(
            "MSH|^~\\&|ADT1|GOOD|GATE|CITY|20240305103000-0600||ADT^A43^ADT_A43|M1|P|2.5.1\n"
            "EVN|A43|20240305102500-0600\n"
            "PID|1||4711^^^GOOD^MR||Okafor^Ngozi||19840213|F\n"
            "MRG|4700^^^GOOD^MR\n");
        const auto message = hl7v2::MessageView::parse(std::string_view(bytes));
        REQUIRE(message.has_value());
        ForwardResult result = convert(*shipped().plan(), *message);
        REQUIRE(result.resources.size() >= 4);
        for (int order = 0; order < 2; ++order) {
            CAPTURE(order);
            const std::string again = lines(create(*shipped().plan(), result).er7);
            CHECK(again.find("\nPID|1||4711^^^GOOD^MR") != std::string::npos);
            CHECK(again.find("\nMRG|4700^^^GOOD^MR") != std::string::npos);
            std::reverse(result.resources.begin(), result.resources.end());
        }
    }

    TEST_CASE("an unknown structure and an empty set are refused, not guessed") {
        CHECK(backward(*shipped().plan(), {}, "ZZZ_Z01", {}).refused);
        CHECK(backward(*shipped().plan(), {}, "OML_O21", {}).er7.substr(0, 4) == "MSH|");
    }
}
