// What the tools say about maps: check, explain, coverage, lineage, provenance, the reference page, the tutorial's files.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include "fhir/validate/structure.hpp"
#include "mappings/engine/align.hpp"
#include "mappings/engine/check.hpp"
#include "mappings/engine/coverage.hpp"
#include "mappings/engine/difference.hpp"
#include "mappings/engine/explain.hpp"
#include "mappings/engine/lineage.hpp"
#include "mappings/engine/live_maps.hpp"
#include "mappings/engine/plan.hpp"
#include "mappings/engine/reference.hpp"
#include "mappings/engine/self_test.hpp"
#include "mappings/engine/sha1.hpp"
#include "tests/mappings/support.hpp"

using namespace causeway;
using namespace causeway::mappings;
using namespace causeway::mappings::testing;

namespace {

/// Codes and lines that check() gives for a map of PID to Patient with these lines and a message that uses it.
std::vector<std::string> doubts(const std::string& body) {
    const auto loaded = with("map M : PID <-> Patient {\n" + body +
                             "}\nmessage ZZZ_Z01 for Z01 {\n  anchor p\n  MSH\n  PID make p: Patient with M\n}\n");
    for (const auto& d : loaded.diagnostics) MESSAGE(d.to_string());
    REQUIRE(loaded.maps);
    std::vector<std::string> out;
    for (const auto& d : check(*loaded.maps->plan()))
        if (d.file == "test.map") out.push_back(d.code + " " + std::to_string(d.line));
    return out;
}

const char* const result_message =
    "MSH|^~\\&|LAB|GEN|GATE|CITY|20240305120000+0000||ORU^R01^ORU_R01|9|P|2.5.1\n"
    "PID|1||77^^^GEN^MR||Okafor^Ngozi||19840213|F\n"
    "OBR|1||F1^LAB|24331-1^Lipids^LN|||20240305||||||||||||||||||F\n"
    "OBX|1|NM|2093-3^Cholesterol^LN||5.20|mmol/L^^UCUM||H|||F\n"
    "ZZZ|unread\n";

}  // namespace

