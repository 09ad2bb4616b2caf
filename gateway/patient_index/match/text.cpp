#include "gateway/patient_index/match/text.hpp"

#include <array>
#include <cstdint>

namespace causeway::patient_index::match {
namespace {

constexpr char32_t bad = 0xFFFFFFFF;

/// Reads one code point at `at` and moves it; `bad` for a byte that begins none.
char32_t next_code_point(std::string_view text, std::size_t& at) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(at);
    std::size_t more = 0;
    char32_t code = 0;
    if (lead < 0x80) {
        ++at;
        return lead;
    }
    if (lead >= 0xC2 && lead < 0xE0) {
        more = 1;
        code = lead & 0x1FU;
    } else if (lead >= 0xE0 && lead < 0xF0) {
        more = 2;
        code = lead & 0x0FU;
    } else if (lead >= 0xF0 && lead < 0xF5) {
        more = 3;
        code = lead & 0x07U;
    } else {
        ++at;
        return bad;
    }
    if (text.size() - at <= more) {
        ++at;
        return bad;
    }
    for (std::size_t i = 1; i <= more; ++i) {
        if ((byte(at + i) & 0xC0U) != 0x80U) {
            ++at;
            return bad;
        }
        code = (code << 6U) | (byte(at + i) & 0x3FU);
    }
    at += more + 1;
    return code;
}

void append_utf8(std::string& out, char32_t code) {
    const auto put = [&](char32_t value) { out.push_back(static_cast<char>(static_cast<unsigned char>(value))); };
    if (code < 0x80)
        put(code);
    else if (code < 0x800) {
        put(0xC0U | (code >> 6U));
        put(0x80U | (code & 0x3FU));
    } else if (code < 0x10000) {
        put(0xE0U | (code >> 12U));
        put(0x80U | ((code >> 6U) & 0x3FU));
        put(0x80U | (code & 0x3FU));
    } else {
        put(0xF0U | (code >> 18U));
        put(0x80U | ((code >> 12U) & 0x3FU));
        put(0x80U | ((code >> 6U) & 0x3FU));
        put(0x80U | (code & 0x3FU));
    }
}

/// Base letters of U+00C0 to U+017F in order; '*' marks the ones that become two letters (or none) and stand in
/// `two_letters`.
constexpr std::string_view latin =
    "AAAAAA*CEEEEIIII"
    "DNOOOOO*OUUUUY**"
    "AAAAAA*CEEEEIIII"
    "DNOOOOO*OUUUUY*Y"
    "AAAAAACCCCCCCCDD"
    "DDEEEEEEEEEEGGGG"
    "GGGGHHHHIIIIIIII"
    "II**JJKKKLLLLLLL"
    "LLLNNNNNNNNNOOOO"
    "OO**RRRRRRSSSSSS"
    "SSTTTTTTUUUUUUUU"
    "UUUUWWYYYZZZZZZS";

std::string_view two_letters(char32_t code) {
    switch (code) {
        case 0xC6:
        case 0xE6:
            return "AE";
        case 0xDE:
        case 0xFE:
            return "TH";
        case 0xDF:
            return "SS";
        case 0x132:
        case 0x133:
            return "IJ";
        case 0x152:
        case 0x153:
            return "OE";
        default:
            return {};  // the multiplication and division signs
    }
}

void append_folded(std::string& out, char32_t code) {
    if (code < 0x80) {
        const char c = static_cast<char>(code);
        out.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
    } else if (code < 0xC0) {
        out.push_back(' ');  // no-break space and signs part words
    } else if (code < 0x180) {
        const char base = latin[code - 0xC0];
        if (base == '*')
            out += two_letters(code);
        else
            out.push_back(base);
    } else if (code >= 0x300 && code < 0x370) {    // combining marks
    } else if (code >= 0x1E00 && code < 0x1F00) {  // Latin with two marks, as in Vietnamese
        constexpr std::string_view base =
            "AABBBBBBCCDDDDDDDDDDEEEEEEEEEEFFGGHHHHHHHHHHIIIIKKKKKKLLLLLLLLMMMMMMNNNNNNNNOOOOOOOOPPPPRRRRRRRR"
            "SSSSSSSSSSTTTTTTTTUUUUUUUUUUVVVVWWWWWWWWWWXXXXYYZZZZZZHTWYASSSSSAAAAAAAAAAAAAAAAAAAAAAAA"
            "EEEEEEEEEEEEEEEEIIIIOOOOOOOOOOOOOOOOOOOOOOOOUUUUUUUUUUUUUUYYYYYYYY";
        const std::size_t index = code - 0x1E00;
        if (index < base.size()) out.push_back(base[index]);
    } else if (code == 0x2019 || code == 0x2018 || code == 0x2BC) {
        out.push_back('\'');
    } else if (code >= 0x2000 && code < 0x2070) {  // spaces, dashes
        out.push_back(code >= 0x2010 && code <= 0x2015 ? '-' : ' ');
    } else if (code >= 0x3B1 && code <= 0x3C9 && code != 0x3C2) {  // Greek
        append_utf8(out, code - 0x20);
    } else if (code >= 0x430 && code <= 0x44F) {  // Cyrillic
        append_utf8(out, code - 0x20);
    } else if (code >= 0x450 && code <= 0x45F) {
        append_utf8(out, code == 0x451 ? 0x415 : code - 0x50);
    } else if (code == 0x401) {
        append_utf8(out, 0x415);
    } else if (code == 0x218 || code == 0x219) {
        out.push_back('S');
    } else if (code == 0x21A || code == 0x21B) {
        out.push_back('T');
    } else {
        append_utf8(out, code);
    }
}

constexpr bool word_byte(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

}  // namespace

std::string fold(std::string_view utf8) {
    std::string out;
    out.reserve(utf8.size());
    for (std::size_t at = 0; at < utf8.size();) {
        const char32_t code = next_code_point(utf8, at);
        if (code != bad) append_folded(out, code);
    }
    return out;
}

std::vector<std::string> words(std::string_view folded) {
    std::vector<std::string> out;
    std::string word;
    for (const char c : folded) {
        if (word_byte(c))
            word.push_back(c);
        else if (c == '\'' || c == '`')
            continue;
        else if (!word.empty()) {
            out.push_back(std::move(word));
            word.clear();
        }
    }
    if (!word.empty()) out.push_back(std::move(word));
    return out;
}

std::string joined(const std::vector<std::string>& parts) {
    std::string out;
    for (const auto& part : parts) out += part;
    return out;
}

std::string digits(std::string_view text) {
    std::string out;
    for (const char c : text)
        if (c >= '0' && c <= '9') out.push_back(c);
    return out;
}

}  // namespace causeway::patient_index::match
