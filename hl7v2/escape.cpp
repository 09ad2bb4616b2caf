#include "hl7v2/escape.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "hl7v2/scan.hpp"

namespace causeway::hl7v2 {

namespace {

constexpr std::string_view replacement_character = "\xEF\xBF\xBD";
constexpr int blanks_max = 200;  // a layout command asks for at most a line of blanks

int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// Appends bytes that may not be UTF-8, each offending byte replaced. Returns how many were.
std::size_t append_repaired(std::string_view bytes, std::string& out) {
    std::size_t replaced = 0;
    while (!bytes.empty()) {
        const std::size_t good = valid_utf8_prefix(bytes);
        out.append(bytes.substr(0, good));
        bytes.remove_prefix(good);
        if (bytes.empty()) break;
        out += replacement_character;
        ++replaced;
        bytes.remove_prefix(1);
    }
    return replaced;
}

/// The number after a formatting command, signed, or `otherwise`.
std::optional<int> command_number(std::string_view digits, int otherwise) noexcept {
    if (digits.empty()) return otherwise;
    if (digits.front() == '+') digits.remove_prefix(1);
    int value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    return std::clamp(value, -blanks_max, blanks_max);
}

class Decoder {
public:
    Decoder(const Delimiters& delimiters, std::string& out) noexcept : delimiters_(delimiters), out_(out) {}

    EscapeNotes run(std::string_view raw) {
        while (!raw.empty()) {
            const std::size_t begin = raw.find(delimiters_.escape);
            out_.append(raw.substr(0, begin));
            if (begin == std::string_view::npos) break;
            const std::size_t end = raw.find(delimiters_.escape, begin + 1);
            if (end == std::string_view::npos) {
                ++notes_.unknown;
                out_.append(raw.substr(begin));
                break;
            }
            if (sequence(raw.substr(begin + 1, end - begin - 1))) {
                raw.remove_prefix(end + 1);
            } else {  // literal: the closing character may open the next sequence
                ++notes_.unknown;
                out_.append(raw.substr(begin, end - begin));
                raw.remove_prefix(end);
                if (raw.size() == 1) {
                    out_.append(raw);
                    break;
                }
            }
        }
        return notes_;
    }

private:
    /// Decodes what stands between two escape characters; false if it is nothing known.
    bool sequence(std::string_view body) {
        if (body.empty()) return false;
        const char letter = body.front();
        if (body.size() == 1 && single(letter)) return true;
        if (letter == 'X') return hexadecimal(body.substr(1));
        if (letter == '.') return command(body.substr(1));
        if (letter == 'Z' || is_charset_switch(body)) {  // whole: its closing character opens nothing
            ++(letter == 'Z' ? notes_.unknown : notes_.charset);
            out_ += delimiters_.escape;
            out_.append(body);
            out_ += delimiters_.escape;
            return true;
        }
        return false;
    }

    bool single(char letter) {
        switch (letter) {
            case 'F':
                return put(delimiters_.field);
            case 'S':
                return put(delimiters_.component);
            case 'T':
                return put(delimiters_.subcomponent);
            case 'R':
                return put(delimiters_.repetition);
            case 'E':
                return put(delimiters_.escape);
            case 'P':
                return put(delimiters_.truncation == '\0' ? '#' : delimiters_.truncation);
            case 'H':
            case 'N':
                ++notes_.layout;
                return true;
            default:
                return false;
        }
    }

    bool put(char c) {
        if (c == '\0') return false;
        out_ += c;
        return true;
    }

    bool hexadecimal(std::string_view digits) {
        if (digits.empty() || digits.size() % 2 != 0) return false;
        std::string bytes;
        bytes.reserve(digits.size() / 2);
        for (std::size_t i = 0; i < digits.size(); i += 2) {
            const int high = hex_digit(digits[i]);
            const int low = hex_digit(digits[i + 1]);
            if (high < 0 || low < 0) return false;
            bytes += static_cast<char>(high * 16 + low);
        }
        std::string lines;  // CR, LF and CR LF are one line break each
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            if (bytes[i] == '\r') {
                if (i + 1 < bytes.size() && bytes[i + 1] == '\n') ++i;
                lines += '\n';
            } else {
                lines += bytes[i];
            }
        }
        notes_.invalid_bytes += append_repaired(lines, out_);
        return true;
    }

    bool command(std::string_view text) {
        const std::string_view verb = text.substr(0, 2);
        const bool counted = verb == "sp" || verb == "sk" || verb == "in" || verb == "ti";
        const auto number = command_number(text.substr(std::min<std::size_t>(2, text.size())), verb == "sp" ? 1 : 0);
        if (!number || (!counted && text.size() != 2)) return false;
        if (verb == "br" || verb == "ce") {
            line_break(1);
        } else if (verb == "sp") {
            line_break(std::max(1, *number));
        } else if (verb == "sk") {
            out_.append(static_cast<std::size_t>(std::max(0, *number)), ' ');
        } else if (verb == "in") {
            ++notes_.layout;
            indent_ = std::max(0, *number);
        } else if (verb == "ti") {
            ++notes_.layout;
            out_.append(static_cast<std::size_t>(std::max(0, *number)), ' ');
        } else if (verb == "fi" || verb == "nf") {
            ++notes_.layout;
        } else {
            return false;
        }
        return true;
    }

