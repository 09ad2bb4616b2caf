#include "tests/hl7v2/generated/conforming.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "hl7v2/escape.hpp"

namespace causeway::hl7v2::testing {

namespace {

using dictionary::Datatype;
using dictionary::Element;
using dictionary::Item;
using dictionary::Usage;

constexpr std::size_t segments_max = 400;

/// Writes values; levels are field, component, subcomponent.
class ValueWriter {
public:
    ValueWriter(Random& random, dictionary::Version version, const Delimiters& delimiters, const Density& density)
        : random_(random), version_(version), delimiters_(delimiters), density_(density) {}

    std::string field(const Element& element) {
        const std::size_t most = element.repetitions_max == 0 ? 4 : std::min<std::size_t>(element.repetitions_max, 4);
        const std::size_t times = random_.percent(70) || delimiters_.repetition == '\0' ? 1 : random_.between(1, most);
        std::string out;
        for (std::size_t i = 0; i < times; ++i) {
            if (i > 0) out += delimiters_.repetition;
            out += repetition(element);
        }
        return out;
    }

    std::string leaf(const Element& element) {
        const std::size_t room = element.length_max == 0 ? 40 : element.length_max;
        const auto table = version_.table(element.table);
        if (table && table->hl7_defined() && table->size() > 0 && element.datatype != "NM" &&
            element.datatype != "SI") {
            if (const std::string code = code_of(*table, room); !code.empty()) return code;
            // escaped it is longer than the field, which costs a warning
            if (const std::string code = code_of(*table, SIZE_MAX); !code.empty()) return code;
        }
        return primitive(element.datatype, room);
    }

private:
    std::string repetition(const Element& element) {
        const auto type = version_.datatype(element.datatype);
        if (!type || type->primitive()) return leaf(element);
        std::string out = composite(*type, element, delimiters_.component, false);
        // too long for the field: only what is required
        if (element.length_max != 0 && out.size() > element.length_max) {
            const Density before = density_;
            density_.components = 0;
            out = composite(*type, element, delimiters_.component, false);
            density_ = before;
        }
        return out;
    }

    /// Never empty; trailing empty components are left out.
    std::string composite(const Datatype& type, const Element& element, char separator, bool inner) {
        std::string out;
        std::size_t pending = 0;
        for (std::size_t n = 1; n <= type.size(); ++n) {
            const Element part = type.component(n);
            const bool wanted = part.usage == Usage::required || (n == 1 && part.usage != Usage::withdrawn) ||
                                (part.usage != Usage::withdrawn && random_.percent(density_.components));
            if (wanted && (n == 1 || separator != '\0')) {
                out.append(pending, separator).append(component(part, element, n, inner));
                pending = 0;
            }
            ++pending;
        }
        return out;
    }

    std::string component(const Element& part, const Element& owner, std::size_t n, bool inner) {
        Element element = part;
        const bool coded =
            owner.datatype == "CE" || owner.datatype == "CWE" || owner.datatype == "CNE" || owner.datatype == "CF";
        if (coded && n == 1 && !inner) element.table = owner.table;
        if (coded && (n == 3 || n == 6)) return "L";
        if (coded && n == 4) return "A1";
        const auto type = version_.datatype(element.datatype);
        if (!type || type->primitive()) return leaf(element);
        if (!inner && delimiters_.subcomponent != '\0') {
            return composite(*type, element, delimiters_.subcomponent, true);
        }
        for (int depth = 0; depth < 4; ++depth) {  // nothing is deeper than a subcomponent
            const auto deeper = version_.datatype(element.datatype);
            if (!deeper || deeper->primitive()) break;
            element = deeper->component(1);
        }
        return leaf(element);
    }

    /// Any code of the table that fits and can be written: without an escape character one that has no delimiter.
    std::string code_of(const dictionary::Table& table, std::size_t room) {
        const std::size_t first = random_.below(table.size());
        for (std::size_t i = 0; i < table.size(); ++i) {
            const std::string code(table[(first + i) % table.size()].code);
            std::string escaped;
            encode_escapes(code, delimiters_, escaped);
            if (!code.empty() && escaped.size() <= room && (delimiters_.escape != '\0' || escaped == code)) {
                return escaped;
            }
        }
        return {};
    }

