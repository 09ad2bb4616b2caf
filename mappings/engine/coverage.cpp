#include "mappings/engine/coverage.hpp"

#include <algorithm>
#include <array>

#include "fhir/model/document.hpp"
#include "fhir/r4/tables.hpp"
#include "mappings/engine/forward.hpp"
#include "mappings/engine/inspect.hpp"
#include "mappings/engine/models.hpp"

namespace causeway::mappings {
namespace {

namespace r4 = fhir::r4;

using Record = std::vector<std::string>;

/// Comma separated values with quoted cells; `lines` gets the line each record begins at.
std::vector<Record> read_csv(std::string_view text, std::vector<std::uint32_t>& lines) {
    std::vector<Record> records;
    Record record;
    std::string cell;
    bool quoted = false;
    std::uint32_t line = 1, begin = 1;
    const auto end_record = [&] {
        record.push_back(std::move(cell));
        cell.clear();
        records.push_back(std::move(record));
        record.clear();
        lines.push_back(begin);
        begin = line;
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\n') ++line;
        if (quoted) {
            if (c != '"')
                cell += c;
            else if (i + 1 < text.size() && text[i + 1] == '"')
                cell += text[++i];
            else
                quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == ',') {
            record.push_back(std::move(cell));
            cell.clear();
        } else if (c == '\n') {
            end_record();
        } else if (c != '\r') {
            cell += c;
        }
    }
    if (!cell.empty() || !record.empty()) end_record();
    return records;
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\n')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\n')) text.remove_suffix(1);
    return text;
}

/// "Patient.name[0].given[1]" without type and indexes: "name.given".
std::string without_indexes(std::string_view path) {
    std::string out;
    bool inside = false;
    for (const char c : path) {
        if (c == '[') inside = true;
        if (!inside) out += c;
        if (c == ']') inside = false;
    }
    return out;
}

/// Whether an element at `actual` lies at or below the place a guide calls `wanted`. A guide writes value, value[x] or
/// the type it means, and the type it means is not always R4's: what stands below `value` decides.
bool lies_below(std::string_view actual, std::string_view wanted) {
    while (!wanted.empty()) {
        const auto w = wanted.substr(0, wanted.find('.')), a = actual.substr(0, actual.find('.'));
        const bool choice = w.substr(0, 5) == "value" && a.substr(0, 5) == "value";
        if (a != w && !choice) return false;
        wanted.remove_prefix(std::min(w.size() + 1, wanted.size()));
        actual.remove_prefix(std::min(a.size() + 1, actual.size()));
        if (!wanted.empty() && actual.empty()) return false;
    }
    return true;
}

/// Resource types a guide and a map may choose between for the same party.
bool same_party(std::string_view a, std::string_view b) {
    if (a == b) return true;
    constexpr std::array<std::string_view, 3> parties = {"Practitioner", "PractitionerRole", "Organization"};
    return std::find(parties.begin(), parties.end(), a) != parties.end() &&
           std::find(parties.begin(), parties.end(), b) != parties.end();
}

}  // namespace

/// Where a row's value goes: a path in a type, the last crossing resolved.
struct Coverage::GuideTarget {
    std::string type, path;
    bool crosses = false;

    GuideTarget(std::string_view start, std::string_view text) : type(start) {
        std::string plain = without_indexes(trim(text));
        std::erase_if(plain, [](char c) { return c == ' ' || c == '?' || c == ')'; });
        if (const auto equals = plain.find('='); equals != std::string::npos) plain.resize(equals);
        while (!plain.empty() && plain.front() == '.') plain.erase(0, 1);  // "[2].given": the second of the whole
        std::string_view rest = plain;
        for (auto open = rest.find('('); open != std::string_view::npos; open = rest.find('(')) {
            rest.remove_prefix(open + 1);
            type = rest.substr(0, rest.find_first_of(".("));
            if (type == "Practioner") type = "Practitioner";
            rest.remove_prefix(std::min(type.size() + 1, rest.size()));
            crosses = true;
        }
        if (rest.substr(0, start.size() + 1) == std::string(start) + ".") rest.remove_prefix(start.size() + 1);
        if (!rest.empty() && rest.front() == '$') rest = {};
        path = rest;
    }
};

