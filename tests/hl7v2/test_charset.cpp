#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "hl7v2/charset.hpp"
#include "hl7v2/message_view.hpp"

using namespace causeway::hl7v2;
using namespace std::literals;

namespace {

std::string message(std::string_view msh_18, std::string_view name) {
    return std::string("MSH|^~\\&|A||||||X|1|P|2.5.1||||||")
        .append(msh_18)
        .append("\rPID|||||")
        .append(name)
        .append("|z\r");
}

std::string decoded_name(const DecodedText& decoded) {
    const auto view = MessageView::parse(decoded.text);
    REQUIRE(view.has_value());
    CHECK(view->at("PID-6"_v2).text() == "z");
    return view->field("PID-5"_v2).whole().text();
}

std::string kinds(const DecodedText& decoded) {
    std::string out;
    for (const CharsetIssue& issue : decoded.issues) {
        constexpr std::string_view letters = "IUNSMC";
        out += letters[static_cast<std::size_t>(issue.kind)];
    }
    return out;
}

/// As UTF-16 in that byte order.
std::string wide(std::string_view ascii, std::size_t width, bool little, bool mark) {
    std::string out;
    const auto put = [&](unsigned value) {
        std::string unit(width, '\0');
        unit[little ? 0 : width - 1] = static_cast<char>(value & 0xffU);
        unit[little ? 1 : width - 2] = static_cast<char>(value >> 8U);
        out += unit;
    };
    if (mark) put(0xFEFF);
    for (const char c : ascii) put(static_cast<unsigned char>(c));
    return out;
}

}  // namespace

