#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include "fhir/model/builder.hpp"
#include "mappings/engine/put.hpp"
#include "tests/mappings/support.hpp"

using namespace causeway;
using namespace causeway::mappings;
using namespace causeway::mappings::testing;

namespace {

const char* const admission =
    "MSH|^~\\&|ADT|GEN|GATE|CITY|20240305120000||ADT^A01^ADT_A01|77|P|2.5.1\n"
    "EVN|A01|20240305115500\n"
    "PID|1||483921^^^GEN&1.2.3&ISO^MR~^^^X^PN||Okafor^Ngozi^A^^Dr||198402|F||2106-3^White^HL70005|12 Sea "
    "View^^Hull^^HU1^GBR||(555)0101^PRN^PH^^^^^^any time~ngozi@mail.test^NET^Internet^ngozi@mail.test|||M\n"
    "ZPI|1|Rex^dog|  odd  \n"
    "NK1|1|Okafor^Chidi|SPO^Spouse^HL70063\n"
    "NK1|2|Okafor^Ada|MTH^Mother^HL70063\n"
    "PV1|1|I|W3^12^B^GEN||||1234^Lind^Ole||||||||||||V99^^^GEN\n";

struct Edit {
    std::string type;
    std::size_t number;
    std::function<void(fhir::MutableElement)> change;  ///< empty: the resource goes
};

PutResult edit(const std::string& er7, const Edit& edit) {
    const auto plan = shipped().plan();
    const auto message = hl7v2::Message::parse(er7);
    REQUIRE(message.has_value());
    const auto result = convert(*plan, message->view());
    std::vector<fhir::DocumentPtr> documents;
    std::vector<SourceResource> resources;
    std::size_t seen = 0;
    for (const auto& resource : result.resources) {
        auto document = resource.doc;
        if (resource.type == edit.type && ++seen == edit.number) {
            if (!edit.change) continue;
            auto builder = fhir::DocumentBuilder::copy_of(document->root());
            edit.change(builder.root());
            document = std::move(builder).finish();
        }
        documents.push_back(document);
        resources.push_back({document->root(), std::string(resource.full_url)});
    }
    return put(*plan, resources, message->view(), {at_noon(), true});
}

std::string all(const Issues& issues) {
    std::string out;
    for (const auto& issue : issues) out += issue.code + " " + issue.text + "; ";
    return out;
}

}  // namespace

TEST_SUITE("mappings/put") {
    TEST_CASE("an edit changes its bytes and no other") {
        struct Row {
            const char* what;
            Edit edit;
            const char* from;
            const char* to;
        };
        const auto set = [](const char* a, const char* b, const char* text) {
            return [=](fhir::MutableElement root) {
                auto at = b ? root.item(a, 0).member(b) : root.member(a);
                at.set_string(text);
            };
        };
        for (const Row& row : {
                 Row{"a date, whose precision the sender chose",
                     {"Patient", 1, set("birthDate", nullptr, "1984-03-01")},
                     "|198402|",
                     "|19840301|"},
                 Row{"a code", {"Patient", 1, set("gender", nullptr, "male")}, "|F||2106", "|M||2106"},
                 Row{"a component",
                     {"Patient", 1, set("name", "family", "Okafor-Lind")},
                     "|Okafor^Ngozi^",
                     "|Okafor-Lind^Ngozi^"},
                 Row{"text with a delimiter",
                     {"Patient", 1, set("name", "family", "O|F")},
                     "|Okafor^Ngozi^",
                     "|O\\F\\F^Ngozi^"},
                 Row{"an element that goes",
                     {"Patient", 1, [](fhir::MutableElement root) { root.remove("birthDate"); }},
                     "|198402|",
                     "|\"\"|"},
                 Row{"a city", {"Patient", 1, set("address", "city", "York")}, "^^Hull^^", "^^York^^"},
             }) {
            CAPTURE(row.what);
            const auto result = edit(segments(admission), row.edit);
            CHECK(all(result.issues) == "");
            std::string expected = segments(admission);
            const auto at = expected.find(row.from);
            REQUIRE(at != std::string::npos);
            expected.replace(at, std::string_view(row.from).size(), row.to);
            CHECK(lines(result.er7) == lines(expected));
        }
    }

    TEST_CASE("a resource that goes takes its segment along, and no other") {
        const auto result = edit(segments(admission), {"RelatedPerson", 1, {}});
        CHECK(all(result.issues) == "");
        CHECK(lines(result.er7).find("Chidi") == std::string::npos);
        CHECK(lines(result.er7).find("NK1|1|Okafor^Ada|MTH^Mother^HL70063\n") != std::string::npos);
        CHECK(lines(result.er7).find("ZPI|1|Rex^dog|  odd  \n") != std::string::npos);
    }

    TEST_CASE("one more repetition is written behind those that are there") {
        const auto result = edit(segments(admission), {"Patient", 1, [](fhir::MutableElement root) {
                                                           auto name = root.append("name");
                                                           name.member("family").set_string("Nwosu");
                                                           name.member("use").set_string("maiden");
                                                       }});
        CHECK(all(result.issues) == "");
        CHECK(lines(result.er7).find("|Okafor^Ngozi^A^^Dr~Nwosu^^^^^^M|") != std::string::npos);
    }

    TEST_CASE("what no line can write is said, not swallowed") {
        const auto result = edit(segments(admission), {"Patient", 1, [](fhir::MutableElement root) {
                                                           root.append("photo").member("title").set_string("x");
                                                       }});
        CHECK(all(result.issues).find("R350 Patient.photo") != std::string::npos);
        CHECK(result.er7 == segments(admission));
    }

    TEST_CASE("GetPut: every sample message comes back byte for byte") {
        std::vector<std::filesystem::path> folders = {"tests/mappings/golden"};
        if (const char* data = std::getenv("CAUSEWAY_TEST_DATA"))
            folders.push_back(std::filesystem::path(data) / "hl7v2");
        const auto plan = shipped().plan();
        std::size_t count = 0;
        for (const auto& folder : folders)
            for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
                if (entry.path().extension() != ".hl7") continue;
                CAPTURE(entry.path().string());
                auto text = slurp(entry.path());
                if (text.find('\r') == std::string::npos) text = segments(text);
                const auto message = hl7v2::Message::parse(text, {{}, hl7v2::Tolerances::all()});
                if (!message) continue;
                const auto result = convert(*plan, message->view());
                if (result.refused) continue;
                std::vector<fhir::DocumentPtr> documents;
                std::vector<SourceResource> resources;
                for (const auto& resource : result.resources) {
                    auto parsed = fhir::parse_json(fhir::to_json(resource.doc->root()));
                    REQUIRE(parsed.has_value());
                    documents.push_back(*parsed);
                    resources.push_back({documents.back()->root(), std::string(resource.full_url)});
                }
                CHECK(put(*plan, resources, message->view(), {at_noon(), true}).er7 == text);
                ++count;
            }
        CHECK(count >= 12);
    }
}
