#include "hl7v2/charset.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "hl7v2/charset_names.hpp"
#include "hl7v2/delimiters.hpp"
#include "hl7v2/escape.hpp"

namespace causeway::hl7v2 {

using charsets::Charset;
using charsets::Coding;
using charsets::Converter;
using charsets::find_charset;

namespace {

constexpr std::string_view replacement_character = "\xEF\xBF\xBD";
constexpr char escape_byte = '\x1b';

constexpr unsigned char byte_of(char c) noexcept { return static_cast<unsigned char>(c); }
constexpr bool is_high(char c) noexcept { return byte_of(c) >= 0x80; }

/// windows-1252 from 0x80 to 0x9F; its five holes read as ISO 8859-1 does.
constexpr std::array<char16_t, 32> windows_1252 = {0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                                   0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008D, 0x017D, 0x008F,
                                                   0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                                   0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178};

std::optional<int> hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return std::nullopt;
}

/// The bytes of an even number of hex digits; nothing if it is not that.
std::optional<std::string> from_hex(std::string_view digits) {
    if (digits.empty() || digits.size() % 2 != 0) return std::nullopt;
    std::string out;
    for (std::size_t i = 0; i < digits.size(); i += 2) {
        const auto high = hex_value(digits[i]);
        const auto low = hex_value(digits[i + 1]);
        if (!high || !low) return std::nullopt;
        out += static_cast<char>(*high * 16 + *low);
    }
    return out;
}

/// What the graphic characters of one half of the code table mean (ISO 2022).
enum class Set : std::uint8_t { ascii, base, katakana, jis_x_0208, jis_x_0212, gb_2312, ks_x_1001, latin };

struct Switch {
    bool high = false;  ///< G1 instead of G0
    Set set = Set::ascii;
    std::string_view latin_name = {};  ///< iconv's name, for Set::latin
    std::size_t length = 0;            ///< of the sequence after ESC
};

/// The ISO 2022 sequence after ESC, if it is one that is known.
std::optional<Switch> read_switch(std::string_view after_escape) noexcept {
    struct Known {
        std::string_view sequence;
        bool high;
        Set set;
        std::string_view latin_name;
    };
    static constexpr std::array<Known, 25> known = {{
        {"(B", false, Set::ascii, ""},
        {"(J", false, Set::ascii, ""},
        {"(I", false, Set::katakana, ""},
        {")I", true, Set::katakana, ""},
        {"$@", false, Set::jis_x_0208, ""},
        {"$B", false, Set::jis_x_0208, ""},
        {"$(B", false, Set::jis_x_0208, ""},
        {"$(D", false, Set::jis_x_0212, ""},
        {"$A", false, Set::gb_2312, ""},
        {"$(A", false, Set::gb_2312, ""},
        {"$)A", true, Set::gb_2312, ""},
        {"$(C", false, Set::ks_x_1001, ""},
        {"$)C", true, Set::ks_x_1001, ""},
        {"-A", true, Set::latin, "ISO-8859-1"},
        {"-B", true, Set::latin, "ISO-8859-2"},
        {"-C", true, Set::latin, "ISO-8859-3"},
        {"-D", true, Set::latin, "ISO-8859-4"},
        {"-L", true, Set::latin, "ISO-8859-5"},
        {"-G", true, Set::latin, "ISO-8859-6"},
        {"-F", true, Set::latin, "ISO-8859-7"},
        {"-H", true, Set::latin, "ISO-8859-8"},
        {"-M", true, Set::latin, "ISO-8859-9"},
        {"-b", true, Set::latin, "ISO-8859-15"},
        {")J", true, Set::ascii, ""},
        {")B", true, Set::ascii, ""},
    }};
    for (const Known& entry : known) {
        if (after_escape.starts_with(entry.sequence)) {
            return Switch{entry.high, entry.set, entry.latin_name, entry.sequence.size()};
        }
    }
    return std::nullopt;
}

/// Decodes the bytes of one message.
class TextDecoder {
public:
    TextDecoder(std::string_view bytes, const Charset& base, char escape, DecodedText& out)
        : bytes_(bytes), base_(base), escape_(escape), out_(out) {
        out_.text.reserve(bytes.size() + bytes.size() / 8);
    }