    void line_break(int times) {
        out_.append(static_cast<std::size_t>(times), '\n');
        out_.append(static_cast<std::size_t>(indent_), ' ');
    }

    static bool is_charset_switch(std::string_view body) noexcept {
        const bool single_byte = body.front() == 'C' && body.size() == 5;
        const bool multi_byte = body.front() == 'M' && (body.size() == 5 || body.size() == 7);
        return (single_byte || multi_byte) &&
               std::all_of(body.begin() + 1, body.end(), [](char c) { return hex_digit(c) >= 0; });
    }

    const Delimiters& delimiters_;
    std::string& out_;
    EscapeNotes notes_;
    int indent_ = 0;
};

/// The letter that stands for a delimiter, or NUL.
char letter_for(char c, const Delimiters& delimiters) noexcept {
    if (c == '\0') return '\0';
    if (c == delimiters.escape) return 'E';
    if (c == delimiters.field) return 'F';
    if (c == delimiters.component) return 'S';
    if (c == delimiters.subcomponent) return 'T';
    if (c == delimiters.repetition) return 'R';
    if (c == delimiters.truncation) return 'P';
    return '\0';
}

bool is_plain(char c, const Delimiters& delimiters) noexcept {
    return static_cast<unsigned char>(c) >= 0x20 && c != '\x7f' && !delimiters.special(c);
}

}  // namespace

EscapeNotes decode_escapes(std::string_view raw, const Delimiters& delimiters, std::string& out) {
    if (delimiters.escape == '\0') {
        out.append(raw);
        return {};
    }
    return Decoder(delimiters, out).run(raw);
}

std::size_t encode_escapes(std::string_view text, const Delimiters& delimiters, std::string& out,
                           LineBreaks line_breaks) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::size_t lost = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::size_t from = i;
        while (i < text.size() && is_plain(text[i], delimiters)) ++i;
        out.append(text.substr(from, i - from));
        if (i == text.size()) break;
        const char c = text[i];
        if (c == '\t') {
            out += c;
        } else if (delimiters.escape == '\0') {
            out += ' ';
            ++lost;
        } else if (const char letter = letter_for(c, delimiters); letter != '\0') {
            out.append({delimiters.escape, letter, delimiters.escape});
        } else if (c == '\r' || c == '\n') {
            if (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n') ++i;
            out += delimiters.escape;
            out += line_breaks == LineBreaks::command ? ".br" : "X0D0A";
            out += delimiters.escape;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out.append({delimiters.escape, 'X', digits[byte >> 4U], digits[byte & 15U], delimiters.escape});
        }
    }
    return lost;
}

void append_utf8(char32_t code_point, std::string& out) {
    const auto put = [&out](char32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
    if (code_point < 0x80) {
        put(code_point);
    } else if (code_point < 0x800) {
        put(0xC0 | (code_point >> 6U));
        put(0x80 | (code_point & 0x3FU));
    } else if (code_point < 0x10000) {
        put(0xE0 | (code_point >> 12U));
        put(0x80 | ((code_point >> 6U) & 0x3FU));
        put(0x80 | (code_point & 0x3FU));
    } else {
        put(0xF0 | (code_point >> 18U));
        put(0x80 | ((code_point >> 12U) & 0x3FU));
        put(0x80 | ((code_point >> 6U) & 0x3FU));
        put(0x80 | (code_point & 0x3FU));
    }
}

std::size_t valid_utf8_prefix(std::string_view bytes) noexcept {
    const auto byte = [&bytes](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    std::size_t i = 0;
    while (i < bytes.size()) {
        const unsigned char lead = byte(i);
        if (lead < 0x80) {
            ++i;
            continue;
        }
        std::size_t tail = 0;
        unsigned char second_min = 0x80;
        unsigned char second_max = 0xBF;
        if (lead >= 0xC2 && lead <= 0xDF) {
            tail = 1;
        } else if (lead >= 0xE0 && lead <= 0xEF) {
            tail = 2;
            if (lead == 0xE0) second_min = 0xA0;
            if (lead == 0xED) second_max = 0x9F;
        } else if (lead >= 0xF0 && lead <= 0xF4) {
            tail = 3;
            if (lead == 0xF0) second_min = 0x90;
            if (lead == 0xF4) second_max = 0x8F;
        } else {
            return i;
        }
        if (bytes.size() - i <= tail) return i;
        if (byte(i + 1) < second_min || byte(i + 1) > second_max) return i;
        for (std::size_t k = 2; k <= tail; ++k) {
            if ((byte(i + k) & 0xC0U) != 0x80) return i;
        }
        i += tail + 1;
    }
    return i;
}

}  // namespace causeway::hl7v2