    std::string primitive(std::string_view datatype, std::size_t room) {
        if (datatype == "NM") return number(room);
        if (datatype == "SI") return std::to_string(random_.between(1, room > 1 ? 99 : 9));
        if (datatype == "DT") return date().substr(0, std::min<std::size_t>(room, 8) / 2 * 2);
        if (datatype == "TM") return clock().substr(0, std::min<std::size_t>(room, 6) / 2 * 2);
        if (datatype == "DTM" || datatype == "TS") return time(room);
        if (datatype == "ID" || datatype == "IS") return std::string("A1").substr(0, std::max<std::size_t>(room, 1));
        return words(room);
    }

    std::string number(std::size_t room) {
        static constexpr std::array<std::string_view, 8> texts = {"1", "7", "42", "-3", "+5", "1.50", "007", "120.5"};
        const std::string_view text = random_.one_of(texts);
        return std::string(text.size() <= room ? text : "1");
    }
    std::string two(std::size_t low, std::size_t high) {
        const std::string text = std::to_string(random_.between(low, high));
        return text.size() < 2 ? "0" + text : text;
    }
    std::string date() { return std::to_string(random_.between(1921, 2031)) + two(1, 12) + two(1, 28); }
    std::string clock() { return two(0, 23) + two(0, 59) + two(0, 59); }
    std::string time(std::size_t room) {
        static constexpr std::array<std::size_t, 6> sizes = {4, 6, 8, 12, 14, 14};
        std::string text = (date() + clock()).substr(0, random_.one_of(sizes));
        if (text.size() == 14 && random_.percent(20)) text += ".1234";
        if (text.size() >= 12 && random_.percent(30)) text += random_.percent(50) ? "+0100" : "-0530";
        return text.size() <= room ? text : date().substr(0, std::min<std::size_t>(room / 2 * 2, 8));
    }

    std::string words(std::size_t room) {
        static constexpr std::array<std::string_view, 12> stock = {
            "alpha", "Beta",    "gamma ray", "x", "3 < 5",  "caf\xC3\xA9",
            "a&b",   "r|s^t~u", "back\\h",   "",  "l1\nl2", "\xE6\x82\xA3\xE8\x80\x85"};
        std::string plain(random_.one_of(stock));
        while (random_.percent(30) && plain.size() < 200) plain.append(" ").append(random_.one_of(stock));
        if (delimiters_.escape == '\0') plain = "plain";
        std::string escaped;
        encode_escapes(plain, delimiters_, escaped);
        if (escaped.empty() || escaped.size() > room)
            escaped = std::string("W1").substr(0, std::max<std::size_t>(room, 1));
        return escaped;
    }

    Random& random_;
    dictionary::Version version_;
    const Delimiters& delimiters_;
    Density density_;
};

class MessageWriter {
public:
    MessageWriter(Random& random, dictionary::Version version, dictionary::Structure structure,
                  const Delimiters& delimiters, const Density& density)
        : random_(random),
          delimiters_(delimiters),
          density_(density),
          values_(random, version, delimiters, density),
          out_{version, structure, {}, {}, false} {
        choose_event();
    }

    ConformingMessage run() {
        const Item root = out_.structure.root();
        for (std::size_t i = 0; i < root.size(); ++i) item(root.child(i));
        return std::move(out_);
    }

private:
    /// One of the events the structure serves, if it has any.
    void choose_event() {
        std::vector<dictionary::Event> events;
        for (std::size_t i = 0; i < dictionary::Version::event_count(); ++i) {
            const auto event = out_.version.event_at(i);
            // Qnn and Znn stand for any
            if (event && event->structure == out_.structure.name() && !event->event().ends_with("nn")) {
                events.push_back(*event);
            }
        }
        const std::string_view name = out_.structure.name();
        if (!events.empty()) {
            const dictionary::Event event = random_.one_of(events);
            type_ = event.type();
            event_ = event.event();
        } else {
            type_ = name.substr(0, 3);
            if (name.size() > 4) event_ = name.substr(4);
        }
        const auto found = out_.version.structure_for(type_, event_);
        out_.found_by_header = found && *found == out_.structure && !event_.empty() && !event_.ends_with("nn");
    }

