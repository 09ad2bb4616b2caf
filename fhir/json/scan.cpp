#include "fhir/json/scan.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "fhir/model/utf8.hpp"

namespace causeway::fhir::json {

namespace {

/// The four hexadecimal digits at `at`, or -1 (which the parser reports).
int hex4(std::string_view bytes, std::size_t at) noexcept {
    if (at + 4 > bytes.size()) return -1;
    int value = 0;
    for (std::size_t i = at; i < at + 4; ++i) {
        const char c = bytes[i];
        if (c >= '0' && c <= '9')
            value = value * 16 + (c - '0');
        else if (c >= 'a' && c <= 'f')
            value = value * 16 + (c - 'a' + 10);
        else if (c >= 'A' && c <= 'F')
            value = value * 16 + (c - 'A' + 10);
        else
            return -1;
    }
    return value;
}

struct Escape {
    std::size_t length;
    TextFault fault;
    bool newline;
};

Escape read_escape(std::string_view bytes, std::size_t at) noexcept {
    if (at + 1 >= bytes.size()) return {1, TextFault::none, false};
    if (bytes[at + 1] != 'u') return {2, TextFault::none, bytes[at + 1] == 'n'};
    const int unit = hex4(bytes, at + 2);
    if (unit == 0) return {6, TextFault::nul, false};
    if (unit >= 0xDC00 && unit <= 0xDFFF) return {6, TextFault::lone_surrogate, false};
    if (unit >= 0xD800 && unit <= 0xDBFF) {
        const bool paired = at + 7 < bytes.size() && bytes[at + 6] == '\\' && bytes[at + 7] == 'u';
        const int low = paired ? hex4(bytes, at + 8) : -1;
        if (low < 0xDC00 || low > 0xDFFF) return {6, TextFault::lone_surrogate, false};
        return {12, TextFault::none, false};
    }
    return {unit < 0 ? std::size_t{2} : std::size_t{6}, TextFault::none, unit == '\n'};
}

constexpr std::uint64_t each_byte(unsigned char c) noexcept { return 0x0101010101010101ULL * c; }

/// True if the eight bytes hold neither a backslash nor anything beyond ASCII nor NUL.
bool plain(std::uint64_t word) noexcept {
    const std::uint64_t backslash = word ^ each_byte('\\');
    const std::uint64_t zero = (backslash - each_byte(1)) & ~backslash;
    const std::uint64_t nul = (word - each_byte(1)) & ~word;
    return ((word | zero | nul) & each_byte(0x80)) == 0;
}

}  // namespace

TextScan scan_text(std::string_view bytes) noexcept {
    TextScan found;
    std::size_t at = 0;
    while (at < bytes.size()) {
        while (at + 8 <= bytes.size()) {
            std::uint64_t word = 0;
            std::memcpy(&word, bytes.data() + at, 8);
            if (!plain(word)) break;
            at += 8;
        }
        for (const std::size_t stop = at + 8; at < stop && at < bytes.size();) {
            const char c = bytes[at];
            if (c == '\\') {
                const auto escape = read_escape(bytes, at);
                if (escape.fault != TextFault::none) return {escape.fault, at, false};
                found.has_newline_escape |= escape.newline;
                at += escape.length;
            } else if (c == '\0') {
                return {TextFault::nul, at, false};
            } else if (static_cast<unsigned char>(c) < 0x80) {
                ++at;
            } else {
                const auto length = utf8_sequence(bytes, at);
                if (length == 0) return {TextFault::bad_utf8, at, false};
                at += length;
            }
        }
    }
    return found;
}

std::string path_at(std::string_view bytes, std::size_t offset) {
    struct Level {
        bool is_array = false;
        std::size_t index = 0;
        std::string_view name = {};
        bool expects_name = true;
    };
    std::vector<Level> levels;
    std::string_view type = "$this";
    const std::string_view before = bytes.substr(0, offset);
    for (std::size_t at = 0; at < before.size(); ++at) {
        const char c = before[at];
        if (c == '{' || c == '[') {
            levels.push_back({.is_array = c == '['});
        } else if ((c == '}' || c == ']') && !levels.empty()) {
            levels.pop_back();
        } else if (c == ',' && !levels.empty()) {
            ++levels.back().index;
            levels.back().expects_name = true;
        } else if (c == '"') {
            std::size_t end = at + 1;
            while (end < before.size() && before[end] != '"') end += before[end] == '\\' ? 2 : 1;
            const auto text = before.substr(at + 1, std::min(end, before.size()) - at - 1);
            if (!levels.empty() && !levels.back().is_array) {
                if (levels.back().expects_name)
                    levels.back().name = text;
                else if (levels.size() == 1 && levels.back().name == "resourceType" && end < before.size())
                    type = text;
                levels.back().expects_name = false;
            }
            at = end;
        }
        if (levels.size() > 200) break;
    }
    std::string out(type);
    for (const Level& level : levels) {
        if (level.is_array)
            out += '[' + std::to_string(level.index) + ']';
        else if (!level.name.empty())
            out += '.' + std::string(level.name.substr(level.name.starts_with('_') ? 1 : 0));
    }
    return out;
}

}  // namespace causeway::fhir::json
