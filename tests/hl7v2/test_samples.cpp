#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "hl7v2/builder.hpp"
#include "hl7v2/group.hpp"

using namespace causeway::hl7v2;

namespace {

std::string read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

bool is_message(std::string_view bytes) {
    const std::size_t begin = bytes.find("MSH");
    return begin != std::string_view::npos && begin <= 8;
}

}  // namespace

TEST_SUITE("hl7v2/samples") {
    TEST_CASE("real messages are parsed, grouped and written back byte for byte") {
        const char* const folder = std::getenv("CAUSEWAY_TEST_DATA");
        if (!folder) return;  // third-party messages lie outside of the project
        std::size_t messages = 0;
        std::map<std::string, std::size_t> structures;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
            if (!entry.is_regular_file()) continue;
            const std::string extension = entry.path().extension().string();
            if (extension != ".hl7" && extension != ".txt" && extension != ".er7") continue;
            const std::string bytes = read_file(entry.path());
            if (!is_message(bytes)) continue;
            CAPTURE(entry.path().string());
            const auto message = MessageView::parse(bytes, {{}, Tolerances::all()});
            if (message.has_error()) {
                CAPTURE(message.error().offset);
                CAPTURE(describe(message.error().code));
                CHECK(message.has_value());
                continue;
            }
            ++messages;
            CHECK(MessageBuilder::edit(*message).text() == bytes);
            const auto structure = dictionary::structure_of(*message);
            if (!structure) {
                ++structures["none: " + std::string(message->message_type())];
                continue;
            }
            const GroupTree tree = group(*message, *structure);
            std::size_t segments = 0;
            for (std::uint32_t id = 0; id < tree.size(); ++id) segments += tree.node(id).is_segment() ? 1 : 0;
            CHECK(segments == message->size());
            ++structures[std::string(structure->name()) + (tree.issues().empty() ? "" : " with issues")];
        }
        CHECK(messages > 0);
        for (const auto& [name, count] : structures) MESSAGE(name << ": " << count);
    }
}
