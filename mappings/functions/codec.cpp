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

bool is_oid(std::string_view text) {
    if (text.size() < 3 || text.front() < '0' || text.front() > '2' || text[1] != '.') return false;
    bool arc_begins = true;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '.') {
            if (arc_begins) return false;
            arc_begins = true;
        } else {
            if (text[i] < '0' || text[i] > '9') return false;
            if (arc_begins && text[i] == '0' && i + 1 < text.size() && text[i + 1] != '.') return false;
            arc_begins = false;
        }
    }
    return !arc_begins;
}

bool is_uuid(std::string_view text) {
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        const char c = text[i];
        const bool hex = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f');
        if (dash ? c != '-' : !hex) return false;
    }
    return true;
}

/// A universal id as a URI, where it is what its type says: a sender's "ISO" with something that is no OID is a name like any
/// other, and left to the lines below.
bool universal_id(const std::string& id, const std::string& type, std::string& out) {
    if (type == "ISO" && is_oid(id)) {
        out = "urn:oid:" + id;
    } else if ((type == "UUID" || type == "GUID") && is_uuid(id)) {
        out = "urn:uuid:";
        for (const char c : id) out += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 32) : c;
    } else if (type == "DNS" && !id.empty() && id.find_first_of(" \t") == std::string::npos) {
        out = "urn:dns:" + id;
    } else if (type == "URI" && id.find(':') != std::string::npos && id.find_first_of(" \t") == std::string::npos) {
        out = id;
    }
    return !out.empty();
}

bool universal_id_back(std::string_view text, CodecOutput& out, int first) {
    struct Row {
        std::string_view prefix, type;
    };
    for (const auto& [prefix, type] : {Row{"urn:oid:", "ISO"}, Row{"urn:uuid:", "UUID"}, Row{"urn:dns:", "DNS"},
                                       Row{"http:", "URI"}, Row{"https:", "URI"}}) {
        if (text.substr(0, prefix.size()) != prefix) continue;
        out.component(first, type == "URI" ? text : text.substr(prefix.size()));
        out.component(first + 1, type);
        return true;
    }
    return false;
}

bool universal_id_forward(const CodecInput& in, std::string& out) {
    return universal_id(in.component(2), in.component(3), out);
}
bool universal_id_backward(std::string_view text, CodecOutput& out) { return universal_id_back(text, out, 2); }
bool entity_authority_forward(const CodecInput& in, std::string& out) {
    return universal_id(in.component(3), in.component(4), out);
}
bool entity_authority_backward(std::string_view text, CodecOutput& out) { return universal_id_back(text, out, 3); }

/// The media type of ED.2 (HL70191) and ED.3 (HL70291), whether ED.2 is a v2 code or a media type itself.
bool mime_type(const std::string& type, const std::string& given_subtype, std::string& out) {
    struct Row {
        std::string_view code, type, subtype;
    };
    constexpr std::array rows = {Row{"AP", "application", "octet-stream"},
                                 Row{"APPLICATION", "application", "octet-stream"},
                                 Row{"AU", "audio", "basic"},
                                 Row{"AUDIO", "audio", "basic"},
                                 Row{"FT", "text", "plain"},
                                 Row{"TX", "text", "plain"},
                                 Row{"TEXT", "text", "plain"},
                                 Row{"IM", "image", "jpeg"},
                                 Row{"IMAGE", "image", "jpeg"},
                                 Row{"SI", "image", "tiff"},
                                 Row{"NS", "application", "octet-stream"},
                                 Row{"SD", "application", "octet-stream"},
                                 Row{"MULTIPART", "multipart", "mixed"},
                                 Row{"VIDEO", "video", "mpeg"},
                                 Row{"MODEL", "model", "vrml"},
                                 Row{"MESSAGE", "message", "rfc822"}};
    const auto lower = [](std::string text) {
        for (char& c : text)
            if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 32);
        return text;
    };
    const std::string subtype = lower(given_subtype);
    if (type.find('/') != std::string::npos && subtype.empty()) {
        out = lower(type);
    } else {
        std::string upper = type;
        for (char& c : upper)
            if (c >= 'a' && c <= 'z') c = static_cast<char>(c & ~32);
        const auto row = std::find_if(rows.begin(), rows.end(), [&](const Row& r) { return r.code == upper; });
        if (row == rows.end()) return false;
        out = std::string(row->type) + "/" + (subtype.empty() ? std::string(row->subtype) : subtype);
    }
    return out.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789/.+-") == std::string::npos;
}

