// What results say, read as a clinician would: several values, units, reference ranges, times, notes, and messages out of order.
#include "tests/mappings/support.hpp"

using namespace causeway;
using namespace causeway::mappings;
using namespace causeway::mappings::testing;

namespace {

/// A result message with these segments behind its OBR.
std::string result_message(const std::string& rest, const char* observed = "20240305081500-0600") {
    return segments(
        "MSH|^~\\&|LAB|CITY|EHR|CLINIC|20240305090000-0600||ORU^R01^ORU_R01|R1|P|2.8\nPID|1||77120^^^CLINIC^MR||Rivera^"
        "Elena\n"
        "OBR|1|P1^EHR|F1^LAB|24323-8^Panel^LN|||" +
        std::string(observed) + "||||||||||||||||||F\n" + rest);
}

struct Read {
    ForwardResult forward;
    std::string observation, back;
};

Read read(const std::string& text) {
    const auto message = hl7v2::Message::parse(text);
    REQUIRE(message.has_value());
    const auto plan = shipped().plan("", "2.8");
    Read out{convert(*plan, message->view()), {}, {}};
    for (const auto& resource : out.forward.resources)
        if (resource.type == "Observation" && out.observation.empty())
            out.observation = fhir::to_json(resource.doc->root());
    out.back = lines(create(*plan, out.forward).er7);
    return out;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_SUITE("mappings/results") {
    TEST_CASE(
        "several values of one result are components, each with the code, unit and range of the whole, and come back") {
        const auto seen = read(result_message("OBX|1|NM|8867-4^Heart rate^LN||60~72|/min^^UCUM|50-90||||F\n"));
        for (const char* value : {"60", "72"})
            CHECK(has(seen.observation, std::string("\"valueQuantity\":{\"value\":") + value + ",\"code\":\"/min\""));
        std::size_t codes = 0, ranges = 0;
        for (std::size_t at = 0; (at = seen.observation.find("\"code\":\"8867-4\"", at)) != std::string::npos; ++at)
            ++codes;
        for (std::size_t at = 0; (at = seen.observation.find("\"text\":\"50-90\"", at)) != std::string::npos; ++at)
            ++ranges;
        CHECK(codes == 3);
        CHECK(ranges == 3);
        CHECK(has(seen.back, "|60~72|/min"));
        CHECK(seen.forward.residue.empty());
    }

    TEST_CASE("components that have codes of their own are not run together as repetitions") {
        const auto document = fhir::parse_json(
            R"({"resourceType":"Bundle","type":"collection","entry":[
{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient","name":[{"family":"Rivera"}]}},
{"fullUrl":"urn:uuid:2","resource":{"resourceType":"DiagnosticReport","status":"final","code":{"text":"Vitals"},"subject":{"reference":"urn:uuid:1"},"result":[{"reference":"urn:uuid:3"}]}},
{"fullUrl":"urn:uuid:3","resource":{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]},"subject":{"reference":"urn:uuid:1"},
"component":[{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":120}},{"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":80}}]}}]})");
        REQUIRE(document.has_value());
        const auto er7 = lines(backward(*shipped().plan(), resources_of(**document), "ORU_R01", {}).er7);
        CHECK(has(er7, "85354-9"));
        CHECK(!has(er7, "120~80"));
    }

    TEST_CASE(
        "a unit that means one unit of UCUM becomes it, with the sender's words; another keeps its own system or "
        "none") {
        struct Row {
            const char* sent;
            const char* quantity;
        };
        for (const Row& row : {
                 Row{"beats/min^^ISO+",
                     R"("value":5,"code":"/min","system":"http://unitsofmeasure.org","unit":"beats/min")"},
                 {"mg/dl", R"("value":5,"code":"mg/dL","system":"http://unitsofmeasure.org","unit":"mg/dl")"},
                 {"mg/dL^milligrams^UCUM",
                  R"("value":5,"code":"mg/dL","system":"http://unitsofmeasure.org","unit":"milligrams")"},
                 {"drops^^99LAB", R"("value":5,"code":"drops","system":"urn:causeway:v2cs:99LAB","unit":"drops")"},
                 {"C", R"("value":5,"unit":"C")"},
             }) {
            CAPTURE(row.sent);
            const auto seen = read(result_message(std::string("OBX|1|NM|1^X^L||5|") + row.sent + "|||||F\n"));
            CHECK(has(seen.observation, std::string("\"valueQuantity\":{") + row.quantity + "}"));
        }
        CHECK(has(read(result_message("OBX|1|NM|1^X^L||5|beats/min^^ISO+|||||F\n")).back, "|/min^beats/min^UCUM|"));
    }

    TEST_CASE("a closed reference range has ends with the unit of the value; an open one is text") {
        const auto closed = read(result_message("OBX|1|NM|1^X^L||5|mg/dL^^UCUM|3.5 - 5.10||||F\n")).observation;
        CHECK(has(closed, R"("low":{"value":3.5,"code":"mg/dL")"));
        CHECK(has(closed, R"("high":{"value":5.10,"code":"mg/dL")"));
        const auto open = read(result_message("OBX|1|NM|1^X^L||5|mg/dL^^UCUM|<5||||F\n")).observation;
        CHECK(has(open, R"("referenceRange":[{"text":"<5"}])"));
    }

    TEST_CASE("an observation without a time of its own was made when its order's was") {
        CHECK(has(read(result_message("OBX|1|NM|1^X^L||5||||||F\n")).observation,
                  R"("effectiveDateTime":"2024-03-05T08:15:00-06:00")"));
        CHECK(has(read(result_message("OBX|1|NM|1^X^L||5||||||F|||20240304\n")).observation,
                  R"("effectiveDateTime":"2024-03-04")"));
        CHECK(!has(read(result_message("OBX|1|NM|1^X^L||5||||||F\n", "")).observation, "effective"));
    }

    TEST_CASE("a note without words is none") {
        const auto seen = read(result_message("OBX|1|NM|1^X^L||5||||||F\nNTE|1|L| \nNTE|2|L|haemolysed\n")).observation;
        CHECK(has(seen, "\"text\":\"haemolysed\""));
        CHECK(!has(seen, "\"note\":[{\"extension\""));
    }

    TEST_CASE("what stands out of order is taken where it is, and opens no group whose head is missing") {
        const auto seen = read(result_message(
            "PRT|1|AD||PRI^Interpreter|1^Shah^Ira\nNTE|1||of the order\nTQ1|1||Q8H\nOBX|1|NM|1^X^L||5||||||F\n"));
        CHECK(seen.observation.find("of the order") == std::string::npos);
        std::size_t reports = 0;
        for (const auto& resource : seen.forward.resources) reports += resource.type == "DiagnosticReport" ? 1 : 0;
        CHECK(reports == 1);
        CHECK(at(seen.forward, "DiagnosticReport", "extension.valueAnnotation.text") == "of the order");
    }

    TEST_CASE("what a message says again becomes the same again, and names its own field") {
        const auto result = [](const char* number, const char* flag, const char* who) {
            return std::string("OBX|") + number + "|NM|718-7^Hb^LN||13." + number + "|g/dL^gram^UCUM|12-16|" + flag +
                   "|||F|||||" + who + "\n";
        };
        const std::string unnumbered = "^Tech^Tina", numbered = "99^Tech^Tina";
        const auto plan = shipped().plan("", "2.8");
        const std::string text = result_message(
            result("1", "N^Normal^HL70078", numbered.c_str()) + result("2", "N^Normal^HL70078", numbered.c_str()) +
            result("3", "H^High^HL70078", unnumbered.c_str()) + result("4", "N^Normal^HL70078", numbered.c_str()));
        const auto message = hl7v2::Message::parse(text);
        const auto forward = convert(*plan, message->view());
        std::vector<const MappedResource*> results, people;
        for (const auto& resource : forward.resources) {
            if (resource.type == "Observation") results.push_back(&resource);
            if (resource.type == "Practitioner") people.push_back(&resource);
        }
        REQUIRE(results.size() == 4);
        CHECK(people.size() == 2);
        const auto json = [&](std::size_t i, const char* member) {
            return fhir::to_json(results[i]->doc->root()[member]);
        };
        for (const std::size_t i : {1U, 3U}) {
            CHECK(json(i, "interpretation") == json(0, "interpretation"));
            CHECK(json(i, "performer") == json(0, "performer"));
            CHECK(json(i, "referenceRange") == json(0, "referenceRange"));
            CHECK(results[i]->doc->root()["valueQuantity"]["unit"].text() == "gram");
        }
        CHECK(json(2, "interpretation") != json(0, "interpretation"));
        CHECK(results[1]->doc->root()["valueQuantity"]["value"].text() == "13.2");
        // Each element names the field of its own segment; the shared person, the fields of all who named it.
        std::vector<std::uint32_t> units, families;
        for (const auto& entry : forward.trace) {
            const fhir::Element element(entry.node);
            if (element.name() == "unit" && element.parent().name() == "valueQuantity")
                units.push_back(entry.source.segment);
            if (element.name() == "family" && forward.resources[entry.resource].type == "Practitioner" &&
                entry.has_source)
                families.push_back(entry.source.segment);
            if (!entry.has_source) continue;
            const auto& source = entry.source;
            CHECK(text.substr(source.offset, source.length) == message->view()[source.segment]
                                                                   .field(source.field)
                                                                   .repetition(source.repetition)
                                                                   .component(source.component)
                                                                   .subcomponent(source.subcomponent)
                                                                   .raw());
        }
        CHECK(units == std::vector<std::uint32_t>{3, 4, 5, 6});
        std::sort(families.begin(), families.end());
        CHECK(families == std::vector<std::uint32_t>{3, 4, 5, 6});
        for (const auto& left : forward.residue) CHECK_MESSAGE(false, left.path);
    }
}
