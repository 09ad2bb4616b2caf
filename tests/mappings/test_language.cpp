#include "mappings/engine/parser.hpp"
#include "tests/mappings/support.hpp"

using namespace causeway::mappings;
using namespace causeway::mappings::testing;

namespace {

/// "E160 2, E162 3" of the file under test.
std::string faults(const MapSet::Loaded& loaded) {
    std::string out;
    for (const auto& d : loaded.diagnostics)
        if (d.file == "test.map") out += (out.empty() ? "" : ", ") + d.code + " " + std::to_string(d.line);
    return out;
}

}  // namespace

TEST_SUITE("mappings/language") {
    TEST_CASE("the shipped maps load without a diagnostic") {
        const auto loaded = MapSet::load(MapSet::builtin());
        for (const auto& d : loaded.diagnostics) FAIL_CHECK(d.to_string());
        CHECK(loaded.maps);
    }

    TEST_CASE("each fault has its code and its line") {
        struct Row {
            const char* text;
            const char* fault;
        };
        for (const Row& row : {
                 Row{"table X {\n  A <-> \n}\n", "E042 3"},
                 {"map M : PID <-> Patient {\n  PID-8 gender\n}\n", "E031 2"},
                 {"map M : PID <-> Patient {\n  PID-8 <-> gendre\n}\n", "E160 2"},
                 {"map M : PID <-> Patient {\n  PID-99 <-> gender\n}\n", "E162 2"},
                 {"map M : PID <-> Patient {\n  PID-7 <-> birthDate one-way \"why\"\n}\n", "E173 2"},
                 {"map M : PID <-> Patient {\n  OBX-5 <-> gender\n}\n", "E130 2"},
                 {"map M : PID <-> Patient {\n  PID-3[] <-> identifier\n}\n", "E134 2"},
                 {"map M : PID <-> Patient {\n  PID-8 <-> gender via AdministrativeSexx\n}\n", "E131 2"},
                 {"map M : PID <-> Patient {\n  PID-5 <-> name as XPN.odd\n}\n", "E132 2"},
                 {"map M : PID <-> Patient {\n  PID-8 <-> gender by magic\n}\n", "E133 2"},
                 {"map M : PID <-> Patient {\n  PID-11 <-> name[]\n}\n", "E150 2"},
                 {"map M : PID <-> Patient {\n  PID-8 <-> gender[1]\n}\n", "E163 2"},
                 {"map M : PID <-> Patient {\n  PID-12 <-> address[*].district\n}\n", "E139 2"},
                 {"map M : PID <-> Patient {\n  set address[*].district = \"x\"\n}\n", "E139 2"},
                 {"map M : PID <-> Patient {\n  PID-8 <-> name(Practitioner)\n}\n", "E164 2"},
                 {"map M : PID <-> Patient {\n  PID-8 <-> identifier:NOSUCH.value\n}\n", "E122 2"},
                 {"map M : PID <-> Patient {\n  PID-8 <-> extension:nosuch\n}\n", "E121 2"},
                 {"map M : PID <-> Patient {\n  set maritalStatus = nosuch#M\n}\n", "E120 2"},
                 {"map M : PID <-> Patient {\n  when setting.nosuch { PID-8 <-> gender }\n}\n", "E123 2"},
                 {"type SN.x <-> string {\n  SN <-> $ fmt \"{SN.1}{SN.2}\"\n}\n", "E172 2"},
                 {"map PID_Patient : PID <-> Patient {\n}\n", "E100 1"},
                 {"table X {\n  A <-> b\n  A <-> c\n}\n", "E110 3"},
                 {"table X {\n  A <-> b\n  C <-> b\n}\n", "E111 3"},
                 {"message ZZZ_Z01 for Z01 {\n  anchor p\n  PID fill p with PID_Patient\n}\n", "E145 2"},
                 {"message ZZZ_Z01 for Z01 {\n  anchor p\n  PID make p: Patient with PID_Patientt\n}\n", "E141 3"},
                 {"message ZZZ_Z01 for Z01 {\n  anchor p\n  PV1 make p: Patient with PID_Patient\n}\n", "E142 3"},
                 {"message ZZZ_Z01 for Z01 {\n  anchor p\n  PID make p: Patient with PID_Patient link q.x = p\n}\n",
                  "E144 3"},
                 {"site s on nosuch {\n}\n", "E103 1"},
                 {"site s on s {\n}\n", "E103 1"},
                 {"site s on nosuch {\n  extend map PID_Patient : PID <-> Patient { PID-8 <-> gendre }\n}\n", "E103 1"},
                 {"site s on base {\n  extend map PID_Patient : PID <-> Patient { PID-8 <-> gendre }\n}\n", "E160 2"},
                 {"site s on base {\n  extend map PID_Patient : PID <-> Patient { drop PID-31 }\n}\n", "W104 2"},
                 {"site s on base {\n  setting timezon = \"UTC\"\n}\n", "E123 2"},
                 {"site s on base {\n  setting timezone = \"Europe/Olso\"\n}\n", "E124 2"},
                 {"site s on base {\n  extend message ADT_A01 { after PIDD ZPI? keep }\n}\n", "E102 2"},
                 {"site s {\n  extend map NoSuch : PID <-> Patient { PID-8 <-> gender }\n}\n", "E101 2"},
                 {"nonsense\n", "E040 1"},
                 {"slice X = { type }\n", "E020 1"},
                 {"setting x = \"open\n", "E001 1"},
             }) {
            CAPTURE(row.text);
            const std::string found = faults(with(row.text));
            CAPTURE(found);
            CHECK(found.find(row.fault) != std::string::npos);
        }
    }

    TEST_CASE("one run reports every fault, and names what is near") {
        const auto loaded = with(
            "map M : PID <-> Patient {\n  PID-8 gender\n  PID-7 <-> birthDat\n  PID-5[] <-> nam[]\n}\ntable T {\n  X "
            "->\n}\n");
        std::vector<std::string> texts;
        for (const auto& d : loaded.diagnostics) texts.push_back(d.to_string());
        REQUIRE(texts.size() == 4);
        CHECK(!loaded.maps);
        CHECK(texts[0].find("test.map:2:9: E031") == 0);
        CHECK(texts[1].find("did you mean birthDate?") != std::string::npos);
        CHECK(texts[2].find("did you mean name?") != std::string::npos);
        CHECK(texts[3].find("test.map:8:1: E042") == 0);
    }

    TEST_CASE("depth has a limit, and any bytes end in diagnostics") {
        for (const std::string& text :
             {std::string(100'000, '('), std::string(100'000, '{'),
              "map M : PID <-> Patient { when " + std::string(5000, '(') + " {} }",
              std::string("table T { \"") + std::string(1000, 'x'), std::string("\xff\xfe\x00garbage", 10)}) {
            Diagnostics out;
            parse({"test.map", text}, 0, out);
            CHECK(!out.empty());
        }
    }

    TEST_CASE("a site changes what it says and nothing else") {
        const auto plan = shipped().plan("acme_lab");
        REQUIRE(plan);
        CHECK(!shipped().plan("nosuch"));
        const std::string text = segments(
            "MSH|^~\\&|L|F|R|G|20240305||ORU^R01^ORU_R01|1|P|2.3\nPID|1||1^^^ACME^MR||A^B||19700101|X||2106-3^White^"
            "HL70005|||||||||||||7^x^L\n"
            "ZPI|||Rex\nORC|RE|P1|F1\nOBR|1|P1|F1|1^Panel^LN|||||||||||||||||||||F\nOBX|1|NM|2^G^LN||1.50|mg||||F\nNTE|"
            "1||one~two\n");
        const auto message = causeway::hl7v2::Message::parse(text);
        const auto site = convert(*plan, message->view());
        const auto base = convert(*shipped().plan(), message->view());
        CHECK(at(site, "Patient", "gender") == "other");
        CHECK(at(base, "Patient", "gender") == "unknown");
        CHECK(at(site, "Patient", "identifier.system") == "urn:oid:2.16.840.1.113883.3.999");
        CHECK(at(site, "Observation", "note.text") == "one two");
        CHECK(at(base, "Observation", "note.text") == "one\ntwo");
        CHECK(at(site, "ServiceRequest", "intent") == "order");
        CHECK(at(base, "ServiceRequest", "intent") == "(no ServiceRequest)");
        CHECK(at(site, "Observation", "valueQuantity.value") == "1.50");
        bool pet = false;
        for (const auto& resource : site.resources)
            if (resource.type == "Patient")
                pet = causeway::fhir::to_json(resource.doc->root()).find("\"urn:acme:pet\",\"valueString\":\"Rex\"") !=
                      std::string::npos;
        CHECK(pet);
    }
}