bool mime_type_back(std::string_view text, CodecOutput& out, int first) {
    const auto slash = text.find('/');
    if (slash == std::string_view::npos || slash == 0 || slash + 1 == text.size()) return false;
    out.component(first, text.substr(0, slash));
    out.component(first + 1, text.substr(slash + 1));
    return true;
}

bool mime_type_forward(const CodecInput& in, std::string& out) {
    return mime_type(in.component(2), in.component(3), out);
}
bool mime_type_backward(std::string_view text, CodecOutput& out) { return mime_type_back(text, out, 2); }
bool pointer_type_forward(const CodecInput& in, std::string& out) {
    return mime_type(in.component(3), in.component(4), out);
}
bool pointer_type_backward(std::string_view text, CodecOutput& out) { return mime_type_back(text, out, 3); }

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

constexpr std::array<std::string_view, 7> days_of_week = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

/// The days of a weekly pattern: RPT.3 and RPT.4, where they name one day or two that follow each other. A longer range is
/// more days than its ends, and left alone.
bool week_range(const CodecInput& in, std::size_t& first, bool& two) {
    const std::string begin = in.component(3), end = in.component(4);
    const auto is_day = [](const std::string& text) { return text.size() == 1 && text[0] >= '1' && text[0] <= '7'; };
    if (!is_day(begin) || !(end.empty() || is_day(end))) return false;
    first = static_cast<std::size_t>(begin[0] - '1');
    const std::size_t last = end.empty() ? first : static_cast<std::size_t>(end[0] - '1');
    two = last == (first + 1) % days_of_week.size();
    return two || last == first;
}

bool first_day_forward(const CodecInput& in, std::string& out) {
    std::size_t first = 0;
    bool two = false;
    if (!week_range(in, first, two)) return false;
    out = days_of_week[first];
    return true;
}

bool second_day_forward(const CodecInput& in, std::string& out) {
    std::size_t first = 0;
    bool two = false;
    if (!week_range(in, first, two) || !two) return false;
    out = days_of_week[(first + 1) % days_of_week.size()];
    return true;
}

bool day_back(std::string_view text, CodecOutput& out, int component) {
    const auto at = std::find(days_of_week.begin(), days_of_week.end(), text);
    if (at == days_of_week.end()) return false;
    out.component(2, "DW");
    out.component(component, std::string(1, static_cast<char>('1' + (at - days_of_week.begin()))));
    return true;
}
bool first_day_backward(std::string_view text, CodecOutput& out) { return day_back(text, out, 3); }
bool second_day_backward(std::string_view text, CodecOutput& out) { return day_back(text, out, 4); }

/// How many minutes one unit of time is; 0 for what is none.
int minutes_of(std::string_view unit) {
    struct Row {
        std::string_view unit;
        int minutes;
    };
    for (const auto& [name, minutes] :
         {Row{"", 1}, Row{"M", 1}, Row{"MIN", 1}, Row{"min", 1}, Row{"MINUTES", 1}, Row{"H", 60}, Row{"HR", 60},
          Row{"h", 60}, Row{"HOUR", 60}, Row{"HOURS", 60}, Row{"D", 1440}, Row{"d", 1440}, Row{"DAYS", 1440},
          Row{"W", 10080}, Row{"wk", 10080}, Row{"L", 0}})
        if (name == unit) return minutes;
    return 0;
}

bool whole_number(const std::string& text, int& value) {
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    return parsed.ptr == text.data() + text.size() && !text.empty() && value >= 0 && value <= 1000000;
}

/// The duration of quantity/timing to 2.4: a letter and a number, D14 for 14 days.
bool old_duration(const std::string& text, std::string_view& amount, std::string_view& unit) {
    struct Row {
        char letter;
        std::string_view unit;
    };
    if (text.size() < 2 || text.find_first_not_of("0123456789", 1) != std::string::npos) return false;
    for (const auto& row :
         {Row{'S', "s"}, Row{'M', "min"}, Row{'H', "h"}, Row{'D', "d"}, Row{'W', "wk"}, Row{'L', "mo"}})
        if (row.letter == text[0]) unit = row.unit;
    amount = std::string_view(text).substr(1);
    return !unit.empty();
}

bool tq_part(const CodecInput& in, std::string& out, int which) {
    const std::string text = in.component(1);
    std::string_view amount, unit;
    if (!old_duration(text, amount, unit)) return false;
    out = which == 0 ? amount : which == 1 ? unit : std::string_view("http://unitsofmeasure.org");
    return true;
}
bool tq_amount_forward(const CodecInput& in, std::string& out) { return tq_part(in, out, 0); }
bool tq_unit_forward(const CodecInput& in, std::string& out) { return tq_part(in, out, 1); }
bool tq_system_forward(const CodecInput& in, std::string& out) { return tq_part(in, out, 2); }

