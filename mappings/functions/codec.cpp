#include "mappings/functions/codec.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "mappings/engine/time_zone.hpp"

namespace causeway::mappings {
namespace {

bool first_forward(const CodecInput& in, std::string& out) {
    out = in.component(1);
    return !out.empty();
}

bool first_backward(std::string_view text, CodecOutput& out) {
    out.component(1, text);
    return !text.empty();
}

/// +1 217 5550134 X12, from the parts of an XTN.
bool phone_forward(const CodecInput& in, std::string& out) {
    const std::string country = in.component(5), area = in.component(6), local = in.component(7),
                      extension = in.component(8);
    if (local.empty()) return false;
    if (!country.empty()) out += "+" + country + " ";
    if (!area.empty()) out += area + " ";
    out += local;
    if (!extension.empty()) out += " X" + extension;
    return true;
}

constexpr std::string_view base64_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string base64(std::string_view bytes) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
        for (std::size_t j = 0; j < 3; ++j)
            group = group << 8 | (j < count ? static_cast<unsigned char>(bytes[i + j]) : 0U);
        for (std::size_t j = 0; j < 4; ++j) out += j <= count ? base64_alphabet[group >> (18 - 6 * j) & 63] : '=';
    }
    return out;
}

bool unhex(std::string_view text, std::string& out) {
    const auto digit = [](char c) {
        return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
    };
    if (text.size() % 2 != 0) return false;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = digit(text[i]), low = digit(text[i + 1]);
        if (high < 0 || low < 0) return false;
        out += static_cast<char>(high * 16 + low);
    }
    return true;
}

/// ED.5 by its encoding ED.4: Base64 as it is, Hex and plain text recoded.
bool ed_data_forward(const CodecInput& in, std::string& out) {
    const std::string encoding = in.component(4), data = in.component(5);
    if (data.empty()) return false;
    if (encoding == "Hex") {
        std::string bytes;
        if (!unhex(data, bytes)) return false;
        out = base64(bytes);
    } else if (encoding == "A") {
        out = base64(data);
    } else {
        for (const char c : data)
            if (c != '\n' && c != '\r' && c != ' ') out += c;
        for (const char c : out)
            if (base64_alphabet.find(c) == std::string_view::npos && c != '=') return false;
    }
    return !out.empty();
}

bool ed_data_backward(std::string_view text, CodecOutput& out) {
    out.component(4, "Base64");
    out.component(5, text);
    return !text.empty();
}

/// A structured numeric that is no Quantity, Range or Ratio, written together: `2+`, `<>5`.
bool sn_text_forward(const CodecInput& in, std::string& out) {
    for (int i = 1; i <= 4; ++i) out += in.component(i);
    return !out.empty();
}

bool sn_text_backward(std::string_view text, CodecOutput& out) {
    const auto is_number = [](char c) { return (c >= '0' && c <= '9') || c == '.'; };
    const auto is_comparator = [](char c) { return c == '<' || c == '>' || c == '='; };
    std::size_t i = 0;
    const auto take = [&](auto accepts, std::size_t max) {
        const std::size_t start = i;
        while (i < text.size() && i - start < max && accepts(text[i])) ++i;
        return text.substr(start, i - start);
    };
    const std::array<std::string_view, 4> parts = {take(is_comparator, 2), take(is_number, text.size()),
                                                   take([&](char c) { return !is_number(c); }, 1),
                                                   take(is_number, text.size())};
    if (i != text.size() || text.empty()) return false;
    for (int n = 1; n <= 4; ++n)
        if (!parts[static_cast<std::size_t>(n - 1)].empty()) out.component(n, parts[static_cast<std::size_t>(n - 1)]);
    return true;
}

/// Text lines as an attachment's data.
bool lines_forward(const CodecInput& in, std::string& out) {
    const std::string text = in.component(1);
    out = base64(text);
    return !out.empty();
}

bool lines_backward(std::string_view text, CodecOutput& out) {
    std::string bytes;
    std::uint32_t group = 0;
    int bits = 0;
    for (const char c : text) {
        if (c == '=') break;
        const auto value = base64_alphabet.find(c);
        if (value == std::string_view::npos) return false;
        group = group << 6 | static_cast<std::uint32_t>(value);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes += static_cast<char>(group >> bits & 0xff);
        }
    }
    out.component(1, bytes);
    return !bytes.empty();
}

