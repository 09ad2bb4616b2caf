#include <algorithm>
#include <array>

#include "hl7v2/builder.hpp"
#include "hl7v2/charset.hpp"
#include "hl7v2/charset_names.hpp"
#include "hl7v2/escape.hpp"

namespace causeway::hl7v2 {

using charsets::Coding;
using charsets::Converter;

namespace {

/// Base letters of U+00C0 to U+017F; `?` where there is none.
constexpr std::string_view base_letters =
    "AAAAAAACEEEEIIIIDNOOOOOxOUUUUYTsaaaaaaaceeeeiiiidnooooo/ouuuuyty"
    "AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIiIiJjKkkLlLlLlLlLlNnNnNnnNnOoOoOoOoRrRrRrSsSsSsSsTtTtTtUuUuUuUuUu"
    "UuWwYyYZzZzZzs";
static_assert(base_letters.size() == 0x180 - 0xC0);

/// A plain way to write a character that a set lacks.
std::string_view transliteration(char32_t c) noexcept {
    struct Plain {
        char32_t character;
        std::string_view text;
    };
    static constexpr std::array<Plain, 28> plain = {{
        {0x00A0, " "},   {0x00A9, "(c)"}, {0x00AB, "<<"}, {0x00AE, "(R)"}, {0x00B0, " deg"}, {0x00B1, "+/-"},
        {0x00B2, "2"},   {0x00B3, "3"},   {0x00B5, "u"},  {0x00BB, ">>"},  {0x00C6, "AE"},   {0x00DF, "ss"},
        {0x00E6, "ae"},  {0x0152, "OE"},  {0x0153, "oe"}, {0x03BC, "u"},   {0x2013, "-"},    {0x2014, "-"},
        {0x2018, "'"},   {0x2019, "'"},   {0x201A, "'"},  {0x201C, "\""},  {0x201D, "\""},   {0x201E, "\""},
        {0x2026, "..."}, {0x20AC, "EUR"}, {0x2264, "<="}, {0x2265, ">="},
    }};
    const auto found = std::ranges::find(plain, c, &Plain::character);
    if (found != plain.end()) return found->text;
    if (c >= 0xC0 && c < 0x180) return base_letters.substr(c - 0xC0, 1);
    return {};
}

/// The character at the front of well-formed UTF-8, and its length.
std::pair<char32_t, std::size_t> front(std::string_view text) noexcept {
    const auto byte = [&text](std::size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text[i])); };
    const char32_t lead = byte(0);
    if (lead < 0x80 || text.size() < 2) return {lead, 1};
    if (lead < 0xE0 || text.size() < 3) return {(lead & 0x1FU) << 6U | (byte(1) & 0x3FU), 2};
    if (lead < 0xF0 || text.size() < 4) return {(lead & 0x0FU) << 12U | (byte(1) & 0x3FU) << 6U | (byte(2) & 0x3FU), 3};
    return {(lead & 0x07U) << 18U | (byte(1) & 0x3FU) << 12U | (byte(2) & 0x3FU) << 6U | (byte(3) & 0x3FU), 4};
}

/// Katakana of half width are one byte each; the rest is ASCII, as the decoder reads it.
std::size_t encode_jis_x_0201(std::string_view text, std::string& out) {
    std::size_t at = 0;
    while (at < text.size()) {
        const auto [character, size] = front(text.substr(at));
        const bool katakana = character >= 0xFF61 && character <= 0xFF9F;
        if (character >= 0x80 && !katakana) break;
        out += static_cast<char>(katakana ? character - 0xFF61 + 0xA1 : character);
        at += size;
    }
    return at;
}

/// Back to ASCII before every ASCII character: JIS X 0212 has a tilde of its own, which no reader takes for a delimiter.
bool convert_shifting(Converter& converter, std::string_view& text, std::string& out) {
    const auto ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
    while (!text.empty()) {
        const bool plain = ascii(text.front());
        if (plain) converter.finish(out);
        const auto end = std::ranges::find_if(text, [&](char c) { return ascii(c) != plain; });
        std::string_view run(text.data(), static_cast<std::size_t>(end - text.begin()));
        const std::size_t size = run.size();
        const bool all = converter.convert(run, out);
        text.remove_prefix(size - run.size());
        if (!all) return false;
    }
    return true;
}