TEST_SUITE("hl7v2/charset") {
    TEST_CASE("characters that a set lacks can be written by escape sequences, which the header states") {
        struct Row {
            std::string_view text, charset, bytes, sets;
        };
        const auto message = [](std::string_view sets, std::string_view level, std::string_view text) {
            return std::string("MSH|^~\\&|A|B|C|D|2024||ORU^R01|1|P|2.5||||||")
                .append(sets)
                .append(level.empty() ? "" : "||")
                .append(level)
                .append("\rPID|||1||")
                .append(text)
                .append("^J\r");
        };
        for (const auto& row : {
                 Row{"Müller", "8859/1", "M\xFCller", "8859/1"},
                 Row{"Łódź", "8859/1", "\\C2D42\\\xA3\xF3\\C2D41\\d\\C2D42\\\xBC\\C2D41\\", "8859/1~8859/2"},
                 Row{"Σ", "8859/1", "\\C2D46\\\xD3\\C2D41\\", "8859/1~8859/7"},
                 Row{"ü", "ASCII", "\\C2D41\\\xFC", "ASCII~8859/1"},
                 Row{"김", "8859/1", "\\M242943\\\xB1\xE8\\C2D41\\", "8859/1~KS X 1001"},
             }) {
            CAPTURE(row.text);
            const std::string original = message("", "", row.text);
            const auto encoded = encode_message(original, row.charset, Unmappable::escape);
            REQUIRE(encoded.has_value());
            const bool switched = row.sets.find('~') != std::string_view::npos;
            CHECK(encoded->bytes == message(row.sets, switched ? "2.3" : "", row.bytes));
            CHECK(encoded->replaced == 0);
            const auto decoded = decode_to_utf8(encoded->bytes);
            CHECK(decoded.invalid_bytes == 0);
            CHECK(decoded.text == message(row.sets, switched ? "2.3" : "", row.text));
        }
        const auto none = encode_message(message("", "", "\xF0\x9F\x98\x80"), "8859/1", Unmappable::escape);
        REQUIRE(none.has_value());
        CHECK(none->replaced == 1);  // no set has it
        CHECK(encode_from_utf8("Σ", "8859/1", Unmappable::escape)->bytes == "?");
        CHECK(encode_message(message("", "", "\xF0\x9F\x98\x80"), "ISO IR87", Unmappable::escape)->replaced == 1);
    }

    TEST_CASE("reads every set of table 0211") {
        struct Row {
            std::string_view msh_18, bytes, text, charset, issues;
        };
        for (const auto& row : {
                 Row{"", "Miller", "Miller", "ASCII", ""},
                 Row{"ASCII", "Miller", "Miller", "ASCII", ""},
                 Row{"\"\"", "Miller", "Miller", "ASCII", ""},
                 Row{"ISO IR6", "Miller", "Miller", "ISO IR6", ""},
                 Row{"8859/1", "M\xFCller", "Müller", "8859/1", ""},
                 Row{"8859/1", "M\xFCller \x80", "Müller €", "8859/1", "M"},
                 Row{"8859/2",
                     "\xA3\xF3"
                     "d\xBC",
                     "Łódź", "8859/2", ""},
                 Row{"8859/5", "\xB8\xD2\xD0\xDD", "Иван", "8859/5", ""},
                 Row{"8859/6", "\xE5\xCD\xE5\xCF", "محمد", "8859/6", ""},
                 Row{"8859/7", "\xC1\xEB\xE5\xEE", "Αλεξ", "8859/7", ""},
                 Row{"8859/8", "\xE3\xE5\xE3", "דוד", "8859/8", ""},
                 Row{"8859/9", "\xDDpek\xF0", "İpekğ", "8859/9", ""},
                 Row{"8859/15", "\xA4", "€", "8859/15", ""},
                 Row{"ISO IR14", "\xD4\xCF\xC0\xDE", "ﾔﾏﾀﾞ", "ISO IR14", ""},
                 Row{"GB 18030-2000", "\xCD\xF5\x82\x35\xC8\x38", "王\xEA\x87\xA5", "GB 18030-2000", ""},
                 Row{"BIG-5", "\xB3\x5C\xA5\x5C\xBB\x7C", "許功誡", "BIG-5", ""},  // trail bytes \ and |
                 Row{"KS X 1001", "\xB1\xE8", "김", "KS X 1001", ""},
                 Row{"CNS 11643-1992", "\xC4\xE3", "中", "CNS 11643-1992", ""},
                 Row{"UNICODE UTF-8", "Müller", "Müller", "UNICODE UTF-8", ""},
                 Row{"UNICODE", "Müller", "Müller", "UNICODE", ""},
                 Row{"UNICODE UTF-8", "M\xFCller", "M\xEF\xBF\xBDller", "UNICODE UTF-8", "I"},
                 Row{"UNICODE UTF-8~8859/1", "Müller", "Müller", "UNICODE UTF-8", "C"},
                 Row{"UTF-8", "Müller", "Müller", "UNICODE UTF-8", "S"},
                 Row{"utf8", "Müller", "Müller", "UNICODE UTF-8", "S"},
                 Row{"ISO8859-1", "M\xFCller", "Müller", "8859/1", "S"},
                 Row{"ISO IR100", "M\xFCller", "Müller", "8859/1", "S"},
                 Row{"WINDOWS-1252", "M\xFCller \x80", "Müller €", "WINDOWS-1252", "S"},
                 Row{"cp1251", "\xC8", "И", "CP1251", "S"},
                 Row{"NONSENSE", "Müller", "Müller", "UNICODE UTF-8", "NU"},
                 Row{"NONSENSE", "M\xFCller", "Müller", "WINDOWS-1252", "NU"},
                 Row{"", "Müller", "Müller", "UNICODE UTF-8", "U"},
                 Row{"", "M\xFCller", "Müller", "WINDOWS-1252", "U"},
                 Row{"ASCII", "M\xFCller", "Müller", "WINDOWS-1252", "U"},
                 Row{"UNICODE UTF-16", "Müller", "Müller", "UNICODE UTF-8", "C"},
             }) {
            CAPTURE(row.msh_18);
            CAPTURE(row.text);
            const std::string bytes = message(row.msh_18, row.bytes);
            const DecodedText decoded = decode_to_utf8(bytes);
            CHECK(decoded_name(decoded) == row.text);
            CHECK(decoded.charset == row.charset);
            CHECK(kinds(decoded) == row.issues);
        }
    }

    TEST_CASE("switches sets by ISO 2022 and by written escapes") {
        struct Row {
            std::string_view msh_18, bytes, text;
        };
        for (const auto& row : {
                 Row{"ASCII~ISO IR87", "YAMADA\x1b$B;3ED\x1b(B^T", "YAMADA山田^T"},
                 Row{"ISO IR14~ISO IR87", "\xD4\xCF^\x1b$B;3ED\x1b(J^T", "ﾔﾏ^山田^T"},
                 Row{"ASCII~ISO IR159", "\x1b$(D0!\x1b(B", "丂"}, Row{"JAS2020", "\x1b$B;3ED\x1b(B", "山田"},
                 Row{"ASCII", "\x1b$)C\xB1\xE8", "김"}, Row{"8859/1", "M\xFC^\x1b-B\xA3\xF3\x1b-A\xFC", "Mü^Łóü"},
                 Row{"ASCII", "A\\M2442\\;3ED\\C2842\\^B", "A山田^B"},
                 Row{"ASCII", "A\\M242844\\0!\\C2842\\^B", "A丂^B"}, Row{"ASCII", "\\C2D41\\\xFC", "ü"},
                 Row{"ASCII", "\x1b$B;3", "山"},            // not switched back: the next segment is in the base set
                 Row{"ASCII", "\\C9999\\x", "\\C9999\\x"},  // unknown: kept
             }) {
            CAPTURE(row.bytes);
            std::string bytes =
                std::string("MSH|^~\\&|||||||||1|||||||").append(row.msh_18).append("\rPID|||||").append(row.bytes);
            bytes += "\rPV1|1\r";
            const DecodedText decoded = decode_to_utf8(bytes);
            const auto view = MessageView::parse(decoded.text, {{}, Tolerances::all()});
            REQUIRE(view.has_value());
            CHECK(view->field("PID-5"_v2).whole().text() == row.text);
            CHECK(view->at("PV1-1"_v2).raw() == "1");
            CHECK(decoded.invalid_bytes == 0);
        }
    }

    TEST_CASE("hexadecimal escapes hold bytes of the message's set") {
        CHECK(decoded_name(decode_to_utf8(message("8859/1", "M\\XFC\\ller\\X0D\\"))) == "Müller\n");
        CHECK(decoded_name(decode_to_utf8(message("UNICODE UTF-8", "M\\XC3BC\\ller"))) == "Müller");
        CHECK(decoded_name(decode_to_utf8(message("BIG-5", "\\XA440\\"))) == "一");
    }

    TEST_CASE("wide sets are recognised by their first bytes") {
        const std::string ascii = message("UNICODE UTF-16", "Miller");
        for (const bool little : {true, false}) {
            for (const bool mark : {true, false}) {
                for (const std::size_t width : {2U, 4U}) {
                    CAPTURE(little);
                    CAPTURE(mark);
                    CAPTURE(width);
                    const DecodedText decoded = decode_to_utf8(wide(ascii, width, little, mark));
                    CHECK(decoded.text == ascii);
                    CHECK(decoded.charset == (width == 2 ? "UNICODE UTF-16" : "UNICODE UTF-32"));
                }
            }
        }
        CHECK(decode_to_utf8("\xEF\xBB\xBFMSH|^~\\&|\r").text == "MSH|^~\\&|\r");
    }

    TEST_CASE("a sender's settings go before and after MSH-18") {
        CHECK(decoded_name(decode_to_utf8(message("ASCII", "\xC8"), {.override_name = "8859/5"})) == "Ш");
        CHECK(decoded_name(decode_to_utf8(message("", "\xB1\xE8"), {.default_name = "KS X 1001"})) == "김");
    }

    TEST_CASE("says where bytes could not be read, up to a limit") {
        const std::string bytes = message("UNICODE UTF-8", "a\xFF" + std::string(1000, '\xFE'));
        const DecodedText decoded = decode_to_utf8(bytes);
        CHECK(decoded.issues.front().offset == bytes.find('\xFF'));
        CHECK(decoded.issues.size() == DecodedText::issues_max);
        CHECK(decoded.invalid_bytes == 1001);
    }

    TEST_CASE("writes the partner's set and says what it lacks") {
        struct Row {
            std::string_view text, charset;
            Unmappable unmappable;
            std::string_view bytes;
            std::size_t replaced;
        };
        for (const auto& row : {
                 Row{"Müller", "UNICODE UTF-8", Unmappable::refuse, "Müller", 0},
                 Row{"Müller", "8859/1", Unmappable::refuse, "M\xFCller", 0},
                 Row{"Łódź", "8859/2", Unmappable::refuse,
                     "\xA3\xF3"
                     "d\xBC",
                     0},
                 Row{"Łódź €", "8859/1", Unmappable::question_mark,
                     "?\xF3"
                     "d? ?",
                     3},
                 Row{"Łódź €", "8859/1", Unmappable::transliterate,
                     "L\xF3"
                     "dz EUR",
                     3},
                 Row{"Müller ß ½", "", Unmappable::transliterate, "Muller ss ?", 3},
                 Row{"許功誡", "BIG-5", Unmappable::refuse, "\xB3\x5C\xA5\x5C\xBB\x7C", 0},
                 Row{"山田", "ISO IR87", Unmappable::refuse, "\x1b$B;3ED\x1b(B", 0},
                 Row{"ﾔﾏ", "ISO IR14", Unmappable::refuse, "\xD4\xCF", 0},
                 Row{"ﾔ山\\F\\田", "ISO IR14", Unmappable::question_mark, "\xD4?\\F\\?", 2},
                 Row{"김", "KS X 1001", Unmappable::refuse, "\xB1\xE8", 0},
             }) {
            CAPTURE(row.text);
            CAPTURE(row.charset);
            const auto encoded = encode_from_utf8(row.text, row.charset, row.unmappable);
            REQUIRE(encoded.has_value());
            CHECK(encoded->bytes == row.bytes);
            CHECK(encoded->replaced == row.replaced);
        }
        // a delimiter behind a character of JIS X 0212 stays one, though that set has a tilde of its own
        const auto shifted = encode_message("MSH|^~\\&|A||||||ORU|1|P|2.5.1\rOBX|café~患~x\r", "ISO IR87");
        REQUIRE(shifted.has_value());
        CHECK(shifted->bytes.find("\x1b(B~") != std::string::npos);
        CHECK(decode_to_utf8(shifted->bytes).text.ends_with("\rOBX|café~患~x\r"));
        CHECK(encode_from_utf8("aŁ", "8859/1", Unmappable::refuse).error().offset == 1);
        CHECK(encode_from_utf8("aŁ", "8859/1", Unmappable::refuse).error().code == Errc::not_tolerated);
        CHECK(encode_from_utf8("a", "NONSENSE").error().code == Errc::bad_charset);
        CHECK(encode_from_utf8("a\xFF", "8859/1").error().offset == 1);
        CHECK(can_frame_charset("8859/1"));
        CHECK(can_frame_charset(""));
        CHECK_FALSE(can_frame_charset("UNICODE UTF-16"));
    }

    TEST_CASE("MSH-18 states the set that is used") {
        const auto encoded = encode_message(message("UNICODE UTF-8", "Müller"), "8859/1");
        REQUIRE(encoded.has_value());
        CHECK(encoded->bytes == message("8859/1", "M\xFCller"));
        CHECK(encode_message(message("", "Miller"), "")->bytes == message("", "Miller"));
        CHECK(encode_message(message("", "Müller"), "UNICODE UTF-8")->bytes == message("UNICODE UTF-8", "Müller"));
    }

    TEST_CASE("what is written is read back") {
        for (const std::string_view charset :
             {"8859/1", "8859/2", "8859/9", "8859/15", "GB 18030-2000", "BIG-5", "KS X 1001", "ISO IR87",
              "UNICODE UTF-8", "UNICODE UTF-16", "UNICODE UTF-32"}) {
            CAPTURE(charset);
            const std::string original = message("", "plain ^ text & more");
            const auto encoded = encode_message(original, charset, Unmappable::refuse);
            REQUIRE(encoded.has_value());
            const DecodedText decoded = decode_to_utf8(encoded->bytes);
            CHECK(decoded_name(decoded) == "plain ^ text & more");
            CHECK(decoded.charset == charset);
        }
    }
}