    void run() {
        std::size_t begin = 0;
        if (bytes_.starts_with("\xEF\xBB\xBF") && base_.coding == Coding::utf8) begin = 3;
        if (has_switches()) {
            run_switched(begin);
        } else {
            convert_base(begin, bytes_.size());
        }
        if (base_.coding != Coding::utf8 && base_.coding != Coding::ascii && escape_ != '\0') rewrite_hexadecimal();
    }

private:
    /// ESC, or \C..\ or \M..\ somewhere: then the text is read run by run.
    bool has_switches() const noexcept {
        if (base_.coding == Coding::utf16 || base_.coding == Coding::utf32) return false;
        if (bytes_.find(escape_byte) != std::string_view::npos) return true;
        if (escape_ == '\0') return false;
        for (std::size_t at = bytes_.find(escape_); at != std::string_view::npos; at = bytes_.find(escape_, at + 1)) {
            if (written_switch(at)) return true;
        }
        return false;
    }

    struct WrittenSwitch {
        Switch value;
        std::size_t length;
    };

    /// `\Cxxyy\` or `\Mxxyyzz\` at `at`: the bytes of an ISO 2022 sequence in hex, the first intermediate one included.
    std::optional<WrittenSwitch> written_switch(std::size_t at) const {
        if (at + 1 >= bytes_.size() || (bytes_[at + 1] != 'C' && bytes_[at + 1] != 'M')) return std::nullopt;
        const std::size_t end = bytes_.substr(0, std::min(bytes_.size(), at + 10)).find(escape_, at + 2);
        if (end == std::string_view::npos) return std::nullopt;
        auto sequence = from_hex(bytes_.substr(at + 2, end - at - 2));
        if (!sequence) return std::nullopt;
        const bool multi = bytes_[at + 1] == 'M';
        if (multi && !sequence->starts_with('$')) sequence->insert(0, 1, '$');
        const auto found = read_switch(*sequence);
        if (!found || found->length != sequence->size()) return std::nullopt;
        return WrittenSwitch{*found, end - at + 1};
    }

    void run_switched(std::size_t at) {
        Switch low{};
        Switch high{.high = true, .set = Set::base};
        std::size_t run = at;
        const auto flush = [&](std::size_t end) {
            convert_run(run, end, low, high);
            run = end;
        };
        while (at < bytes_.size()) {
            const char c = bytes_[at];
            if (c == '\r' || c == '\n') {  // a segment begins in the base set
                flush(at);
                low = {};
                high = {.high = true, .set = Set::base};
                ++at;
                continue;
            }
            std::optional<Switch> found;
            std::size_t length = 0;
            if (c == escape_byte) {
                found = read_switch(bytes_.substr(at + 1));
                if (found) length = found->length + 1;
            } else if (c == escape_ && escape_ != '\0') {
                if (const auto written = written_switch(at)) {
                    found = written->value;
                    length = written->length;
                }
            }
            if (found) {
                flush(at);
                (found->high ? high : low) = *found;
                at += length;
                run = at;
                continue;
            }
            const bool double_byte =
                !is_high(c) && byte_of(c) > 0x20 && low.set >= Set::jis_x_0208 && low.set <= Set::ks_x_1001;
            at += double_byte ? 2 : 1;
            at = std::min(at, bytes_.size());
        }
        flush(bytes_.size());
    }

