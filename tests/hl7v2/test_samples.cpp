#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "hl7v2/batch.hpp"
#include "hl7v2/message.hpp"
#include "tests/hl7v2/generated/properties.hpp"

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
    TEST_CASE("real messages are parsed, grouped, checked and written back byte for byte") {
        const char* const folder = std::getenv("CAUSEWAY_TEST_DATA");
        if (!folder) return;  // third-party messages lie outside of the project
        std::size_t files = 0, messages = 0;
        std::map<std::string, std::size_t> structures;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
            if (!entry.is_regular_file()) continue;
            const std::string extension = entry.path().extension().string();
            if (extension != ".hl7" && extension != ".txt" && extension != ".er7" && extension != ".dat") continue;
            const std::string bytes = read_file(entry.path());
            if (!is_message(bytes)) continue;
            CAPTURE(entry.path().string());
            ++files;
            CHECK(testing::check_bytes(bytes));
            BatchReader reader;
            const auto room = reader.prepare(bytes.size() + 1);
            std::copy(bytes.begin(), bytes.end(), room.begin());
            reader.commit(bytes.size());
            reader.finish();
            while (const auto part = reader.next()) {
                if (part->kind != BatchPart::Kind::message) continue;
                ++messages;
                CHECK(testing::check_bytes(part->bytes));
                const auto message = MessageView::parse(part->bytes, {{}, Tolerances::all()});
                REQUIRE(message.has_value());
                const auto structure = dictionary::structure_of(*message);
                ++structures[structure ? std::string(structure->name())
                                       : "none: " + std::string(message->message_type())];
            }
        }
        CHECK(messages > 0);
        MESSAGE(messages << " messages in " << files << " files");
        for (const auto& [name, count] : structures) MESSAGE(name << ": " << count);
    }
}
