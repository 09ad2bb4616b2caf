#include "tests/mappings/message_generator.hpp"

#include <algorithm>

#include "hl7v2/builder.hpp"
#include "hl7v2/dictionary/dictionary.hpp"
#include "mappings/engine/inspect.hpp"
#include "mappings/engine/models.hpp"

namespace causeway::mappings::testing {

std::string GeneratedMessage::er7() const {
    hl7v2::MessageBuilder builder;
    for (const Segment& segment : segments) {
        auto writer = segment.name == "MSH" ? builder.header() : builder.append(segment.name);
        for (const auto& [key, text] : segment.leaves) {
            Leaf leaf;
            leaf.key = key;
            const LeafKey at = leaf.position();
            // the only subcomponent of a component is the component
            const auto next = segment.leaves.upper_bound(key);
            const bool alone =
                at.subcomponent == 1 && (next == segment.leaves.end() || (next->first >> 8) != (key >> 8));
            writer.set({at.field, at.repetition, at.component, static_cast<std::uint16_t>(alone ? 0 : at.subcomponent)},
                       text);
        }
    }
    std::string out = builder.text();
    if (out.empty() || out.back() != '\r') out += '\r';
    return out;
}

MessageGenerator::MessageGenerator(const Plan& plan, const MessagePlan& message) : plan_(plan), message_(message) {
    learn();
}

void MessageGenerator::learn_place(const V2Ref& ref) {
    if (ref.kind != V2Ref::Kind::field || ref.at.field == 0) return;
    Place& place = places_[segment_name(ref.segment)][ref.at.field];
    place.field = ref.at.field;
    place.repeats |= ref.at.repetition == 0;
    if (ref.at.component != 0) place.components.insert(ref.at.component);
}

void MessageGenerator::learn_condition(const Condition& c, const std::string& datatype) {
    for (const auto& part : c.parts) learn_condition(part, datatype);
    if (c.kind != Condition::Kind::v2 || c.values.empty()) return;
    learn_place(c.v2);
    V2Ref plain = c.v2;
    plain.at.repetition = 1;
    plain.all_segments = false;
    for (const Constant& value : c.values)
        if (value.kind == Constant::Kind::scalar && c.test != Test::like)
            codes_[place_text(plain, datatype)].insert(value.text);
}

void MessageGenerator::learn() {
    for_each_statement(plan_, [&](const PlannedStatement& s) {
        const std::string datatype = s.type ? s.type->name.substr(0, s.type->name.find('.')) : std::string();
        for (const auto* branch : s.branches) learn_condition(branch->if_, datatype);
        if (s.assignment) return learn_condition(s.assignment->if_, datatype);
        learn_condition(s.line->if_, datatype);
        for (const V2Ref& source : s.line->sources) {
            learn_place(source);
            if (!s.line->conversion.table) continue;
            V2Ref plain = source;
            plain.at.repetition = 1;
            plain.all_segments = false;
            auto& codes = codes_[place_text(plain, datatype)];
            for (const auto& row : s.line->conversion.table->forward) codes.insert(row.from);
        }
    });
    for_each_clause(message_, [&](const ItemPlan&, const ClausePlan& clause) { learn_condition(clause.if_, {}); });
}

std::string MessageGenerator::word() {
    static constexpr std::string_view words[] = {"Okafor",  "Lind", "Ngozi",  "renal",       "panel",  "Sea View",
                                                 "A&E",     "x|y",  "5^6",    "caf\xc3\xa9", "O'Neil", "left\\right",
                                                 "one~two", "7",    "Ward 3", "na"};
    std::string out(words[below(std::size(words))]);
    if (chance(60)) out += std::to_string(below(10'000));
    return out;
}

std::string MessageGenerator::primitive(std::string_view type) {
    const auto two = [&](std::uint64_t low, std::uint64_t high) {
        const auto n = low + below(high - low + 1);
        return (n < 10 ? "0" : "") + std::to_string(n);
    };
    if (type == "NM") return chance(50) ? std::to_string(below(500)) : std::to_string(below(50)) + "." + two(0, 99);
    if (type == "SI") return std::to_string(1 + below(9));
    std::string date = std::to_string(1930 + below(95)) + two(1, 12) + two(1, 28);
    if (type == "DT") return date.substr(0, chance(80) ? 8 : chance(50) ? 6 : 4);
    const std::string time = two(0, 23) + two(0, 59);
    if (type == "TM") return time + two(0, 59);
    if (type == "TS" || type == "DTM") {
        if (chance(30)) return date;
        if (chance(20)) return date + time;
        date += time + two(0, 59);
        if (chance(20)) date += "." + std::to_string(1 + below(9));
        return chance(60) ? date + (chance(50) ? "+0000" : "-0530") : date;
    }
    if (type == "ID" || type == "IS") {
        static constexpr std::string_view codes[] = {"A", "F", "M", "N", "Y", "P", "O", "L", "ISO", "MR", "U"};
        return std::string(codes[below(std::size(codes))]);
    }
    return word();
}

void MessageGenerator::value(GeneratedMessage::Segment& segment, std::string datatype, LeafKey at, int depth,
                             const std::string& path) {
    const auto here = codes_.find(path);
    if (here != codes_.end() && !here->second.empty()) {
        auto code = here->second.begin();
        std::advance(code, static_cast<std::ptrdiff_t>(below(here->second.size())));
        LeafKey leaf = at;
        if (leaf.component == 0) leaf.component = 1;
        if (leaf.subcomponent == 0) leaf.subcomponent = 1;
        if (!code->empty()) segment.leaves[leaf.packed()] = *code;
        if (depth > 0 || chance(70)) return;
    }
    const auto version = hl7v2::dictionary::version(plan_.version);
    const auto definition = version.datatype(datatype);
    if (!definition || definition->primitive() || datatype == "TS" || depth > 1) {
        LeafKey leaf = at;
        if (leaf.component == 0) leaf.component = 1;
        if (leaf.subcomponent == 0) leaf.subcomponent = 1;
        segment.leaves.emplace(leaf.packed(),
                               primitive(definition && !definition->primitive() && datatype != "TS" ? "ST" : datatype));
        return;
    }
    for (std::size_t n = 1; n <= definition->size(); ++n) {
        const auto component = definition->component(n);
        if (component.datatype.empty() || component.datatype == "-") continue;
        // an identifier or code without its first component says nothing; a text without a code is usual
        const bool text_only = (datatype == "CE" || datatype == "CWE") && depth == 0 && n == 1 && chance(10);
        if (text_only) {
            LeafKey inner = at;
            inner.component = 2;
            inner.subcomponent = 1;
            segment.leaves.emplace(inner.packed(), word());
            return;
        }
        if (n != 1 && !chance(n <= 3 ? 60 : 25)) continue;
        LeafKey inner = at;
        if (at.component == 0)
            inner.component = static_cast<std::uint8_t>(n);
        else
            inner.subcomponent = static_cast<std::uint8_t>(n);
        value(segment, std::string(component.datatype), inner, depth + 1, datatype + "." + std::to_string(n));
    }
}

void MessageGenerator::fill(const ItemPlan& item, GeneratedMessage& out, bool optional) {
    GeneratedMessage::Segment segment{item.name, {}, optional, groups_, {}};
    const int ordinal = ++ordinals_[item.name];
    const auto version = hl7v2::dictionary::version(plan_.version);
    const auto definition = version.segment(item.name);
    const auto known = places_.find(item.name);
    std::string varies = "ST";
    const auto set = [&](std::uint16_t field, const std::string& text) {
        segment.leaves[LeafKey{field, 1, 1, 1}.packed()] = text;
    };
    if (item.name == "OBX") {
        static constexpr std::string_view types[] = {"NM", "ST", "CWE", "CE", "TX", "SN", "DT", "TM", "TS", "FT"};
        varies = types[below(std::size(types))];
        set(2, varies);
    }
    std::map<std::uint16_t, Place> places = known == places_.end() ? std::map<std::uint16_t, Place>() : known->second;
    if (definition)
        for (std::uint16_t n = 1; n <= definition->size(); ++n)
            if (definition->field(n).usage == hl7v2::dictionary::Usage::required || chance(3)) places[n].field = n;
    for (const auto& [field, place] : places) {
        const auto element = definition ? definition->field(field) : hl7v2::dictionary::Element{};
        const bool required = element.usage == hl7v2::dictionary::Usage::required;
        if (!required && !chance(45)) continue;
        if (item.name == "OBX" && field == 2) continue;
        std::string datatype(element.datatype.empty() || element.datatype == "-"
                                 ? models::field_type(plan_.version, item.name, field)
                                 : element.datatype);
        if (datatype == "varies") datatype = varies;
        if (datatype.empty()) datatype = "ST";
        const std::string path = item.name + "-" + std::to_string(field);
        if (field == 1 && datatype == "SI") {
            set(1, std::to_string(ordinal));
            segment.required.insert(LeafKey{1, 1, 1, 1}.packed());
            continue;
        }
        const bool repeats = place.repeats && element.repetitions_max != 1;
        const std::uint16_t repetitions = repeats && chance(35) ? 2 : 1;
        for (std::uint16_t r = 1; r <= repetitions; ++r) value(segment, datatype, {field, r, 0, 0}, 0, path);
        for (const std::uint8_t component : place.components) {
            const auto at = codes_.find(path + "." + std::to_string(component));
            if (at == codes_.end() || at->second.empty() || !chance(60)) continue;
            auto code = at->second.begin();
            std::advance(code, static_cast<std::ptrdiff_t>(below(at->second.size())));
            if (!code->empty()) segment.leaves[LeafKey{field, 1, component, 1}.packed()] = *code;
        }
    }
    for (const auto& [field, place] : places) {
        if (!definition || definition->field(field).usage != hl7v2::dictionary::Usage::required) continue;
        const auto first = segment.leaves.lower_bound(LeafKey{field, 1, 0, 0}.packed());
        if (first != segment.leaves.end()) segment.required.insert(first->first);
    }
    if (item.name == "OBX") segment.required.insert(LeafKey{2, 1, 1, 1}.packed());
    if (segment.leaves.empty()) set(1, std::to_string(ordinal));
    out.segments.push_back(std::move(segment));
}

void MessageGenerator::emit(const ItemPlan& item, GeneratedMessage& out, bool root) {
    if (item.kind == ItemPlan::Kind::clause) return;
    if (out.segments.size() > 60) return;
    if (!root && item.optional && !chance(45)) return;
    int times = 1;
    if (!root && item.repeats && chance(30)) times = 2;
    for (int i = 0; i < times; ++i) {
        if (item.kind == ItemPlan::Kind::group) {
            const bool removable = !root && (item.optional || i > 0);
            if (removable) groups_.push_back(++next_group_);
            for (const auto& child : item.items) emit(child, out, false);
            if (removable) groups_.pop_back();
        } else if (item.name != "MSH") {
            // What the version does not have (PRT in 2.5.1) senders rarely send, and a message made anew never holds.
            const bool known = item.name.front() == 'Z' || hl7v2::dictionary::version(plan_.version).segment(item.name);
            if (!known && item.optional && !chance(10)) return;
            fill(item, out, item.optional || i > 0);
        }
    }
    if (item.kind == ItemPlan::Kind::segment && chance(3))
        out.segments.push_back({"ZZZ", {{LeafKey{1, 1, 1, 1}.packed(), word()}}, true, groups_, {}});
}

GeneratedMessage MessageGenerator::make(std::uint64_t seed) {
    random_.seed(seed);
    ordinals_.clear();
    groups_.clear();
    GeneratedMessage out;
    GeneratedMessage::Segment header{"MSH", {}, false, {}, {}};
    const auto set = [&](std::uint16_t field, std::uint8_t component, std::string text) {
        header.leaves[LeafKey{field, 1, component, 1}.packed()] = std::move(text);
    };
    set(3, 1, "LAB");
    set(4, 1, "GENERAL");
    set(5, 1, "GATE");
    set(6, 1, "CITY");
    set(7, 1, "20240305120000+0000");
    set(9, 1, message_.name.substr(0, 3));
    set(9, 2, message_.events.empty() ? "" : message_.events[below(message_.events.size())]);
    set(9, 3, message_.name);
    set(10, 1, "M" + std::to_string(seed));
    set(11, 1, "P");
    set(12, 1, plan_.version);
    std::erase_if(header.leaves, [](const auto& leaf) { return leaf.second.empty(); });
    out.segments.push_back(std::move(header));
    emit(message_.root, out, true);
    return out;
}

GeneratedMessage shrink(GeneratedMessage message, const std::function<bool(const GeneratedMessage&)>& fails) {
    for (bool smaller = true; smaller;) {
        smaller = false;
        const auto attempt = [&](GeneratedMessage candidate) {
            if (!fails(candidate)) return false;
            message = std::move(candidate);
            return smaller = true;
        };
        std::set<int> groups;
        for (const auto& segment : message.segments) groups.insert(segment.groups.begin(), segment.groups.end());
        for (const int group : groups) {
            GeneratedMessage candidate = message;
            std::erase_if(candidate.segments, [&](const auto& s) {
                return std::find(s.groups.begin(), s.groups.end(), group) != s.groups.end();
            });
            if (candidate.segments.size() < message.segments.size()) attempt(std::move(candidate));
        }
        for (std::size_t i = message.segments.size(); i-- > 1;) {
            if (!message.segments[i].optional) continue;
            GeneratedMessage candidate = message;
            candidate.segments.erase(candidate.segments.begin() + static_cast<std::ptrdiff_t>(i));
            attempt(std::move(candidate));
        }
        for (std::size_t i = 1; i < message.segments.size(); ++i) {
            std::vector<std::uint64_t> keys;
            for (const auto& leaf : message.segments[i].leaves) keys.push_back(leaf.first);
            for (const auto key : keys) {
                if (message.segments[i].leaves.size() == 1 || message.segments[i].required.contains(key)) continue;
                GeneratedMessage candidate = message;
                candidate.segments[i].leaves.erase(key);
                attempt(std::move(candidate));
            }
        }
    }
    return message;
}

}  // namespace causeway::mappings::testing