    /// A run in which the sets do not change.
    void convert_run(std::size_t begin, std::size_t end, const Switch& low, const Switch& high) {
        std::size_t at = begin;
        while (at < end) {
            const bool upper = is_high(bytes_[at]);
            std::size_t stop = at;
            while (stop < end && is_high(bytes_[stop]) == upper) ++stop;
            const Switch& in_use = upper ? high : low;
            if (in_use.set == Set::base || (in_use.set == Set::ascii && upper)) {
                convert_base(at, stop);
            } else if (in_use.set == Set::ascii) {
                out_.text.append(bytes_.substr(at, stop - at));
            } else {
                convert_set(at, stop, in_use);
            }
            at = stop;
        }
    }

    /// Graphic characters of a set other than the base one, as the EUC form that iconv knows.
    void convert_set(std::size_t begin, std::size_t end, const Switch& in_use) {
        std::string euc;
        std::string_view name = "EUC-JP";
        for (std::size_t i = begin; i < end; ++i) {
            const char c = bytes_[i];
            if (byte_of(c) <= 0x20 || byte_of(c) == 0x7f) {
                euc += c;
                continue;
            }
            if (in_use.set == Set::katakana) euc += '\x8e';
            if (in_use.set == Set::jis_x_0212 && i + 1 < end) {
                euc += '\x8f';
                euc += static_cast<char>(byte_of(c) | 0x80U);
                ++i;
            }
            euc += static_cast<char>(byte_of(bytes_[i]) | 0x80U);
        }
        if (in_use.set == Set::gb_2312) name = "EUC-CN";
        if (in_use.set == Set::ks_x_1001) name = "EUC-KR";
        if (in_use.set == Set::latin) name = in_use.latin_name;
        convert_with(name, euc, begin, false);
    }

    void convert_base(std::size_t begin, std::size_t end) {
        const std::string_view run = bytes_.substr(begin, end - begin);
        switch (base_.coding) {
            case Coding::ascii:
                return convert_ascii(run, begin);
            case Coding::windows_1252:
                return convert_windows_1252(run, begin);
            case Coding::utf8:
                return convert_utf8(run, begin);
            case Coding::jis_x_0201:
                return convert_jis_x_0201(run, begin);
            case Coding::iso_2022:
                return convert_ascii(run, begin);
            case Coding::utf16:
            case Coding::utf32:
            case Coding::by_iconv:
                return convert_with(base_.iconv_name, run, begin, true);
        }
    }

    void convert_ascii(std::string_view run, std::size_t begin) {
        for (std::size_t i = 0; i < run.size(); ++i) {
            if (is_high(run[i])) {
                replace(begin + i);
            } else {
                out_.text += run[i];
            }
        }
    }

    void convert_windows_1252(std::string_view run, std::size_t begin) {
        bool reported = base_.name != "8859/1";
        for (std::size_t i = 0; i < run.size(); ++i) {
            const unsigned char c = byte_of(run[i]);
            if (c < 0x80) {
                out_.text += run[i];
            } else if (c >= 0xA0) {
                append_utf8(c, out_.text);
            } else {
                append_utf8(windows_1252[c - 0x80U], out_.text);
                if (!reported) note(CharsetIssue::Kind::mislabelled, begin + i);
                reported = true;
            }
        }
    }

    void convert_utf8(std::string_view run, std::size_t begin) {
        std::size_t at = 0;
        while (at < run.size()) {
            const std::size_t good = valid_utf8_prefix(run.substr(at));
            out_.text.append(run.substr(at, good));
            at += good;
            if (at == run.size()) return;
            replace(begin + at);
            ++at;
        }
    }

    void convert_jis_x_0201(std::string_view run, std::size_t begin) {
        for (std::size_t i = 0; i < run.size(); ++i) {
            const unsigned char c = byte_of(run[i]);
            if (c < 0x80) {
                out_.text += run[i];
            } else if (c >= 0xA1 && c <= 0xDF) {
                append_utf8(0xFF61U + (c - 0xA1U), out_.text);
            } else {
                replace(begin + i);
            }
        }
    }

