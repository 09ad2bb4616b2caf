// Messages with what they become, side by side: NAME.hl7, NAME.json (the bundle), NAME.trace (what came from where,
// then the residue), NAME.back (the message made from the resources alone). CAUSEWAY_UPDATE_GOLDEN=1 rewrites them;
// read the diff. Those in guide/ go through the site `guide`, which makes more than can be sent back: one way only.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "fhir/validate/structure.hpp"
#include "mappings/engine/trace_text.hpp"
#include "tests/mappings/support.hpp"

using namespace causeway;
using namespace causeway::mappings;
using namespace causeway::mappings::testing;

namespace {

namespace fs = std::filesystem;
const fs::path folder = "tests/mappings/golden";

void compare(const fs::path& path, const std::string& text) {
    CAPTURE(path.string());
    if (std::getenv("CAUSEWAY_UPDATE_GOLDEN")) {
        std::ofstream(path, std::ios::binary) << text;
        return;
    }
    const std::string expected = slurp(path);
    if (expected == text) return;
    std::size_t line = 1, at = 0;
    while (at < expected.size() && at < text.size() && expected[at] == text[at]) line += expected[at++] == '\n' ? 1 : 0;
    const auto excerpt = [at](const std::string& whole) {
        const auto begin = whole.rfind('\n', std::min(at, whole.size()));
        const auto from = begin == std::string::npos ? 0 : begin + 1;
        return whole.substr(from, std::min<std::size_t>(200, whole.find('\n', at) - from));
    };
    FAIL_CHECK(path.string() << ":" << line << "\n  expected: " << excerpt(expected)
                             << "\n  is:       " << excerpt(text));
}

std::vector<fs::path> messages(const fs::path& in = folder) {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(in))
        if (entry.path().extension() == ".hl7") found.push_back(entry.path());
    std::sort(found.begin(), found.end());
    return found;
}

void compare_forward(const Plan& plan, const fs::path& path) {
    const auto message = hl7v2::Message::parse(segments(slurp(path)));
    REQUIRE(message.has_value());
    const auto result = convert(plan, message->view());
    CHECK(!result.refused);
    std::string json;
    fhir::write_json(to_bundle(result, at_noon())->root(), json, {.pretty = true});
    std::string bytes;
    write_bundle(result, at_noon(), bytes);
    CHECK(bytes == fhir::to_json(to_bundle(result, at_noon())->root()));
    compare(fs::path(path).replace_extension(".json"), json + "\n");
    std::string trace =
        trace_text(plan, result, message->view()) + "-- residue\n" + residue_text(result) + "-- issues\n";
    for (const auto& issue : result.issues) trace += issue.code + " " + issue.v2_path + " " + issue.text + "\n";
    compare(fs::path(path).replace_extension(".trace"), trace);
}

}  // namespace

TEST_SUITE("mappings/golden") {
    TEST_CASE("each message becomes what stands beside it") {
        const auto plan = shipped().plan();
        REQUIRE(!messages().empty());
        for (const auto& path : messages()) {
            CAPTURE(path.string());
            compare_forward(*plan, path);
            const auto message = hl7v2::Message::parse(segments(slurp(path)));
            REQUIRE(message.has_value());
            const auto result = convert(*plan, message->view());
            compare(fs::path(path).replace_extension(".back"), lines(create(*plan, result).er7));
        }
    }

    TEST_CASE("full messages become all that the guide makes of them, valid R4") {
        const auto plan = shipped().plan("guide");
        REQUIRE(plan);
        for (const auto& path : messages(folder / "guide")) {
            CAPTURE(path.string());
            compare_forward(*plan, path);
            const auto message = hl7v2::Message::parse(segments(slurp(path)));
            REQUIRE(message.has_value());
            for (const auto& resource : convert(*plan, message->view()).resources)
                for (const auto& issue : fhir::validate_structure(*resource.doc))
                    FAIL_CHECK(path.string() << ": " << issue.expression << ": " << issue.text);
        }
    }

    TEST_CASE("every resource is valid R4") {
        const auto plan = shipped().plan();
        for (const auto& path : messages()) {
            const auto message = hl7v2::Message::parse(segments(slurp(path)));
            REQUIRE(message.has_value());
            for (const auto& resource : convert(*plan, message->view()).resources)
                for (const auto& issue : fhir::validate_structure(*resource.doc))
                    FAIL_CHECK(path.string() << ": " << issue.expression << ": " << issue.text);
        }
    }

    TEST_CASE("law 1, determinism: the same message twice gives the same bytes") {
        const auto plan = shipped().plan();
        for (const auto& path : messages()) {
            CAPTURE(path.string());
            const auto message = hl7v2::Message::parse(segments(slurp(path)));
            const auto first = convert(*plan, message->view()), second = convert(*plan, message->view());
            CHECK(fhir::to_json(to_bundle(first, at_noon())->root()) ==
                  fhir::to_json(to_bundle(second, at_noon())->root()));
            CHECK(create(*plan, first).er7 == create(*plan, second).er7);
        }
    }

    TEST_CASE("laws 4 and 5: a message made from the resources gives the same resources, and then itself") {
        const auto plan = shipped().plan();
        for (const auto& path : messages()) {
            CAPTURE(path.string());
            const auto message = hl7v2::Message::parse(segments(slurp(path)));
            const auto first = convert(*plan, message->view());
            const auto made = create(*plan, first);
            REQUIRE(!made.refused);
            const auto again = hl7v2::Message::parse(made.er7);
            REQUIRE(again.has_value());
            const auto second = convert(*plan, again->view());
            const auto before = content(first), after = content(second);
            for (std::size_t i = 0; i < std::max(before.size(), after.size()); ++i)
                CHECK((i < before.size() ? before[i] : "(missing)") == (i < after.size() ? after[i] : "(missing)"));
            CHECK(lines(create(*plan, second).er7) == lines(made.er7));
        }
    }

    TEST_CASE("laws 6 and 7: every leaf is read or residue, and the trace names true byte spans") {
        const auto plan = shipped().plan();
        for (const auto& path : messages()) {
            CAPTURE(path.string());
            const auto message = hl7v2::Message::parse(segments(slurp(path)));
            const auto result = convert(*plan, message->view());
            CHECK(result.residue.size() < result.leaves);
            for (const auto& entry : result.residue) {
                CHECK(entry.leaf.offset + entry.leaf.length <= message->bytes().size());
                for (const auto& traced : result.trace)
                    if (traced.has_source && traced.source.offset == entry.leaf.offset)
                        FAIL_CHECK("residue that was used: " << entry.path);
            }
            for (const auto& traced : result.trace) {
                REQUIRE(traced.resource < result.resources.size());
                fhir::Element root(traced.node);
                while (root.parent()) root = root.parent();
                CHECK(root == result.resources[traced.resource].doc->root());
                if (!traced.has_source) continue;
                const auto& leaf = traced.source;
                const auto segment = message->view()[leaf.segment];
                const auto value = segment.field(leaf.field)
                                       .repetition(leaf.repetition)
                                       .component(leaf.component)
                                       .subcomponent(leaf.subcomponent);
                CHECK(value.raw() == message->bytes().substr(leaf.offset, leaf.length));
            }
        }
    }
}
