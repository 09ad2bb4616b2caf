#include <doctest/doctest.h>

#include <string>

#include "hl7v2/escape.hpp"

using namespace causeway::hl7v2;
using namespace std::string_view_literals;

namespace {

constexpr Delimiters usual{};
constexpr Delimiters with_truncation{'|', '^', '~', '\\', '&', '#'};
constexpr Delimiters odd{'$', '%', '*', '!', '@', '\0'};

std::string decoded(std::string_view raw, const Delimiters& delimiters = usual) {
    std::string out;
    decode_escapes(raw, delimiters, out);
    return out;
}

std::string encoded(std::string_view text, const Delimiters& delimiters = usual) {
    std::string out;
    encode_escapes(text, delimiters, out);
    return out;
}

}  // namespace

TEST_SUITE("hl7v2/escape") {
    TEST_CASE("decodes every sequence of the standard") {
        struct Row {
            std::string_view raw;
            std::string_view text;
        };
        for (const auto& row : {
                 Row{"", ""},
                 Row{"plain", "plain"},
                 Row{"\\F\\\\S\\\\T\\\\R\\\\E\\", "|^&~\\"},
                 Row{"a\\P\\b", "a#b"},
                 Row{"\\H\\bold\\N\\", "bold"},
                 Row{"\\X41\\\\X426a\\", "ABj"},
                 Row{"\\XC3A4\\", "\xC3\xA4"},
                 Row{"\\XE4\\", "\xEF\xBF\xBD"},
                 Row{"a\\X0D\\b\\X0A\\c\\X0D0A\\d", "a\nb\nc\nd"},
                 Row{"\\X00\\", "\0"sv},
                 Row{"a\\.br\\b", "a\nb"},
                 Row{"a\\.sp\\b\\.sp3\\c\\.sp+2\\d", "a\nb\n\n\nc\n\nd"},
                 Row{"a\\.sk3\\b", "a   b"},
                 Row{"\\.in+2\\a\\.br\\b\\.in0\\\\.br\\c", "a\n  b\nc"},
                 Row{"\\.ti2\\a", "  a"},
                 Row{"\\.fi\\a\\.nf\\b\\.ce\\c", "ab\nc"},
                 Row{"\\.sk999999\\",
                     std::string_view("                                                                  "
                                      "                                                                  "
                                      "                                                                  "
                                      "  ",
                                      200)},
             }) {
            CAPTURE(row.raw);
            CHECK(decoded(row.raw) == row.text);
        }
    }

    TEST_CASE("what is unknown or unclosed stays as it is") {
        for (const auto raw : {"C:\\temp\\file"sv, "\\"sv, "\\\\"sv, "a\\"sv, "\\Q\\"sv, "\\Zab\\"sv, "\\X4\\"sv,
                               "\\XGG\\"sv, "\\X\\"sv, "\\.xx\\"sv, "\\.br2\\"sv, "\\.spx\\"sv, "\\.\\"sv, "\\FF\\"sv,
                               "\\C2842\\"sv, "\\M2442\\"sv, "\\C28\\"sv, "\\f\\"sv}) {
            CAPTURE(raw);
            std::string out;
            const EscapeNotes notes = decode_escapes(raw, usual, out);
            CHECK(out == raw);
            CHECK(notes.unknown + notes.charset > 0);
        }
        CHECK(decoded("C:\\temp\\F\\x") == "C:\\temp|x");  // the closing character of nothing opens the next
        CHECK(decoded("\\Zab\\F\\Zcd\\") == "\\Zab\\F\\Zcd\\");
    }

    TEST_CASE("uses the delimiters of the message") {
        CHECK(decoded("!F!!S!!T!!R!!E!", odd) == "$%@*!");
        CHECK(decoded("\\F\\", odd) == "\\F\\");
        CHECK(encoded("$%@*!|^\\", odd) == "!F!!S!!T!!R!!E!|^\\");
        CHECK(encoded("#1", with_truncation) == "\\P\\1");
        CHECK(encoded("#1") == "#1");
        CHECK(decoded("\\F\\", Delimiters::none()) == "\\F\\");
    }

    TEST_CASE("encodes what needs it and nothing else, and gives it back") {
        for (const auto text :
             {""sv, "plain text, with 'marks'"sv, "a|b^c&d~e\\f"sv, "line\nline"sv, "\x01\x0b\x1c\x7f"sv, "\0"sv,
              "tab\there"sv, "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"sv, "\\F\\"sv, "\\.br\\"sv, "\\\\\\"sv}) {
            CAPTURE(text);
            CHECK(decoded(encoded(text)) == text);
            CHECK(decoded(encoded(text, odd), odd) == text);
            for (const char forbidden : {'|', '^', '&', '~', '\r', '\n', '\x0b', '\x1c'}) {
                CHECK(encoded(text).find(forbidden) == std::string::npos);
            }
        }
        CHECK(encoded("a\r\nb\rc\nd") == "a\\.br\\b\\.br\\c\\.br\\d");
        std::string hexadecimal;
        encode_escapes("a\nb", usual, hexadecimal, LineBreaks::hexadecimal);
        CHECK(hexadecimal == "a\\X0D0A\\b");
    }

    TEST_CASE("without an escape character says how much is lost") {
        Delimiters delimiters = usual;
        delimiters.escape = '\0';
        std::string out;
        CHECK(encode_escapes("a|b^c", delimiters, out) == 2);
        CHECK(out == "a b c");
    }

    TEST_CASE("knows well-formed UTF-8") {
        struct Row {
            std::string_view bytes;
            std::size_t good;
        };
        for (const auto& row :
             {Row{"abc", 3}, Row{"\xC3\xA4x", 3}, Row{"a\xC3", 1}, Row{"\xC0\x80", 0}, Row{"\xED\xA0\x80", 0},
              Row{"\xE0\x80\x80", 0}, Row{"\xF4\x90\x80\x80", 0}, Row{"\xF4\x8F\xBF\xBF", 4},
              Row{"\xF0\x80\x80\x80", 0}, Row{"\xE2\x82", 0}, Row{"\xE2\x28\xA1", 0}, Row{"\xFF", 0}}) {
            CAPTURE(row.bytes);
            CHECK(valid_utf8_prefix(row.bytes) == row.good);
        }
    }
}