/// "PID-3", "CX.4.1", "PV1-3.2".
struct Coverage::Source {
    std::string base;  ///< "PID-3" or "CX"
    std::uint8_t component = 0, subcomponent = 0;
    bool datatype = false;

    Source(std::string_view text, bool of_datatype) : datatype(of_datatype) {
        std::array<unsigned, 2> numbers{0, 0};
        const auto dot = std::min(text.find('.'), text.size());
        base = trim(text.substr(0, dot));
        std::size_t which = 0;
        for (const char c : text.substr(std::min(dot + 1, text.size()))) {
            if (c == '.')
                ++which;
            else if (c >= '0' && c <= '9' && which < 2)
                numbers[which] = numbers[which] * 10 + static_cast<unsigned>(c - '0');
        }
        component = static_cast<std::uint8_t>(numbers[0]);
        subcomponent = static_cast<std::uint8_t>(numbers[1]);
        const auto bracket = base.find_first_of("([");
        if (bracket != std::string::npos) base.resize(bracket);
    }
    bool covers(std::uint8_t c, std::uint8_t s) const {
        return (component == 0 || c == 0 || component == c) && (subcomponent == 0 || s == 0 || subcomponent == s);
    }
};

Coverage::Coverage(PlanPtr plan) : plan_(std::move(plan)) {}

void Coverage::note_types(std::string_view field_type, std::uint8_t component, std::uint8_t subcomponent,
                          std::string_view type, std::string_view path) {
    // Every type met on the way down is a place where a type map may have begun.
    std::vector<std::pair<std::string, std::string>> inside = {{std::string(type), std::string(path)}};
    const r4::TypeDef* at = r4::find_type(type);
    std::string_view rest = path;
    while (at && !rest.empty()) {
        const auto name = rest.substr(0, rest.find('.'));
        rest.remove_prefix(std::min(name.size() + 1, rest.size()));
        at = r4::find_element(*at, name).type;
        if (at) inside.emplace_back(at->name, rest);
    }
    const auto note = [&](std::string_view datatype, std::uint8_t c, std::uint8_t s) {
        for (const auto& [name, below] : inside) by_datatype_[std::string(datatype)].insert({c, s, name, below});
    };
    note(field_type, component, subcomponent);
    const auto inner = models::component_type(plan_->version, field_type, component);
    if (!inner.empty()) note(inner, subcomponent, 0);
    for (const auto version : {"2.5.1", "2.8"}) {
        const auto other = models::component_type(version, field_type, component);
        if (!other.empty() && other != inner) note(other, subcomponent, 0);
    }
}

