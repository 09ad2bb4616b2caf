#include "tests/hl7v2/generated/oddities.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace causeway::hl7v2::testing {

namespace {

std::vector<std::string> segments_of(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\r'), text.size() - 1);
        out.emplace_back(text.substr(0, end));
        text.remove_prefix(end + 1);
    }
    return out;
}

std::string joined(const std::vector<std::string>& segments) {
    std::string out;
    for (const std::string& segment : segments) out.append(segment).append("\r");
    return out;
}

/// A place behind MSH-2, so that what is put there stands in a value or between two; npos if there is none.
std::size_t place_in_values(Random& random, const std::string& text, const Delimiters& delimiters) {
    const std::size_t header = text.find(delimiters.field, 4);
    if (header == std::string::npos || header + 1 >= text.size()) return std::string::npos;
    for (int attempt = 0; attempt < 20; ++attempt) {
        const std::size_t at = random.between(header + 1, text.size() - 1);
        const std::size_t begin = text.rfind('\r', at - 1) + 1;
        const std::size_t name_end = begin == 0 ? header : begin + 3;
        if (at > name_end) return at;
    }
    return std::string::npos;
}

void insert_in_values(Random& random, std::string& text, const Delimiters& delimiters, std::string_view what) {
    const std::size_t at = place_in_values(random, text, delimiters);
    if (at != std::string::npos) text.insert(at, what);
}

}  // namespace

Delimiters random_delimiters(Random& random) {
    Delimiters out;
    if (random.percent(55)) return out;
    if (random.percent(30)) {
        out.truncation = '#';
        return out;
    }
    // without those that numbers, versions, structure names and erased values are written with
    std::string characters = "!#$%&'()*,/:;<=>?@[\\]^`{|}~";
    const std::size_t declared = random.between(1, 5);
    // table 0505 has the codes * and # only: where nothing can be escaped, one of them must stay a value
    if (declared < 3) std::erase(characters, '#');
    const auto draw = [&] {
        const std::size_t i = random.below(characters.size());
        const char c = characters[i];
        characters.erase(i, 1);
        return c;
    };
    out.field = draw();
    out.component = draw();
    out.repetition = out.escape = out.subcomponent = out.truncation = '\0';
    if (declared > 1) out.repetition = draw();
    if (declared > 2) out.escape = draw();
    if (declared > 3) out.subcomponent = draw();
    if (declared > 4) out.truncation = draw();
    return out;
}