/// A relative time (CQ) in minutes.
bool minutes_forward(const CodecInput& in, std::string& out) {
    int amount = 0;
    const int unit = minutes_of(in.component(2));
    if (unit == 0 || !whole_number(in.component(1), amount)) return false;
    out = std::to_string(std::int64_t{amount} * unit);
    return true;
}

/// The offset of a repeat pattern (RPT.9, in units of RPT.10) in minutes.
bool event_offset_forward(const CodecInput& in, std::string& out) {
    int amount = 0;
    const int unit = minutes_of(in.component(10));
    if (unit == 0 || !whole_number(in.component(9), amount)) return false;
    out = std::to_string(std::int64_t{amount} * unit);
    return true;
}

bool event_offset_backward(std::string_view text, CodecOutput& out) {
    out.component(9, text);
    return !text.empty();
}

/// A v2 time some minutes later or earlier; empty if it is not given to the minute.
std::string shifted(const std::string& start, std::int64_t minutes) {
    if (start.size() < 12) return {};
    const auto number = [&](std::size_t at, std::size_t size) {
        int value = -1;
        std::from_chars(start.data() + at, start.data() + at + size, value);
        return value;
    };
    const int year = number(0, 4), month = number(4, 2), day = number(6, 2), hour = number(8, 2),
              minute = number(10, 2);
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 || hour > 23 || minute < 0 ||
        minute > 59)
        return {};
    std::int64_t total = days_from_civil(year, month, day) * 1440 + hour * 60 + minute + minutes;
    if (total < days_from_civil(1, 1, 1) * 1440) return {};
    std::int64_t days = total / 1440;
    total %= 1440;
    if (total < 0) {
        total += 1440;
        --days;
    }
    // back to a date: the civil date whose day number is `days`, searched from a year that is not later
    int y = std::max(1, year - 1 - static_cast<int>(std::max<std::int64_t>(0, -minutes) / 525600)), m = 1, d = 1;
    while (days_from_civil(y + 1, 1, 1) <= days) ++y;
    while (m < 12 && days_from_civil(y, m + 1, 1) <= days) ++m;
    d = static_cast<int>(days - days_from_civil(y, m, 1)) + 1;
    char text[16];
    const auto put = [&](int at, int size, std::int64_t value) {
        for (int i = size - 1; i >= 0; --i, value /= 10) text[at + i] = static_cast<char>('0' + value % 10);
    };
    put(0, 4, y), put(4, 2, m), put(6, 2, d), put(8, 2, total / 60), put(10, 2, total % 60);
    std::string out(text, 12);
    const auto offset = start.find_first_of("+-", 12);
    out +=
        start.substr(12, 2).find_first_of("+-") == std::string::npos && start.size() >= 14 ? start.substr(12, 2) : "00";
    if (offset != std::string::npos) out += start.substr(offset);
    return out;
}

bool end_of(const std::string& start, const std::string& amount, const std::string& unit, std::string& out) {
    int number = 0;
    const int minutes = minutes_of(unit);
    if (minutes == 0 || !whole_number(amount, number)) return false;
    out = shifted(start, std::int64_t{number} * minutes);
    return !out.empty();
}