TEST_SUITE("mappings/tools") {
    TEST_CASE("check finds what cannot be reached, told apart, or written back") {
        struct Row {
            const char* body;
            std::vector<std::string> expected;
        };
        for (const Row& row : {
                 Row{"  PID-7 <-> birthDate\n", {}},
                 Row{"  PID-8 -> gender via AdministrativeSex\n", {"W230 2"}},
                 Row{"  PID-8 -> gender via AdministrativeSex one-way \"the sender says it in PID-30\"\n", {}},
                 Row{"  PID-7 <-> birthDate\n  PID-7 <-> birthDate\n", {"W171 3"}},
                 Row{"  PID-7 <-> birthDate\n  PID-29.1 <-> birthDate\n", {}},
                 Row{"  set gender = \"other\"\n  PID-8 -> gender via AdministrativeSex\n", {"W171 3", "W230 3"}},
                 Row{"  PID-13[] <-> telecom[]{use = \"home\"}\n  PID-14[] <-> telecom[]{rank = 1}\n", {"W170 3"}},
                 Row{"  PID-13[] <-> telecom[]{use = \"home\"}\n  PID-14[] <-> telecom[]{use = \"work\"}\n", {}},
                 Row{"  PID-13[] -> telecom[]{use = \"home\"} one-way \"PID-14 reads it\"\n"
                     "  PID-14[] <-> telecom[]{rank = 1}\n",
                     {}},
             }) {
            CAPTURE(row.body);
            CHECK(doubts(row.body) == row.expected);
        }
    }

    TEST_CASE("explain names lines, tables and messages of a field, an element and a name") {
        const auto& plan = *shipped().plan();
        const auto field = explain(plan, "PID-8");
        CHECK(field.find("map PID_Patient, mappings/maps/31_patient.map:") != std::string::npos);
        CHECK(field.find("table AdministrativeSex") != std::string::npos);
        CHECK(field.find("ADT_A01: PID make pat: Patient with PID_Patient") != std::string::npos);
        CHECK(explain(plan, "Patient.gender").find("PID-8") != std::string::npos);
        CHECK(explain(plan, "AdministrativeSex").find("F <-> female") != std::string::npos);
        CHECK(explain(plan, "PID-999").empty());
        CHECK(nearest_place(plan, "Patient.identifer") == ", did you mean Patient.identifier?");
        CHECK(nearest_place(plan, "AdministrativSex") == ", did you mean AdministrativeSex?");
        const auto difference = print_difference(plan, *shipped().plan("acme_lab"));
        CHECK(difference.find("+ X -> other") != std::string::npos);
        CHECK(difference.find("OBX-3") == std::string::npos);
        CHECK(print_difference(plan, plan).empty());
    }

    TEST_CASE("coverage counts a row when its value arrived, and says why not") {
        Coverage seen(shipped().plan());
        const auto message = hl7v2::Message::parse(segments(result_message));
        seen.observe(message->view());
        const auto rows = seen.compare("HL7 Segment - FHIR R4_ PID[Patient] - PID.csv",
                                       "x\nSort Order,Identifier,Name,T,0,1,,,,Target,,T,0,1,,,Assignment\n"
                                       "1,PID-7,\"Birth, date\",DT,0,1,,,,birthDate,,date,0,1,,,\n"
                                       "2,PID-3,Ids,CX,0,1,,,,identifier[2].value,,string,0,1,,,\n"
                                       "3,PID-3,Ids,CX,0,1,,,,maritalStatus,,string,0,1,,,\n"
                                       "4,PID-16,M,CWE,0,1,,,,maritalStatus,,CodeableConcept,0,1,,,\n"
                                       "5,PID-1,Set,SI,0,1,,,,,,,,,,,\n");
        REQUIRE(rows.size() == 4);
        CHECK(rows[0].covered);
        CHECK(rows[1].covered);
        CHECK(!rows[2].covered);
        CHECK(rows[2].why.find("goes to Patient.identifier") == 0);
        CHECK(!rows[3].covered);
        CHECK(rows[3].why.find("the line did not fire: mappings/maps/31_patient.map") == 0);
        const auto types =
            seen.compare("HL7 Data Type - FHIR R4_ CX[Identifier] - Sheet1.csv",
                         "Sort Order,Identifier,Name,T,0,1,,,,Target,,T,0,1,,,Assignment\n"
                         "1,CX.1,Id,ST,0,1,,,,value,,string,0,1,,,\n1,CX.1,Id,ST,0,1,,,,period,,Period,0,1,,,\n");
        REQUIRE(types.size() == 2);
        CHECK(types[0].covered);
        CHECK(!types[1].covered);
    }

    TEST_CASE("lineage is stored, read back, and answers both ways") {
        const auto& plan = *shipped().plan();
        const auto message = hl7v2::Message::parse(segments(result_message));
        const auto result = convert(plan, message->view());
        std::vector<std::string> names;
        std::string patient;
        for (const auto& resource : result.resources) {
            names.emplace_back(resource.full_url);
            if (resource.type == "Patient") patient = resource.full_url;
        }
        const auto stored = store_lineage(names, lineage_of(plan, result, message->view()));
        CHECK(stored.size() < 25 * result.trace.size() + 2000);
        const auto again = Lineage::load(stored);
        REQUIRE(again);
        REQUIRE(again->entries().size() == result.trace.size());
        const auto born = again->of_element(patient, "Patient.birthDate");
        REQUIRE(born.size() == 1);
        CHECK(again->name_of(born.front()->source) == "PID[1]-7[1].1.1");
        CHECK(again->of_place("PID-7") == again->of_element(patient, "Patient.birthDate"));
        CHECK(again->of_place("PID[2]-7").empty());
        CHECK(again->of_place("OBX[1]-5.1").size() == 1);
        CHECK(again->of_place("not a place").empty());
        const auto offset = static_cast<std::uint32_t>(message->bytes().find("19840213"));
        CHECK(born.front()->source.offset == offset);
        CHECK(again->lines()[born.front()->line].find("mappings/maps/31_patient.map:") == 0);
        CHECK(again->of_element(patient, "Patient.name").size() == 2);
        CHECK(again->of_byte(offset + 3).size() == 1);
        CHECK(again->of_byte(offset + 3).front()->element == "Patient.birthDate");
        CHECK(again->of_place(1, 7).front()->element == "Patient.birthDate");
        CHECK(again->of_place(1, 99).empty());
        CHECK(std::any_of(again->residue().begin(), again->residue().end(),
                          [](const V2Leaf& leaf) { return leaf.segment == 4; }));
        for (std::size_t cut = 0; cut < stored.size(); cut += 7) CHECK(!Lineage::load(stored.substr(0, cut)));
        CHECK(!Lineage::load(stored + "x"));
    }

    TEST_CASE("provenance is one valid resource per resource") {
        const auto& plan = *shipped().plan();
        const auto message = hl7v2::Message::parse(segments(result_message));
        const auto result = convert(plan, message->view());
        const auto all = provenance(plan, result, message->view(), at_noon());
        REQUIRE(all.size() == result.resources.size());
        bool born = false;
        for (const auto& each : all) {
            for (const auto& issue : fhir::validate_structure(*each))
                FAIL_CHECK(issue.expression << ": " << issue.text);
            born |= fhir::to_json(each->root()).find("\"valueString\":\"PID[1]-7[1].1.1\"") != std::string::npos;
        }
        CHECK(born);
    }

    TEST_CASE("differences are named by path, what is missing as a whole once") {
        const auto a = *fhir::parse_json(R"({"resourceType":"Patient","name":[{"family":"A"}],"gender":"male"})");
        const auto b = *fhir::parse_json(
            R"({"resourceType":"Patient","gender":"female","name":[{"family":"A"},{"family":"B","given":["C"]}]})");
        std::vector<std::string> paths;
        for (const auto& d : differences(a->root(), b->root(), "Patient")) paths.push_back(d.path);
        CHECK(paths == std::vector<std::string>{"Patient.name[1]", "Patient.gender"});
    }

    TEST_CASE("alignment pairs what is the same and finds what came and went") {
        const std::string a = "ABXCDE", b = "ABCDYE";
        std::string text;
        for (const Aligned& p :
             align(a.size(), b.size(), [&](std::size_t i, std::size_t j) { return a[i] == b[j] ? 0.0 : 4.0; }))
            text += p.second == Aligned::none  ? std::string("-") + a[p.first]
                    : p.first == Aligned::none ? std::string("+") + b[p.second]
                                               : std::string(1, a[p.first]);
        CHECK(text == "AB-XCD+YE");
    }

    TEST_CASE("SHA-1 is what FIPS 180-4 says, by either code, whatever the length") {
        const auto hex = [](std::string_view a, std::string_view b, Sha1Code code) {
            std::string out;
            for (const auto byte : sha1(a, b, code)) {
                out += "0123456789abcdef"[byte >> 4];
                out += "0123456789abcdef"[byte & 15];
            }
            return out;
        };
        for (const auto code : {Sha1Code::automatic, Sha1Code::portable}) {
            CHECK(hex("", "", code) == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
            CHECK(hex("a", "bc", code) == "a9993e364706816aba3e25717850c26c9cd0d89d");
            CHECK(hex("abcdbcdecdefdefgefghfghighijhijk", "ijkljklmklmnlmnomnopnopq", code) ==
                  "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
        }
        std::string text;
        for (int i = 0; i < 300; ++i) {
            CHECK(hex(text, "x", Sha1Code::automatic) == hex(text, "x", Sha1Code::portable));
            text += static_cast<char>(i * 7);
        }
    }

    TEST_CASE("SHA-1 of texts in a row is that of each") {
        std::string common;
        for (int i = 0; i < 400; ++i) common += static_cast<char>(i * 11);
        Sha1Row row;
        // Growing, shrinking, different from some byte on, the same again.
        for (const std::size_t size : {0, 10, 64, 63, 200, 200, 130, 400, 300, 64, 65, 400})
            for (const std::size_t changed : {0, 5, 63, 64, 70, 128, 199, 256, 1000}) {
                std::string text = common.substr(0, size);
                if (changed < text.size()) text[changed] = '!';
                CHECK(sha1("first", text, Sha1Code::automatic, &row) == sha1("first", text));
            }
    }

    TEST_CASE("maps in force are exchanged for everyone, and a broken set is refused before") {
        CHECK(self_test(shipped()).empty());
        LiveMaps live(MapSet::load(MapSet::builtin()).maps);
        const LiveMaps copy = live;
        const auto kept = copy.current();
        live.replace(MapSet::load(MapSet::builtin()).maps);
        CHECK(copy.current() != kept);
        CHECK(copy.current() == live.current());
        CHECK(kept->plan());
    }

    TEST_CASE("docs/maps.md holds the reference the engine prints, and the reference every code") {
        const auto printed = reference(*shipped().plan());
        const auto page = slurp("docs/maps.md");
        const std::string mark = "<!-- reference -->\n";
        const auto at = page.find(mark);
        REQUIRE(at != std::string::npos);
        if (std::getenv("CAUSEWAY_UPDATE_GOLDEN"))
            std::ofstream("docs/maps.md", std::ios::binary) << page.substr(0, at + mark.size()) << printed;
        else
            CHECK(page.substr(at + mark.size()) == printed);
        std::set<std::string> missing;
        for (const auto& entry : std::filesystem::directory_iterator("mappings/engine")) {
            const auto text = slurp(entry.path());
            const std::regex code("\"([EWR][0-9]{3})\"");
            for (std::sregex_iterator match(text.begin(), text.end(), code), end; match != end; ++match)
                if (printed.find("| " + (*match)[1].str() + " |") == std::string::npos)
                    missing.insert((*match)[1].str());
        }
        for (const auto& code : missing) FAIL_CHECK(code << " has no row in the reference");
    }

    TEST_CASE("the tutorial's files do what it says") {
        auto sources = MapSet::builtin();
        sources.push_back({"examples/maps/harbour.map", slurp("examples/maps/harbour.map")});
        const auto loaded = MapSet::load(std::move(sources));
        for (const auto& d : loaded.diagnostics) FAIL_CHECK(d.to_string());
        REQUIRE(loaded.maps);
        const auto plan = loaded.maps->plan("harbour_lab");
        REQUIRE(plan);
        const auto message = hl7v2::Message::parse(segments(slurp("examples/maps/harbour.hl7")));
        REQUIRE(message.has_value());
        const auto result = convert(*plan, message->view());
        CHECK(at(result, "Observation", "interpretation.coding.code") == "H");
        CHECK(at(result, "Observation", "valueQuantity.code") == "mmol/L");
        CHECK(at(result, "DiagnosticReport", "extension.valueString") == "bench 4");
        for (const auto& entry : result.residue) CHECK(entry.path.substr(0, 3) != "ZLB");
        CHECK(at(convert(*loaded.maps->plan(), message->view()), "Observation", "interpretation.coding.code") ==
              "HABN");
        const auto made = create(*plan, result);
        CHECK(lines(made.er7).find("ZLB|bench 4\n") != std::string::npos);
    }
}