    void convert_with(std::string_view iconv_name, std::string_view run, std::size_t begin, bool exact) {
        Converter converter("UTF-8", iconv_name);
        std::string_view rest = run;
        while (!rest.empty()) {
            if (converter && converter.convert(rest, out_.text)) break;
            replace(begin + (exact ? run.size() - rest.size() : 0));
            rest.remove_prefix(1);
        }
        if (converter) converter.finish(out_.text);
    }

    /// \X..\ holds bytes of the message's set; from here on they are UTF-8.
    void rewrite_hexadecimal() {
        std::string& text = out_.text;
        const std::string mark = {escape_, 'X'};
        for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
            const std::size_t end = text.find(escape_, at + 2);
            if (end == std::string::npos) return;
            const auto bytes = from_hex(std::string_view(text).substr(at + 2, end - at - 2));
            if (!bytes || std::none_of(bytes->begin(), bytes->end(), is_high)) continue;
            DecodedText inner;
            TextDecoder(*bytes, base_, '\0', inner).run();
            std::string hex;
            for (const char c : inner.text) {
                constexpr std::string_view digits = "0123456789ABCDEF";
                hex += digits[byte_of(c) >> 4U];
                hex += digits[byte_of(c) & 15U];
            }
            text.replace(at + 2, end - at - 2, hex);
        }
    }

    void replace(std::size_t offset) {
        out_.text += replacement_character;
        ++out_.invalid_bytes;
        note(CharsetIssue::Kind::invalid_bytes, offset);
    }

    void note(CharsetIssue::Kind kind, std::size_t offset) {
        if (out_.issues.size() < DecodedText::issues_max) out_.issues.push_back({kind, offset});
    }

    std::string_view bytes_;
    const Charset& base_;
    char escape_;
    DecodedText& out_;
};

/// UTF-16 and UTF-32 give themselves away in the first bytes: a mark, or the NULs of `MSH`.
std::optional<Charset> wide_charset(std::string_view bytes) noexcept {
    using namespace std::string_view_literals;
    if (bytes.starts_with("\xFF\xFE\0\0"sv)) return Charset{"UNICODE UTF-32", "UTF-32", Coding::utf32};
    if (bytes.starts_with("\0\0\xFE\xFF"sv)) return Charset{"UNICODE UTF-32", "UTF-32", Coding::utf32};
    if (bytes.starts_with("M\0\0\0S"sv)) return Charset{"UNICODE UTF-32", "UTF-32LE", Coding::utf32};
    if (bytes.starts_with("\0\0\0M"sv)) return Charset{"UNICODE UTF-32", "UTF-32BE", Coding::utf32};
    if (bytes.starts_with("\xFF\xFE"sv)) return Charset{"UNICODE UTF-16", "UTF-16", Coding::utf16};
    if (bytes.starts_with("\xFE\xFF"sv)) return Charset{"UNICODE UTF-16", "UTF-16", Coding::utf16};
    if (bytes.starts_with("M\0S\0"sv)) return Charset{"UNICODE UTF-16", "UTF-16LE", Coding::utf16};
    if (bytes.starts_with("\0M\0S"sv)) return Charset{"UNICODE UTF-16", "UTF-16BE", Coding::utf16};
    return std::nullopt;
}

struct Header {
    std::size_t begin = std::string_view::npos;  ///< of MSH
    std::string_view line;
};

Header find_header(std::string_view bytes) noexcept {
    for (const std::string_view name : {"MSH", "FHS", "BHS"}) {
        const std::size_t begin = bytes.substr(0, 4096).find(name);
        if (begin == std::string_view::npos) continue;
        const std::string_view line = bytes.substr(begin, 65536);
        return {begin, line.substr(0, line.find_first_of("\r\n"))};
    }
    return {};
}

}  // namespace

