#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hl7v2/group.hpp"
#include "hl7v2/path.hpp"

namespace causeway::hl7v2 {

/// Where a condition is asked: a segment, and, inside a data type, the value that is looked at.
struct ConditionScope {
    SegmentView segment;
    GroupNode group;  ///< in which the segment stands; false if the message was not grouped
    const MessageView* message = nullptr;
    std::uint16_t field = 0;  ///< the field and repetition a rule is about: the same field is read there
    std::uint16_t repetition = 0;
    std::uint16_t component =
        0;  ///< for the rule of a data type that is a component: which; `.2` is then its second part
};

/// A predicate: `5 valued`, `OBR-25 in (F C)`, `.4.3 = ISO and not .4.1 valued`.
///
/// A place is a number (`5`, `3.4.1`: of this segment), begins with a dot (`.4.2`: a component of this value) or names
/// another segment (`OBR-25`: the one in this group or the nearest group around it, else the first of the message).
class Condition {
public:
    /// Reads a condition from the front of `text` and removes it; on failure says why, and nothing else changes.
    struct Parsed;
    static Parsed parse(std::string_view& text);

    bool holds(const ConditionScope& scope) const;

private:
    friend class ConditionParser;
    enum class Kind : std::uint8_t { all, any, none, valued, absent, equal, differs };
    struct Place {
        std::array<char, 3> segment = {};  ///< NULs: this segment
        bool in_value = false;
        Position position = {};
    };
    static ValueView read(const Place& place, const ConditionScope& scope);

    Kind kind_ = Kind::all;
    std::vector<Condition> parts_;
    Place place_;
    std::vector<std::string> values_;  ///< for equal and differs
    std::vector<Place> other_;         ///< or one other place
};

struct Condition::Parsed {
    Condition condition;
    std::string fault;  ///< empty if it was read
};

}  // namespace causeway::hl7v2