/// The end of a scheduled resource: a duration in the field of the line, where start, duration and unit lie as in AIS
/// (4, 7, 8), else as in AIP and AIL (6, 9, 10).
bool offset_end_forward(const CodecInput& in, std::string& out) {
    if (in.field(4).size() >= 12) return end_of(in.field(4), in.component(1), in.field(8), out);
    return end_of(in.field(6), in.component(1), in.field(10), out);
}
/// The same for AIG (8, 11, 12).
bool general_end_forward(const CodecInput& in, std::string& out) {
    return end_of(in.field(8), in.component(1), in.field(12), out);
}
/// The end of a service: TQ1-7 plus TQ1-6.
bool service_end_forward(const CodecInput& in, std::string& out) {
    return end_of(in.field(7), in.component(1), in.component(2), out);
}
/// Its start: TQ1-8 less TQ1-6.
bool service_start_forward(const CodecInput& in, std::string& out) {
    int number = 0;
    const int minutes = minutes_of(in.component(2));
    if (minutes == 0 || !whole_number(in.component(1), number)) return false;
    out = shifted(in.field(8), -std::int64_t{number} * minutes);
    return !out.empty();
}
/// The end of a procedure: PR1-5 plus the minutes of PR1-7.
bool procedure_end_forward(const CodecInput& in, std::string& out) {
    return end_of(in.field(5), in.component(1), "min", out);
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

/// Whether one number of digits is not above another, as they are written: without sign, exponent or leading zeros.
bool not_above(std::string_view a, std::string_view b) {
    const auto cut = [](std::string_view number) {
        const auto point = std::min(number.find('.'), number.size());
        std::string_view fraction = number.substr(point);
        while (!fraction.empty() && (fraction.back() == '0' || fraction.back() == '.')) fraction.remove_suffix(1);
        return std::pair(number.substr(0, point), fraction);
    };
    const auto [whole_a, fraction_a] = cut(a);
    const auto [whole_b, fraction_b] = cut(b);
    if (whole_a.size() != whole_b.size()) return whole_a.size() < whole_b.size();
    return whole_a != whole_b ? whole_a < whole_b : fraction_a <= fraction_b;
}

/// The two ends of "3.5-5.1" or "70 - 105", as they are written; anything else ("<5", "negative", "M: 3-5") stays text only.
bool closed_range(std::string_view text, std::string_view& low, std::string_view& high) {
    const auto blanks = [&] {
        while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    };
    const auto number = [&](std::string_view& out) {
        blanks();
        std::size_t digits = 0, points = 0, size = 0;
        for (; size < text.size(); ++size) {
            const char c = text[size];
            if (c >= '0' && c <= '9')
                ++digits;
            else if (c == '.' && digits != 0 && points == 0)
                ++points;
            else
                break;
        }
        if (digits == 0 || digits > 12 || text[size - 1] == '.') return false;
        if (size > 1 && text[0] == '0' && text[1] != '.') return false;
        out = text.substr(0, size);
        text.remove_prefix(size);
        blanks();
        return true;
    };
    if (!number(low) || text.empty() || text.front() != '-') return false;
    text.remove_prefix(1);
    return number(high) && text.empty() && not_above(low, high);
}

bool range_low_forward(const CodecInput& in, std::string& out) {
    const std::string text = in.component(1);
    std::string_view low, high;
    if (!closed_range(text, low, high)) return false;
    out = low;
    return true;
}

bool range_high_forward(const CodecInput& in, std::string& out) {
    const std::string text = in.component(1);
    std::string_view low, high;
    if (!closed_range(text, low, high)) return false;
    out = high;
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
    Codec{"first_day", "RPT.3 of a weekly pattern as day of the week, where RPT.4 is that day or the next",
          first_day_forward, first_day_backward},
    Codec{"second_day", "RPT.4 of a weekly pattern, where it is the day after RPT.3", second_day_forward,
          second_day_backward},
    Codec{"tq_amount", "the number of a duration like D14", tq_amount_forward, nullptr},
    Codec{"tq_unit", "the unit of a duration like D14, of UCUM", tq_unit_forward, nullptr},
    Codec{"tq_system", "the system of that unit", tq_system_forward, nullptr},
    Codec{"minutes", "a relative time in minutes", minutes_forward, first_backward},
    Codec{"event_offset", "RPT.9 in units of RPT.10 as minutes", event_offset_forward, event_offset_backward},
    Codec{"general_end", "the end of a general resource, AIG-8 plus AIG-11", general_end_forward, nullptr},
    Codec{"service_end", "the end of a service, TQ1-7 plus TQ1-6", service_end_forward, nullptr},
    Codec{"service_start", "the start of a service, TQ1-8 less TQ1-6", service_start_forward, nullptr},
    Codec{"procedure_end", "the end of a procedure, PR1-5 plus PR1-7", procedure_end_forward, nullptr},
    Codec{"universal_id", "HD.2 as a URI, where it is what HD.3 says", universal_id_forward, universal_id_backward},
    Codec{"entity_authority", "EI.3 as a URI, where it is what EI.4 says", entity_authority_forward,
          entity_authority_backward},
    Codec{"mime_type", "ED.2 and ED.3 as a media type", mime_type_forward, mime_type_backward},
    Codec{"pointer_type", "RP.3 and RP.4 as a media type", pointer_type_forward, pointer_type_backward},
    Codec{"error_location", "the place ERR-2 names, as a path", error_location_forward, error_location_backward},
    Codec{"range_low", "the lower end of a reference range like 3.5-5.1", range_low_forward, nullptr},
    Codec{"range_high", "the upper end of a reference range like 3.5-5.1", range_high_forward, nullptr},
    Codec{"narrative", "text as a narrative of one paragraph", narrative_forward, narrative_backward},
};

}  // namespace

std::span<const Codec> all_codecs() noexcept { return codecs; }

const Codec* find_codec(std::string_view name) noexcept {
    const auto at = std::find_if(codecs.begin(), codecs.end(), [&](const Codec& codec) { return codec.name == name; });
    return at == codecs.end() ? nullptr : &*at;
}

}  // namespace causeway::mappings
