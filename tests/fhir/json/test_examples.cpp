#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "fhir/json/json.hpp"
#include "tests/fhir/support.hpp"

using namespace causeway::fhir;

namespace {

/// The text without white space between tokens and with escapes as we write them: an independent, simple reading.
std::string canonical(const std::string& text) {
    std::string out;
    bool in_string = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (!in_string) {
            if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
            in_string = c == '"';
            out += c;
            continue;
        }
        if (c == '\\') {
            const char next = text[++at];
            if (next == '/')
                out += '/';
            else if (next == 'u' && text.compare(at + 1, 2, "00") == 0 &&
                     std::stoi(text.substr(at + 1, 4), nullptr, 16) >= 0x20) {
                const int code = std::stoi(text.substr(at + 1, 4), nullptr, 16);
                if (code < 0x80)
                    out += static_cast<char>(code);
                else {
                    out += static_cast<char>(0xC0 | (code >> 6));
                    out += static_cast<char>(0x80 | (code & 0x3F));
                }
                at += 4;
            } else {
                out += c;
                out += next;
            }
            continue;
        }
        in_string = c != '"';
        out += c;
    }
    return out;
}

}  // namespace

TEST_SUITE("fhir/json") {
    TEST_CASE("official examples come out as they went in") {
        std::size_t count = 0;
        for (const auto& file : causeway::test::example_files()) {
            CAPTURE(file.string());
            const std::string text = causeway::test::read_file(file);
            const auto document = parse_json(text);
            REQUIRE_MESSAGE(document.has_value(), document.error().message);
            const std::string again = to_json((*document)->root());
            CHECK(again == canonical(text));
            ++count;
        }
        MESSAGE(count << " files");
    }
}