std::string_view describe(CharsetIssue::Kind kind) noexcept {
    switch (kind) {
        case CharsetIssue::Kind::invalid_bytes:
            return "bytes that the character set does not have were replaced";
        case CharsetIssue::Kind::undeclared_bytes:
            return "bytes above ASCII that MSH-18 does not declare";
        case CharsetIssue::Kind::unknown_name:
            return "MSH-18 names no known character set";
        case CharsetIssue::Kind::misspelt_name:
            return "MSH-18 misspells the character set";
        case CharsetIssue::Kind::mislabelled:
            return "windows-1252 bytes in a message declared as 8859/1";
        case CharsetIssue::Kind::contradiction:
            return "a byte order mark or a repetition contradicts MSH-18";
    }
    return "unknown issue";
}

std::string_view find_msh_18(std::string_view bytes) noexcept {
    const Header header = find_header(bytes);
    if (header.line.size() < 4 || !header.line.starts_with("MSH")) return {};
    std::string_view rest = header.line;
    const char separator = rest[3];
    for (int field = 1; field < 18; ++field) {
        const std::size_t next = rest.find(separator);
        if (next == std::string_view::npos) return {};
        rest.remove_prefix(next + 1);
    }
    return rest.substr(0, rest.find(separator));
}

DecodedText decode_to_utf8(std::string_view bytes, const CharsetOptions& options) {
    DecodedText out;
    const Header header = find_header(bytes);
    const std::string_view declared = find_msh_18(bytes);
    const std::size_t at = declared.data() ? static_cast<std::size_t>(declared.data() - bytes.data()) : 0;
    // MSH-2: component, repetition, escape
    const char repetition = header.line.size() > 5 ? header.line[5] : '~';
    const char escape = header.line.size() > 6 && may_delimit(header.line[6]) ? header.line[6] : '\0';
    const std::string_view first = declared.substr(0, declared.find(repetition));

    Charset charset{"ASCII", "US-ASCII", Coding::ascii};
    if (!options.override_name.empty()) {
        if (const auto found = find_charset(options.override_name)) charset = found->charset;
    } else if (const auto wide = wide_charset(bytes)) {
        charset = *wide;
    } else if (!first.empty() && first != "\"\"") {
        const auto found = find_charset(first);
        if (found) charset = found->charset;
        if (!found) out.issues.push_back({CharsetIssue::Kind::unknown_name, at});
        if (found && found->misspelt) out.issues.push_back({CharsetIssue::Kind::misspelt_name, at});
        if (found && charset.coding == Coding::utf8 && first.size() != declared.size()) {
            out.issues.push_back({CharsetIssue::Kind::contradiction, at + first.size()});
        }
        if (charset.coding == Coding::utf16 || charset.coding == Coding::utf32) {  // MSH could be read: it is not wide
            out.issues.push_back({CharsetIssue::Kind::contradiction, at});
            charset = {"UNICODE UTF-8", "UTF-8", Coding::utf8};
        }
    }
    if (bytes.starts_with("\xEF\xBB\xBF") && charset.coding != Coding::utf8) {
        out.issues.push_back({CharsetIssue::Kind::contradiction, 0});
        charset = {"UNICODE UTF-8", "UTF-8", Coding::utf8};
    }
    if (charset.coding == Coding::ascii) {
        const auto high = std::find_if(bytes.begin(), bytes.end(), is_high);
        if (high != bytes.end()) {
            out.issues.push_back(
                {CharsetIssue::Kind::undeclared_bytes, static_cast<std::size_t>(high - bytes.begin())});
            if (valid_utf8_prefix(bytes) == bytes.size()) {
                charset = {"UNICODE UTF-8", "UTF-8", Coding::utf8};
            } else if (const auto found = find_charset(options.default_name)) {
                charset = found->charset;
            }
        }
    }
    out.charset = charset.name;
    TextDecoder(bytes, charset, escape, out).run();
    return out;
}

}  // namespace causeway::hl7v2