/// A set that an escape sequence puts into the upper half of the code table: no byte of it is a delimiter.
struct Designated {
    std::string_view name, iconv_name, sequence;  ///< as after ESC
};
constexpr std::array<Designated, 12> designated = {{{"8859/1", "ISO-8859-1", "-A"},
                                                    {"8859/2", "ISO-8859-2", "-B"},
                                                    {"8859/3", "ISO-8859-3", "-C"},
                                                    {"8859/4", "ISO-8859-4", "-D"},
                                                    {"8859/5", "ISO-8859-5", "-L"},
                                                    {"8859/6", "ISO-8859-6", "-G"},
                                                    {"8859/7", "ISO-8859-7", "-F"},
                                                    {"8859/8", "ISO-8859-8", "-H"},
                                                    {"8859/9", "ISO-8859-9", "-M"},
                                                    {"8859/15", "ISO-8859-15", "-b"},
                                                    {"KS X 1001", "EUC-KR", "$)C"},
                                                    {"GB 18030-2000", "EUC-CN", "$)A"}}};

/// The upper half of the code table filled from another set for some characters, and back.
class SetSwitch {
public:
    /// `escape` NUL: there is none.
    SetSwitch(std::string_view base, char escape)
        : base_(std::ranges::find(designated, base, &Designated::name)),
          escape_(base_ != designated.end() || base == "ASCII" ? escape : '\0') {}

    /// Writes the characters at the front of `rest` that are not ASCII in a set that has the first; false if none has.
    bool write(std::string_view& rest, EncodedText& out) const {
        if (escape_ == '\0') return false;
        for (auto set = designated.begin(); set != designated.end(); ++set) {
            if (set == base_) continue;
            Converter converter(set->iconv_name, "UTF-8");
            if (!converter) continue;
            std::string bytes;
            const std::size_t taken = take(rest, converter, bytes);
            if (taken == 0) continue;
            sequence(set->sequence, out.bytes);
            out.bytes += bytes;
            if (base_ != designated.end()) sequence(base_->sequence, out.bytes);
            if (std::ranges::find(out.switched_to, set->name) == out.switched_to.end())
                out.switched_to.push_back(set->name);
            rest.remove_prefix(taken);
            return true;
        }
        return false;
    }

private:
    static std::size_t take(std::string_view text, Converter& converter, std::string& bytes) {
        std::size_t at = 0;
        while (at < text.size() && static_cast<unsigned char>(text[at]) >= 0x80) {
            std::string_view one = text.substr(at, front(text.substr(at)).second);
            const std::size_t size = one.size();
            std::string as_bytes;
            const bool upper = converter.convert(one, as_bytes) && std::ranges::all_of(as_bytes, [](char c) {
                                   return static_cast<unsigned char>(c) > 0xA0;
                               });
            if (!upper) break;
            bytes += as_bytes;
            at += size;
        }
        return at;
    }

    /// `\C2D46\` for `-F`, `\M242943\` for `$)C`.
    void sequence(std::string_view text, std::string& out) const {
        constexpr std::string_view digits = "0123456789ABCDEF";
        out.append(1, escape_).append(1, text.front() == '$' ? 'M' : 'C');
        for (const char c : text) {
            const auto byte = static_cast<unsigned char>(c);
            out.append(1, digits[byte >> 4U]).append(1, digits[byte & 0x0FU]);
        }
        out += escape_;
    }

    decltype(designated)::const_iterator base_;
    char escape_;
};