namespace oddity {

void line_ends(Random& random, std::string& text) {
    static constexpr std::array<std::string_view, 5> ends = {"\n", "\r\n", "\r", "\r\r", "\r\n\n"};
    const bool mixed = random.percent(40);
    const std::string_view one = random.one_of(ends);
    std::string out;
    for (const char c : text) {
        if (c == '\r') {
            out += mixed ? random.one_of(ends) : one;
        } else {
            out += c;
        }
    }
    while (random.percent(40) && !out.empty() && (out.back() == '\r' || out.back() == '\n')) out.pop_back();
    text = std::move(out);
}

void surroundings(Random& random, std::string& text) {
    static constexpr std::array<std::string_view, 6> before = {"\xEF\xBB\xBF", "\v",   "  ",
                                                               "\r\n",         "\t\n", "\xEF\xBB\xBF\v"};
    static constexpr std::array<std::string_view, 5> after = {"\x1c\r", "\x1c", "   ", "\x1a", "\n\n"};
    if (random.percent(60)) text.insert(0, random.one_of(before));
    if (random.percent(60)) text += random.one_of(after);
}

void control_bytes(Random& random, std::string& text) {
    for (std::size_t i = 0, times = random.between(1, 5); i < times; ++i) {
        char c = static_cast<char>(random.below(0x20));
        if (c == '\r' || c == '\n' || c == '\v' || c == '\x1c') c = '\0';
        insert_in_values(random, text, Delimiters{.field = text[3]}, std::string_view(&c, 1));
    }
}

void lower_case_names(Random& random, std::string& text) {
    auto segments = segments_of(text);
    for (std::string& segment : segments) {
        if (!random.percent(40) || segment.size() < 3) continue;
        for (std::size_t i = 0; i < 3; ++i) {
            if (segment[i] >= 'A' && segment[i] <= 'Z') segment[i] = static_cast<char>(segment[i] | 0x20);
        }
    }
    text = joined(segments);
}

void line_breaks_in_text(Random& random, std::string& text, const Delimiters& delimiters) {
    static constexpr std::array<std::string_view, 4> breaks = {"\n  more text", "\r\nnext line", "\r(text)",
                                                               "\n1. first\n2. second"};
    insert_in_values(random, text, delimiters, random.one_of(breaks));
}

void extra_segments(Random& random, std::string& text, const Delimiters& delimiters) {
    static constexpr std::array<std::string_view, 8> names = {"ZPD", "Z01", "ZZZ", "XYZ", "NTE", "OBX", "PV1", "AB1"};
    auto segments = segments_of(text);
    for (std::size_t i = 0, times = random.between(1, 4); i < times; ++i) {
        std::string made(random.one_of(names));
        if (random.percent(80)) made.append(1, delimiters.field).append("1").append(1, delimiters.field).append("x");
        segments.insert(segments.begin() + static_cast<std::ptrdiff_t>(random.between(1, segments.size())), made);
    }
    text = joined(segments);
}

void moved_segments(Random& random, std::string& text) {
    auto segments = segments_of(text);
    if (segments.size() < 3) return;
    for (std::size_t i = 0, times = random.between(1, 3); i < times; ++i) {
        const std::size_t a = random.between(1, segments.size() - 1), b = random.between(1, segments.size() - 1);
        if (random.percent(30)) {
            segments.insert(segments.begin() + static_cast<std::ptrdiff_t>(a), segments[b]);
        } else if (random.percent(30) && segments.size() > 3) {
            segments.erase(segments.begin() + static_cast<std::ptrdiff_t>(a));
        } else {
            std::swap(segments[a], segments[b]);
        }
    }
    text = joined(segments);
}

void addenda(Random& random, std::string& text, const Delimiters& delimiters) {
    for (std::size_t i = 0, times = random.between(1, 3); i < times; ++i) {
        insert_in_values(random, text, delimiters, std::string("\rADD") + delimiters.field);
    }
    if (random.percent(20)) text.append("DSC").append(1, delimiters.field).append("next\r");
}

void long_repetitions(Random& random, std::string& text, const Delimiters& delimiters) {
    if (delimiters.repetition == '\0') return;
    std::string many;
    for (std::size_t i = 0, times = random.between(20, 400); i < times; ++i) {
        many.append(1, delimiters.repetition).append(random.percent(70) ? "v" : "");
    }
    insert_in_values(random, text, delimiters, many);
}

void huge_value(Random& random, std::string& text, const Delimiters& delimiters) {
    insert_in_values(random, text, delimiters, std::string(random.between(1'000, 120'000), 'B'));
}

void odd_escapes(Random& random, std::string& text, const Delimiters& delimiters) {
    if (delimiters.escape == '\0') return;
    static constexpr std::array<std::string_view, 22> bodies = {
        "F",   "S",   "T",    "R",     "E",     "P",        "H",     "N",     "X0D0A",  "X41", "X4",
        "XZZ", ".br", ".sp3", ".in-2", ".ti+4", ".unknown", "C2842", "M2442", "Zlocal", "",    "unclosed text"};
    for (std::size_t i = 0, times = random.between(1, 4); i < times; ++i) {
        std::string made(1, delimiters.escape);
        made += random.one_of(bodies);
        if (random.percent(85)) made += delimiters.escape;
        insert_in_values(random, text, delimiters, made);
    }
}

void extra_parts(Random& random, std::string& text, const Delimiters& delimiters) {
    auto segments = segments_of(text);
    for (std::string& segment : segments) {
        if (random.percent(30)) segment.append(random.between(1, 60), delimiters.field).append("x");
        if (random.percent(20)) segment.append(random.between(1, 30), delimiters.component).append("y");
        if (random.percent(10) && delimiters.subcomponent != '\0') {
            segment.append(random.between(1, 9), delimiters.subcomponent).append("z");
        }
    }
    text = joined(segments);
}

void erased_values(Random& random, std::string& text, const Delimiters& delimiters) {
    for (std::size_t i = 0, times = random.between(1, 5); i < times; ++i) {
        const std::string made = std::string(1, delimiters.field) + "\"\"" + std::string(1, delimiters.field);
        insert_in_values(random, text, delimiters, made);
    }
}

void wrong_header(Random& random, std::string& text, const Delimiters& delimiters) {
    auto segments = segments_of(text);
    std::vector<std::string> fields;
    std::string& header = segments.front();
    for (std::size_t at = 0; at <= header.size();) {
        const std::size_t end = std::min(header.find(delimiters.field, at), header.size());
        fields.push_back(header.substr(at, end - at));
        at = end + 1;
    }
    fields.resize(std::max<std::size_t>(fields.size(), 12));
    static constexpr std::array<std::string_view, 8> versions = {"",        "2",     "3.0",  "2.9",
                                                                 "2.5.1.2", "2.3.2", "v2.4", "2.5~2.6"};
    static constexpr std::array<std::string_view, 6> types = {"", "ACK", "ZZZ", "ORU", "XXX^Y", "ADT^A99^ADT_A99"};
    if (random.percent(50)) fields[11] = random.one_of(versions);
    if (random.percent(50)) fields[8] = random.one_of(types);
    if (random.percent(20)) fields[9].clear();
    if (random.percent(20)) fields.resize(random.between(3, fields.size()));
    header.clear();
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (i > 0) header += delimiters.field;
        header += fields[i];
    }
    text = joined(segments);
}