bool positive_forward(const CodecInput& in, std::string& out) {
    std::string_view text;
    const std::string value = in.component(1);
    text = value;
    while (!text.empty() && text.front() == '0') text.remove_prefix(1);
    if (text.empty() || text.size() > 9 || text.find_first_not_of("0123456789") != std::string_view::npos) return false;
    out = text;
    return true;
}

/// An id from MSH-10: what R4 allows in an id, cut to 64; anything else is left to the identity key.
bool msgid_forward(const CodecInput& in, std::string& out) {
    out = in.component(1);
    const bool allowed = std::all_of(out.begin(), out.end(), [](char c) {
        return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '-' || c == '.';
    });
    return allowed && !out.empty() && out.size() <= 64;
}

/// The days of RPT.4.. for a weekly pattern, as FHIR writes them; one code per call.
bool md_range_forward(const CodecInput& in, std::string& out) {
    constexpr std::array<std::string_view, 7> days = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    const std::string day = in.component(3);
    if (day.size() != 1 || day[0] < '1' || day[0] > '7') return false;
    out = days[static_cast<std::size_t>(day[0] - '1')];
    return true;
}

bool md_range_backward(std::string_view text, CodecOutput& out) {
    constexpr std::array<std::string_view, 7> days = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    const auto at = std::find(days.begin(), days.end(), text);
    if (at == days.end()) return false;
    out.component(2, "DW");
    out.component(3, std::string(1, static_cast<char>('1' + (at - days.begin()))));
    return true;
}

/// Start plus duration, for a segment that has start, duration and unit in three fields following AIS-4/7/8 or
/// AIP-6/9/10.
bool offset_end_forward(const CodecInput& in, std::string& out) {
    std::string start = in.field(4), amount = in.component(1), unit = in.field(8);
    if (start.size() < 12) {
        start = in.field(6);
        unit = in.field(10);
    }
    int duration = 0;
    const auto parsed = std::from_chars(amount.data(), amount.data() + amount.size(), duration);
    if (parsed.ptr != amount.data() + amount.size() || amount.empty() || duration < 0 || duration > 1000000 ||
        start.size() < 12)
        return false;
    const bool hours = unit == "H" || unit == "HR" || unit == "h" || unit == "HOUR" || unit == "HOURS";
    const bool minutes = unit.empty() || unit == "MIN" || unit == "min" || unit == "M" || unit == "MINUTES";
    if (!hours && !minutes) return false;
    const auto number = [&](std::size_t at, std::size_t size) {
        int value = -1;
        std::from_chars(start.data() + at, start.data() + at + size, value);
        return value;
    };
    const int year = number(0, 4), month = number(4, 2), day = number(6, 2), hour = number(8, 2),
              minute = number(10, 2);
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 || hour > 23 || minute < 0 ||
        minute > 59)
        return false;
    std::int64_t total =
        days_from_civil(year, month, day) * 1440 + hour * 60 + minute + std::int64_t{duration} * (hours ? 60 : 1);
    const std::int64_t days = total / 1440;
    total %= 1440;
    // back to a date: the civil date whose day number is `days`
    int y = year, m = month, d = day;
    while (days_from_civil(y, m, d) < days) {
        if (++d > days_in_month(y, m)) {
            d = 1;
            if (++m > 12) {
                m = 1;
                ++y;
            }
        }
    }
    char text[16];
    const auto put = [&](int at, int size, std::int64_t value) {
        for (int i = size - 1; i >= 0; --i, value /= 10) text[at + i] = static_cast<char>('0' + value % 10);
    };
    put(0, 4, y), put(4, 2, m), put(6, 2, d), put(8, 2, total / 60), put(10, 2, total % 60);
    out.assign(text, 12);
    const auto offset = start.find_first_of("+-", 12);
    out +=
        start.substr(12, 2).find_first_of("+-") == std::string::npos && start.size() >= 14 ? start.substr(12, 2) : "00";
    if (offset != std::string::npos) out += start.substr(offset);
    return true;
}

