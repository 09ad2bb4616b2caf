#include "hl7v2/validate/condition.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "hl7v2/validate/profile_text.hpp"

namespace causeway::hl7v2 {

namespace {

constexpr std::size_t depth_max = 32;

/// `5`, `3(2).4.1`; 0 fields for a text that is none.
Position read_position(std::string_view text) {
    const auto path = Path::parse(std::string("ZZZ-").append(text));
    return path ? path->position : Position{};
}

}  // namespace

/// Reads conditions by descent; the first fault stands.
class ConditionParser {
public:
    explicit ConditionParser(std::string_view& text) noexcept : text_(text) {}

    Condition any(std::size_t depth = 0) { return list(Condition::Kind::any, "or", depth); }
    std::string fault;

private:
    Condition list(Condition::Kind kind, std::string_view word, std::size_t depth) {
        Condition out;
        out.kind_ = kind;
        do {
            out.parts_.push_back(kind == Condition::Kind::any ? list(Condition::Kind::all, "and", depth) : one(depth));
        } while (fault.empty() && take_word(text_, word));
        return out.parts_.size() == 1 ? std::move(out.parts_.front()) : std::move(out);
    }

    Condition one(std::size_t depth) {
        Condition out;
        if (depth > depth_max) {
            fault = "conditions are nested too deep";
        } else if (take_word(text_, "not")) {
            out.kind_ = Condition::Kind::none;
            out.parts_.push_back(one(depth + 1));
        } else if (take_word(text_, "(")) {
            out = any(depth + 1);
            if (fault.empty() && !take_word(text_, ")")) fault = "a closing parenthesis is missing";
        } else {
            out = comparison();
        }
        return out;
    }

    Condition comparison() {
        Condition out;
        const std::string place_text = next_word(text_);
        if (!read_place(place_text, out.place_)) {
            fault = "'" + place_text + "' is no place";
            return out;
        }
        if (take_word(text_, "valued")) {
            out.kind_ = Condition::Kind::valued;
        } else if (take_word(text_, "absent")) {
            out.kind_ = Condition::Kind::absent;
        } else if (take_word(text_, "=")) {
            out.kind_ = Condition::Kind::equal;
            operand(out);
        } else if (take_word(text_, "!=")) {
            out.kind_ = Condition::Kind::differs;
            operand(out);
        } else if (take_word(text_, "in")) {
            out.kind_ = Condition::Kind::equal;
            fault = take_values(text_, out.values_);
        } else if (take_word(text_, "not") && take_word(text_, "in")) {
            out.kind_ = Condition::Kind::differs;
            fault = take_values(text_, out.values_);
        } else {
            fault = "after '" + place_text + "' one of valued, absent, =, !=, in, not in is expected";
        }
        return out;
    }

    void operand(Condition& out) {
        const bool quoted = begins_quoted(text_);
        std::string value = next_word(text_);
        Condition::Place place;
        if (!quoted && value.empty()) {
            fault = "a value is missing";
        } else if (!quoted && value.find('-') == 3 && read_place(value, place)) {
            out.other_.push_back(place);
        } else {
            out.values_.push_back(std::move(value));
        }
    }

    static bool read_place(std::string_view text, Condition::Place& place) {
        if (text.starts_with('.')) {
            place.in_value = true;
            // .4.2 reads as component 4, subcomponent 2
            place.position = read_position(std::string("1").append(text));
            place.position.field = 0;
            return place.position.component != 0;
        }
        if (text.size() > 4 && text[3] == '-') {
            const auto path = Path::parse(text);
            if (!path) return false;
            place.segment = path->segment_name;
            place.position = path->position;
        } else {
            place.position = read_position(text);
        }
        return place.position.field != 0;
    }

    std::string_view& text_;
};

Condition::Parsed Condition::parse(std::string_view& text) {
    std::string_view rest = text;
    ConditionParser parser(rest);
    Condition condition = parser.any();
    if (parser.fault.empty()) text = rest;
    return {std::move(condition), std::move(parser.fault)};
}

namespace {

/// The segment of that name nearest to `group`, going outwards.
SegmentView nearest(GroupNode group, std::string_view name, const MessageView& message) noexcept {
    for (; group; group = group.parent()) {
        const GroupNode child = group.child(name);
        if (child && child.is_segment()) return child.segment();
    }
    return message.segment(name);
}

}  // namespace

ValueView Condition::read(const Place& place, const ConditionScope& scope) {
    Position at = place.position;
    if (place.in_value) {
        at.field = scope.field;
        at.repetition = scope.repetition;
        if (scope.component != 0) {
            at.subcomponent = at.component;
            at.component = scope.component;
        }
        return scope.segment.at(at);
    }
    if (place.segment[0] != '\0') {
        if (scope.message == nullptr) return {};
        return nearest(scope.group, {place.segment.data(), 3}, *scope.message).at(at);
    }
    if (at.repetition == 0 && at.field == scope.field) at.repetition = scope.repetition;
    return scope.segment.at(at);
}

bool Condition::holds(const ConditionScope& scope) const {
    const auto part_holds = [&scope](const Condition& part) { return part.holds(scope); };
    switch (kind_) {
        case Kind::all:
            return std::ranges::all_of(parts_, part_holds);
        case Kind::any:
            return std::ranges::any_of(parts_, part_holds);
        case Kind::none:
            return std::ranges::none_of(parts_, part_holds);
        case Kind::valued:
            return read(place_, scope).valued();
        case Kind::absent:
            return !read(place_, scope).valued();
        case Kind::equal:
        case Kind::differs:
            break;
    }
    std::string scratch;
    const std::string_view text = read(place_, scope).text_into(scratch);
    bool equal = std::ranges::find(values_, text) != values_.end();
    for (const Place& other : other_) equal = equal || read(other, scope).text() == text;
    return equal == (kind_ == Kind::equal);
}

}  // namespace causeway::hl7v2