void Coverage::observe(const hl7v2::MessageView& message) {
    ForwardContext context;
    context.now = "2024-03-05T12:00:00Z";
    const auto result = forward(*plan_, message, context);
    ++messages_;
    std::map<std::string, std::string, std::less<>> type_of_url;
    for (const auto& resource : result.resources) type_of_url.emplace(resource.full_url, resource.type);
    std::set<std::pair<std::uint32_t, std::uint64_t>> residue;
    for (const auto& entry : result.residue)
        residue.insert(
            {entry.leaf.segment,
             LeafKey{entry.leaf.field, entry.leaf.repetition, entry.leaf.component, entry.leaf.subcomponent}.packed()});
    for (const auto& segment : cut(message))
        for (const Leaf& leaf : segment.leaves()) {
            if (residue.contains({segment.number(), leaf.key})) continue;
            const std::string field = segment_name(segment.code()) + "-" + std::to_string(leaf.position().field);
            read_.insert(field);
            read_.insert(field + "." + std::to_string(leaf.position().component));
        }
    const std::string by_event = std::string(message.message_type()) + "_" + result.event;
    for (const auto& entry : result.trace) {
        const std::string whole = fhir::path_of(fhir::Element(entry.node));
        const auto dot = std::min(whole.find('.'), whole.size());
        const std::string type = whole.substr(0, dot);
        const std::string path = without_indexes(std::string_view(whole).substr(std::min(dot + 1, whole.size())));
        if (!entry.has_source) {
            const fhir::Element element(entry.node);
            constants_[type].insert({path, std::string(element.text())});
            const r4::TypeDef* at = r4::find_type(type);
            std::string_view rest = path;
            while (at && !rest.empty()) {
                const auto name = rest.substr(0, rest.find('.'));
                rest.remove_prefix(std::min(name.size() + 1, rest.size()));
                at = r4::find_element(*at, name).type;
                if (at) constants_[std::string(at->name)].insert({std::string(rest), std::string(element.text())});
            }
            continue;
        }
        const auto& source = entry.source;
        const auto segment = message[source.segment];
        const std::string name(segment.name());
        const std::string field = name + "-" + std::to_string(source.field);
        by_field_[field].insert({source.component, source.subcomponent, type, path});
        segments_.insert(result.structure + " " + name + " " + type);
        segments_.insert(by_event + " " + name + " " + type);  // a guide may name a message by its event
        std::vector<std::string_view> datatypes = models::field_types(plan_->version, name, source.field);
        std::string varies;
        if (name == "OBX" && source.field == 5) {
            varies = segment.field(2).raw();
            datatypes = {varies};
        }
        for (const auto datatype : datatypes) note_types(datatype, source.component, source.subcomponent, type, path);
    }
}

bool Coverage::arrived(const Source& source, const GuideTarget& target) const {
    const auto& all = source.datatype ? by_datatype_ : by_field_;
    const auto at = all.find(source.base);
    if (at == all.end()) return false;
    return std::any_of(at->second.begin(), at->second.end(), [&](const Arrival& a) {
        if (!source.covers(a.component, a.subcomponent)) return false;
        if (a.type != target.type && !(target.crosses && same_party(a.type, target.type))) return false;
        return lies_below(a.path, target.path);
    });
}

bool Coverage::constant_made(const GuideTarget& target, std::string_view value) const {
    const auto at = constants_.find(target.type);
    if (at == constants_.end()) return false;
    value = trim(value);
    const bool literal = value.size() > 1 && value.front() == '"' && value.back() == '"';
    if (literal) value = value.substr(1, value.size() - 2);
    return std::any_of(at->second.begin(), at->second.end(), [&](const Constant& c) {
        return lies_below(c.path, target.path) && (!literal || c.value == value);
    });
}

bool Coverage::carried(std::string_view source, std::string_view place) const {
    if (source.find(' ') != std::string_view::npos)
        return segments_.contains(std::string(source) + " " + std::string(place));
    const auto type = place.substr(0, place.find_first_of(".="));
    const GuideTarget target(type, place.size() == type.size() ? std::string_view() : place);
    if (const auto equals = place.find('='); equals != std::string_view::npos)
        return constant_made(target, place.substr(equals + 1));
    return arrived(Source(source, source.find('-') == std::string_view::npos), target);
}

std::string Coverage::find_line(const Source& source, const GuideTarget& target, bool read_only) const {
    std::string found;
    const std::string wanted = target.type + (target.path.empty() ? "" : "." + target.path);
    for_each_statement(*plan_, [&](const PlannedStatement& s) {
        if (!found.empty() || !s.line || !s.line->forward) return;
        if (source.datatype != (s.type != nullptr)) return;
        if (source.datatype && s.type->name.substr(0, s.type->name.find('.')) != source.base) return;
        const std::string path = plain_path(s.fhir_type(), s.line->target);
        const auto dot = std::min(path.find('.'), path.size());
        if (path.substr(0, dot) != target.type) return;
        const std::string below = path.substr(std::min(dot + 1, path.size()));
        if (!lies_below(below, target.path) && !(lies_below(target.path, below) && !below.empty())) return;
        for (const V2Ref& ref : s.line->sources) {
            if (!source.covers(ref.at.component, ref.at.subcomponent)) continue;
            if (!source.datatype) {
                const std::string field = segment_name(ref.segment) + "-" + std::to_string(ref.at.field);
                if (field != source.base) continue;
                const std::string place =
                    source.component == 0 ? field : field + "." + std::to_string(source.component);
                if (read_only && !read_.contains(place)) continue;
            } else if (read_only) {
                continue;
            }
            const LineText& text = plan_->lines[s.line->id];
            found = text.file + ":" + std::to_string(text.line) + " " + text.text;
        }
    });
    return found;
}