/// A narrative of one paragraph.
bool narrative_forward(const CodecInput& in, std::string& out) {
    const std::string text = in.component(1);
    if (text.empty()) return false;
    out = R"(<div xmlns="http://www.w3.org/1999/xhtml"><p>)";
    for (const char c : text) out += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
    out += "</p></div>";
    return true;
}

bool narrative_backward(std::string_view text, CodecOutput& out) {
    const auto begin = text.find("<p>"), end = text.find("</p>");
    if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return false;
    std::string plain(text.substr(begin + 3, end - begin - 3));
    for (const auto& [entity, character] :
         {std::pair<std::string_view, char>{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}})
        for (std::size_t at = 0; (at = plain.find(entity, at)) != std::string::npos; ++at)
            plain.replace(at, entity.size(), 1, character);
    out.component(1, plain);
    return !plain.empty();
}

/// Where ERR-2 says the fault is, as a path: `PID[1]-3[2].1.2`.
bool error_location_forward(const CodecInput& in, std::string& out) {
    out = in.component(1);
    if (out.empty()) return false;
    if (const auto sequence = in.component(2); !sequence.empty()) out += "[" + sequence + "]";
    if (const auto field = in.component(3); !field.empty()) {
        out += "-" + field;
        if (const auto repetition = in.component(4); !repetition.empty()) out += "[" + repetition + "]";
        for (const int part : {5, 6})
            if (const auto number = in.component(part); !number.empty()) out += "." + number;
    }
    return true;
}

bool error_location_backward(std::string_view text, CodecOutput& out) {
    const auto take = [&](std::string_view stops) {
        const auto end = std::min(text.find_first_of(stops), text.size());
        const std::string_view piece = text.substr(0, end);
        text.remove_prefix(end);
        return piece;
    };
    const auto bracketed = [&](int component) {
        if (text.empty() || text.front() != '[') return;
        text.remove_prefix(1);
        const auto number = take("]");
        if (!number.empty()) out.component(component, number);
        if (!text.empty()) text.remove_prefix(1);
    };
    const auto segment = take("[-");
    if (segment.size() != 3) return false;
    out.component(1, segment);
    bracketed(2);
    if (text.empty() || text.front() != '-') return true;
    text.remove_prefix(1);
    if (const auto field = take("[."); !field.empty()) out.component(3, field);
    bracketed(4);
    for (int component = 5; component <= 6 && !text.empty() && text.front() == '.'; ++component) {
        text.remove_prefix(1);
        if (const auto number = take("."); !number.empty()) out.component(component, number);
    }
    return true;
}

constexpr std::array codecs = {
    Codec{"phone", "XTN.5 to XTN.8 as one telephone number", phone_forward, nullptr},
    Codec{"ed_data", "ED.5 as base64, whatever ED.4 says", ed_data_forward, ed_data_backward},
    Codec{"sn_text", "a structured numeric that is no quantity, as text", sn_text_forward, sn_text_backward},
    Codec{"lines", "text as base64 of its UTF-8", lines_forward, lines_backward},
    Codec{"offset_end", "start plus duration of a scheduled resource", offset_end_forward, nullptr},
    Codec{"msgid", "a control id where R4 allows it as an id", msgid_forward, first_backward},
    Codec{"fc", "the first component of a financial class", first_forward, first_backward},
    Codec{"priority", "digits as a positive number", positive_forward, first_backward},
    Codec{"md_range", "a weekly repeat pattern as day of the week", md_range_forward, md_range_backward},
    Codec{"error_location", "the place ERR-2 names, as a path", error_location_forward, error_location_backward},
    Codec{"narrative", "text as a narrative of one paragraph", narrative_forward, narrative_backward},
};

}  // namespace

std::span<const Codec> all_codecs() noexcept { return codecs; }

const Codec* find_codec(std::string_view name) noexcept {
    const auto at = std::find_if(codecs.begin(), codecs.end(), [&](const Codec& codec) { return codec.name == name; });
    return at == codecs.end() ? nullptr : &*at;
}

}  // namespace causeway::mappings