    void item(const Item& one) {
        if (!one.required() && (out_.items.size() > segments_max || !random_.percent(density_.segments))) return;
        const std::size_t times = one.repeats() && random_.percent(40) ? random_.between(1, 3) : 1;
        for (std::size_t i = 0; i < times; ++i) {
            switch (one.kind()) {
                case Item::Kind::segment:
                    segment(one.name(), one.id());
                    break;
                case Item::Kind::group:
                    group(one);
                    break;
                case Item::Kind::choice: {  // the choice is the place of whichever segment stands there
                    const Item chosen = one.child(random_.below(one.size()));
                    if (chosen.kind() == Item::Kind::segment) {
                        segment(chosen.name(), one.id());
                    } else {
                        group(chosen);
                    }
                    break;
                }
                case Item::Kind::any:
                    segment("ZAN", one.id());
                    break;
            }
        }
    }

    /// A group begins with its first segment, or no reader could tell where it begins.
    void group(const Item& one) {
        for (std::size_t i = 0; i < one.size(); ++i) item(one.child(i));
    }

    void segment(std::string_view name, std::uint32_t id) {
        out_.items.push_back(id);
        const auto definition = out_.version.segment(name);
        if (name == "MSH") {
            out_.text.append("MSH").append(1, delimiters_.field).append(delimiters_.encoding_characters());
        } else {
            out_.text.append(name);
        }
        std::size_t pending = 1;
        value_type_ = {};
        for (std::size_t n = name == "MSH" ? 3 : 1; definition && n <= definition->size(); ++n) {
            const std::string value = field(name, n, definition->field(n));
            if (!value.empty()) {
                out_.text.append(pending, delimiters_.field).append(value);
                pending = 0;
            }
            ++pending;
        }
        if (random_.percent(10)) out_.text.append(pending, delimiters_.field);  // trailing separators mean nothing
        out_.text += '\r';
    }

    std::string field(std::string_view segment, std::size_t n, Element element) {
        if (segment == "MSH" && n == 9) return joined({type_, event_, n3()});
        if (segment == "MSH" && n == 10) return "ID" + std::to_string(random_.below(1'000'000));
        if (segment == "MSH" && n == 12) return std::string(out_.version.text());
        // the character set, and who is to answer when, are for other tests
        if (segment == "MSH" && (n == 13 || n == 14 || (n >= 18 && n <= 21))) return {};
        if (segment == "DSC" || segment == "ADD") return {};
        const bool value_type = segment == "OBX" && n == 2;
        const bool wanted = element.usage == Usage::required || value_type ||
                            (element.usage != Usage::withdrawn && random_.percent(density_.fields));
        if (!wanted) return {};
        if (value_type) return choose_value_type();
        if (element.datatype == "varies") element.datatype = segment == "OBX" ? std::string_view(value_type_) : "ST";
        return values_.field(element);
    }

    std::string choose_value_type() {
        static constexpr std::array<std::string_view, 10> types = {"ST", "NM", "TX", "CE", "CWE",
                                                                   "DT", "TM", "TS", "SN", "FT"};
        do {
            value_type_ = random_.one_of(types);
        } while (!out_.version.datatype(value_type_) || !in_table(value_type_));
        return value_type_;
    }
    bool in_table(std::string_view type) const {
        const auto table = out_.version.table(125);
        return !table || table->size() == 0 || table->display(type).has_value() || type == "ST";
    }

    /// MSH-9.3 came with 2.3.1.
    std::string n3() const {
        return out_.version >= dictionary::version("2.3.1") && out_.found_by_header ? std::string(out_.structure.name())
                                                                                    : std::string();
    }
    std::string joined(const std::vector<std::string>& parts) const {
        if (delimiters_.component == '\0') return parts.front();
        std::string out;
        std::size_t last = parts.size();
        while (last > 0 && parts[last - 1].empty()) --last;
        for (std::size_t i = 0; i < last; ++i) {
            if (i > 0) out += delimiters_.component;
            out += parts[i];
        }
        return out;
    }

    Random& random_;
    const Delimiters& delimiters_;
    Density density_;
    ValueWriter values_;
    ConformingMessage out_;
    std::string type_, event_, value_type_;
};

}  // namespace

ConformingMessage make_conforming(Random& random, dictionary::Version version, dictionary::Structure structure,
                                  const Delimiters& delimiters, const Density& density) {
    return MessageWriter(random, version, structure, delimiters, density).run();
}

}  // namespace causeway::hl7v2::testing