std::string Coverage::explain(const Source& source, const GuideTarget& target) const {
    if (const auto line = find_line(source, target, false); !line.empty()) return "the line did not fire: " + line;
    const auto& all = source.datatype ? by_datatype_ : by_field_;
    std::set<std::string> elsewhere;
    if (const auto at = all.find(source.base); at != all.end())
        for (const Arrival& a : at->second)
            if (source.covers(a.component, a.subcomponent) && (!source.datatype || a.type == target.type))
                elsewhere.insert(a.type + (a.path.empty() ? "" : "." + a.path));
    if (elsewhere.empty()) return "no line";
    std::string text = "goes to";
    std::size_t count = 0;
    for (const auto& place : elsewhere) {
        if (++count > 4) return text + " ...";
        text += (count == 1 ? " " : ", ") + place;
    }
    return text;
}

std::vector<Coverage::Row> Coverage::compare(std::string_view name, std::string_view text) const {
    std::vector<Row> rows;
    const bool is_message = name.find("HL7 Message") != std::string_view::npos;
    const bool is_datatype = name.find("HL7 Data Type") != std::string_view::npos;
    const auto underscore = name.find("R4_ ");
    if (underscore == std::string_view::npos) return rows;
    const auto about = name.substr(underscore + 4, name.find(" - ", underscore + 4) - underscore - 4);
    const auto open = about.find('[');
    std::string type;
    if (open != std::string_view::npos) type = about.substr(open + 1, about.find_first_of("]-.", open) - open - 1);
    std::vector<std::uint32_t> lines;
    if (text.substr(0, 3) == "\xef\xbb\xbf") text.remove_prefix(3);
    const auto records = read_csv(text, lines);
    bool header = true;
    std::set<std::string> seen;
    for (std::size_t i = 0; i < records.size(); ++i) {
        const Record& r = records[i];
        if (header) {
            header = r.empty() || r.front() != "Sort Order";
            continue;
        }
        if (r.size() <= 9 || trim(r[9]).empty()) continue;
        Row row;
        row.line = lines[i];
        if (is_message) {
            const std::string segment(trim(r[1]).substr(std::min(r[1].rfind('.') + 1, trim(r[1]).size())));
            const GuideTarget target({}, r[9]);
            std::string made = target.crosses ? target.type : target.path.substr(0, target.path.find('.'));
            row.source = std::string(about.substr(0, about.find('[')).substr(0, 7)) + " " + segment;
            row.target = trim(r[9]);
            row.covered = segments_.contains(row.source + " " + made) || made == "Bundle";
            if (!row.covered) row.why = "nothing of the segment arrives in a " + made;
            rows.push_back(std::move(row));
            continue;
        }
        const GuideTarget target(type, r[9]);
        row.source = trim(r[1]);
        row.target = type + "." + std::string(trim(r[9]));
        const std::string_view value = r.size() > 16 ? trim(r[16]) : std::string_view();
        const Source source(row.source, is_datatype);
        const bool has_place = row.source.find_first_of("-.") != std::string::npos || is_datatype;
        if (!value.empty()) row.covered = constant_made(target, value);
        if (!row.covered && has_place && !row.source.empty())
            row.covered = arrived(source, target) || !find_line(source, target, true).empty();
        if (!row.covered && row.source.empty()) row.covered = constant_made(target, value);
        if (!row.covered)
            row.why = row.source.empty() || !value.empty() ? "the constant is not made" : explain(source, target);
        rows.push_back(std::move(row));
    }
    return rows;
}

}  // namespace causeway::mappings