void damaged_bytes(Random& random, std::string& text) {
    for (std::size_t i = 0, times = random.between(1, 8); i < times; ++i) {
        const char c = static_cast<char>(random.between(0x80, 0xFF));
        insert_in_values(random, text, Delimiters{.field = text[3]}, std::string_view(&c, 1));
    }
}

void cut_off(Random& random, std::string& text) { text.resize(random.below(text.size() + 1)); }

}  // namespace oddity

std::vector<std::string> make_odd(Random& random, std::string& text, const Delimiters& delimiters, bool& readable) {
    std::vector<std::string> done;
    const auto maybe = [&](std::size_t chance, const char* name, auto&& change) {
        if (!random.percent(chance)) return;
        change();
        done.emplace_back(name);
    };
    // first what works on segments, then what changes how they are ended
    maybe(15, "moved_segments", [&] { oddity::moved_segments(random, text); });
    maybe(15, "extra_segments", [&] { oddity::extra_segments(random, text, delimiters); });
    maybe(10, "extra_parts", [&] { oddity::extra_parts(random, text, delimiters); });
    maybe(10, "wrong_header", [&] { oddity::wrong_header(random, text, delimiters); });
    maybe(10, "addenda", [&] { oddity::addenda(random, text, delimiters); });
    maybe(8, "long_repetitions", [&] { oddity::long_repetitions(random, text, delimiters); });
    maybe(3, "huge_value", [&] { oddity::huge_value(random, text, delimiters); });
    maybe(15, "odd_escapes", [&] { oddity::odd_escapes(random, text, delimiters); });
    maybe(10, "erased_values", [&] { oddity::erased_values(random, text, delimiters); });
    maybe(10, "control_bytes", [&] { oddity::control_bytes(random, text); });
    maybe(8, "damaged_bytes", [&] { oddity::damaged_bytes(random, text); });
    maybe(8, "lower_case_names", [&] { oddity::lower_case_names(random, text); });
    maybe(8, "line_breaks_in_text", [&] { oddity::line_breaks_in_text(random, text, delimiters); });
    maybe(30, "line_ends", [&] { oddity::line_ends(random, text); });
    maybe(20, "surroundings", [&] { oddity::surroundings(random, text); });
    readable = true;
    maybe(5, "cut_off", [&] {
        oddity::cut_off(random, text);
        readable = false;
    });
    return done;
}

}  // namespace causeway::hl7v2::testing