/// `escape`: the message's escape character, where characters may be written by escape sequences; else NUL.
Result<EncodedText> encode(std::string_view text, std::string_view charset, Unmappable unmappable, char escape) {
    if (const std::size_t good = valid_utf8_prefix(text); good != text.size()) return Error{Errc::bad_charset, good};
    const auto found = charsets::find_charset(charset.empty() ? std::string_view("ASCII") : charset);
    if (!found) return Error{Errc::bad_charset, 0};
    EncodedText out;
    if (found->charset.coding == Coding::utf8) {
        out.bytes = text;
        return out;
    }
    const bool katakana = found->charset.coding == Coding::jis_x_0201;
    std::string_view name = found->charset.iconv_name;
    if (katakana) name = "ASCII";
    if (found->charset.name == "8859/1") name = "ISO-8859-1";  // the truth, not windows-1252
    Converter converter(name, "UTF-8");
    if (!converter) return Error{Errc::bad_charset, 0};
    std::string_view rest = text;
    const bool shifts = found->charset.coding == Coding::iso_2022;
    const auto convert = [&] {
        if (shifts) return convert_shifting(converter, rest, out.bytes);
        if (!katakana) return converter.convert(rest, out.bytes);
        rest.remove_prefix(encode_jis_x_0201(rest, out.bytes));
        return rest.empty();
    };
    const SetSwitch other_sets(found->charset.name, unmappable == Unmappable::escape ? escape : '\0');
    while (!convert()) {
        const std::size_t offset = text.size() - rest.size();
        if (other_sets.write(rest, out)) continue;
        if (unmappable == Unmappable::refuse) return Error{Errc::not_tolerated, offset};
        if (out.replaced++ == 0) out.first_offset = offset;
        const auto [character, size] = front(rest);
        std::string_view plain =
            unmappable == Unmappable::transliterate ? transliteration(character) : std::string_view{};
        if (plain.empty()) plain = "?";
        converter.convert(plain, out.bytes);
        rest.remove_prefix(size);
    }
    converter.finish(out.bytes);
    return out;
}

}  // namespace

Result<EncodedText> encode_from_utf8(std::string_view text, std::string_view charset, Unmappable unmappable) {
    return encode(text, charset, unmappable, '\0');
}

Result<EncodedText> encode_message(std::string_view utf8_message, std::string_view charset, Unmappable unmappable) {
    const auto found = charsets::find_charset(charset.empty() ? std::string_view("ASCII") : charset);
    if (!found) return Error{Errc::bad_charset, 0};
    auto message = MessageView::parse(utf8_message, {{}, Tolerances::all()});
    if (!message) return message.error();
    const Delimiters& delimiters = message->delimiters();
    if (unmappable == Unmappable::escape && delimiters.repetition != '\0') {
        MessageBuilder stating = MessageBuilder::edit(*message);
        stating.header().set_raw({18}, found->charset.name);
        auto encoded = encode(stating.text(), charset, unmappable, delimiters.escape);
        if (!encoded || encoded->switched_to.empty()) return encoded;
        std::string sets(found->charset.name);
        for (const std::string_view set : encoded->switched_to) sets.append(1, delimiters.repetition).append(set);
        stating.header().set_raw({18}, sets);
        stating.header().set(20, "2.3");
        return encode(stating.text(), charset, unmappable, delimiters.escape);
    }
    const std::string_view stated = message->segment("MSH").field(18).raw();
    const auto now = stated.empty() ? charsets::find_charset("ASCII") : charsets::find_charset(stated);
    if (now && now->charset.name == found->charset.name) return encode_from_utf8(utf8_message, charset, unmappable);
    MessageBuilder builder = MessageBuilder::edit(*message);
    builder.header().set_raw({18}, found->charset.name);
    return encode_from_utf8(builder.text(), charset, unmappable);
}

bool can_frame_charset(std::string_view charset) noexcept {
    const auto found = charsets::find_charset(charset.empty() ? std::string_view("ASCII") : charset);
    return found && found->charset.coding != Coding::utf16 && found->charset.coding != Coding::utf32;
}

}  // namespace causeway::hl7v2
