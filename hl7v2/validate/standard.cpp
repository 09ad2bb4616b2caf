#include <algorithm>
#include <array>

#include "hl7v2/dictionary/dictionary.hpp"
#include "hl7v2/escape.hpp"
#include "hl7v2/validate/checker.hpp"
#include "hl7v2/validate/datatype.hpp"

namespace causeway::hl7v2 {

namespace {

using dictionary::Datatype;
using dictionary::Element;
using dictionary::Segment;
using dictionary::Usage;

/// Types whose first component is a code of the table that the field names, their third the coding system.
bool is_coded(std::string_view datatype) noexcept {
    constexpr std::array<std::string_view, 4> coded = {"CE", "CWE", "CNE", "CF"};
    return std::ranges::find(coded, datatype) != coded.end();
}

constexpr std::uint16_t versions_of_standard = 104;
constexpr std::uint16_t value_types = 125;
constexpr std::uint16_t coding_systems = 396;
constexpr std::uint16_t trigger_events = 3;
constexpr std::uint16_t message_types = 76;
constexpr std::uint16_t message_structures = 354;
constexpr std::uint16_t types_of_data = 191;
constexpr std::uint16_t subtypes_of_data = 291;

/// Table 0396 has patterns beside codes: HL7nnnn, ISOnnnn, 99zzz.
bool is_local_system(std::string_view code) noexcept {
    const auto digits = [](std::string_view text) {
        return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
    };
    if (code.starts_with("HL7") || code.starts_with("ISO") || code.starts_with("IBT")) return digits(code.substr(3));
    return code.starts_with("99") && code.size() <= 12;
}

std::string table_name(std::uint16_t number) {
    std::string text = std::to_string(number);
    return "HL7" + text.insert(0, 4 - std::min<std::size_t>(text.size(), 4), '0');
}

/// Looks at the fields of each segment by its definition.
class ValueChecker {
public:
    ValueChecker(dictionary::Version version, IssueSink& sink)
        : version_(version), sink_(sink), source_(version.text()) {}

    void run(std::size_t until) {
        for (const SegmentView segment : sink_.message()) {
            if (sink_.full() || segment.index() >= until) return;
            if (segment.name() == "ADD") continue;  // the rest of a segment, not one of its own
            if (const auto definition = version_.segment(segment.name())) check_segment(segment, *definition);
        }
    }

private:
    void error(ValidationRule rule, ErrorCode code, const CheckedPlace& place, std::string text) {
        sink_.add(rule, Severity::error, code, place, std::move(text), source_);
    }
    void warn(ValidationRule rule, ErrorCode code, const CheckedPlace& place, std::string text) {
        sink_.add(rule, Severity::warning, code, place, std::move(text), source_);
    }
    void inform(ValidationRule rule, ErrorCode code, const CheckedPlace& place, std::string text) {
        sink_.add(rule, Severity::information, code, place, std::move(text), source_);
    }

    void check_segment(const SegmentView& segment, const Segment& definition) {
        std::size_t seen = 0;
        for (const NumberedField numbered : segment.fields()) {
            seen = numbered.number;
            if (segment.declares_delimiters() && numbered.number <= 2) continue;
            check_field(segment, definition.field(numbered.number), numbered, definition.size());
        }
        for (std::size_t n = seen + 1; n <= definition.size(); ++n) {
            const Element element = definition.field(n);
            if (element.usage == Usage::required) missing(element, {segment, {static_cast<std::uint16_t>(n)}});
        }
        if (segment.name() == "OBX") check_value_type(segment);
    }

    void missing(const Element& element, const CheckedPlace& place) {
        error(ValidationRule::required, ErrorCode::required_field_missing, place,
              std::string(element.name) + " is required");
    }

    /// OBX-2 says what OBX-5 is, so it may not be left out where there is a value.
    void check_value_type(const SegmentView& obx) {
        const std::string_view type = obx.at({2}).raw();
        if (type.empty() && obx.field(5).valued()) {
            error(ValidationRule::required, ErrorCode::required_field_missing, {obx, {2}},
                  "Value Type is required where there is a value");
        }
    }

    Element resolved(const SegmentView& segment, Element element, std::size_t n) const {
        if (element.datatype == "varies" && segment.name() == "OBX" && n == 5) element.datatype = segment.at({2}).raw();
        return element;
    }

    void check_field(const SegmentView& segment, const Element& stated, const NumberedField& numbered,
                     std::size_t last) {
        const auto n = static_cast<std::uint16_t>(std::min<std::size_t>(numbered.number, UINT16_MAX));
        const CheckedPlace place{segment, {n}, numbered.field.raw()};
        if (!numbered.field.valued()) {
            if (stated.usage == Usage::required) missing(stated, place);
            return;
        }
        if (numbered.number > last) {
            if (goes_on(segment.name())) return;
            return warn(ValidationRule::structure, ErrorCode::application_error, place,
                        "the segment has no field of this number");
        }
        if (stated.usage == Usage::withdrawn) {
            return inform(ValidationRule::not_used, ErrorCode::application_error, place,
                          std::string(stated.name) + " was withdrawn");
        }
        const Element element = resolved(segment, stated, numbered.number);
        std::uint16_t count = 0;
        for (const RepetitionView repetition : numbered.field.repetitions()) {
            if (sink_.full()) return;
            if (count < UINT16_MAX) ++count;
            if (repetition.valued()) check_repetition(segment, element, {n, count}, repetition);
        }
        // "varies" stands for fields the segment leaves to its use, their repetition too (QPD-3)
        if (element.repetitions_max != 0 && count > element.repetitions_max && stated.datatype != "varies") {
            error(ValidationRule::cardinality, ErrorCode::cardinality, place,
                  "repeats " + std::to_string(count) + " times, " + std::to_string(element.repetitions_max) +
                      (element.repetitions_max == 1 ? " is allowed" : " are allowed"));
        }
    }

    /// Query parameters and the columns of a result: how many there are is the query's.
    static bool goes_on(std::string_view segment) noexcept { return segment == "QPD" || segment == "RDT"; }

    /// A code that the table has is not too long, whatever the length that was printed beside it (OBX-2: 2); nor is a
    /// media type.
    bool is_code(const Element& element, std::string_view raw) const noexcept {
        if (is_media(element.table)) return true;
        if (element.table == value_types) return version_.datatype(raw).has_value();
        const auto table = element.table == 0 ? std::nullopt : version_.table(element.table);
        return table && table->display(raw);
    }

    void check_length(const Element& element, const CheckedPlace& place) {
        if (element.length_max == 0 || place.raw.size() <= element.length_max) return;
        if (is_code(element, place.raw)) return;
        const std::size_t length = character_count(place.raw);
        if (length <= element.length_max) return;
        warn(ValidationRule::length, ErrorCode::value_too_long, place,
             "has " + std::to_string(length) + " characters, " + std::to_string(element.length_max) + " are allowed");
    }

    void check_repetition(const SegmentView& segment, const Element& element, Position position,
                          const RepetitionView& repetition) {
        const CheckedPlace place{segment, position, repetition.raw()};
        check_length(element, place);
        const auto type = version_.datatype(element.datatype);
        if (!type) return check_unknown_type(segment, element, place);
        if (is_unspecified(*type)) return;
        if (type->primitive()) {
            if (repetition.component_count() > 1) has_parts(element, place);
            position.component = 0;
            return check_leaf(element, {segment, position, repetition.component(1).raw()}, repetition.value());
        }
        if (is_coded(element.datatype)) check_coded(element, segment, position, repetition);
        check_components(*type, segment, position, repetition);
    }

    /// The composite type of 2.1, whose parts no table defines.
    static bool is_unspecified(const Datatype& type) noexcept { return type.name() == "CM"; }

    /// CK.1 is a number by the table of data types; the standard's own examples have letters in it.
    static bool may_be_text(const Datatype& type, std::size_t n) noexcept { return type.name() == "CK" && n == 1; }

    void check_components(const Datatype& type, const SegmentView& segment, Position position,
                          const RepetitionView& repetition) {
        position.component = 0;
        for (const ComponentView component : repetition.components()) {
            ++position.component;
            Element element = type.component(position.component);
            if (may_be_text(type, position.component)) element.datatype = "ST";
            const CheckedPlace place{segment, position, component.raw()};
            if (!component.valued()) {
                if (element.usage == Usage::required) missing(element, place);
                continue;
            }
            if (position.component > type.size()) {
                return warn(ValidationRule::datatype, ErrorCode::data_type, place,
                            "data type " + std::string(type.name()) + " has no component of this number");
            }
            if (element.usage == Usage::withdrawn) {
                inform(ValidationRule::not_used, ErrorCode::application_error, place,
                       std::string(element.name) + " was withdrawn");
                continue;
            }
            check_component(element, segment, position, component);
        }
        for (std::size_t n = position.component + 1U; n <= type.size(); ++n) {
            if (type.component(n).usage != Usage::required) continue;
            position.component = static_cast<std::uint16_t>(n);
            missing(type.component(n), {segment, position});
        }
    }

    void check_component(const Element& element, const SegmentView& segment, Position position,
                         const ComponentView& component) {
        const CheckedPlace place{segment, position, component.raw()};
        check_length(element, place);
        const auto type = version_.datatype(element.datatype);
        if (!type || is_unspecified(*type)) return;
        if (type->primitive()) {
            if (component.subcomponent_count() > 1) has_parts(element, place);
            return check_leaf(element, place, component.value());
        }
        if (component.delimiters().subcomponent == '\0') {  // the sender has no way to write the others
            return check_leaf(innermost(type->component(1)), place, component.value());
        }
        position.subcomponent = 0;
        for (const ValueView value : component.subcomponents()) {
            ++position.subcomponent;
            const Element part = type->component(position.subcomponent);
            const CheckedPlace part_place{segment, position, value.raw()};
            if (!value.valued()) {
                if (part.usage == Usage::required) missing(part, part_place);
            } else if (position.subcomponent > type->size()) {
                return warn(ValidationRule::datatype, ErrorCode::data_type, part_place,
                            "data type " + std::string(type->name()) + " has no component of this number");
            } else {
                check_leaf(innermost(part), part_place, value);
            }
        }
        for (std::size_t n = position.subcomponent + 1U; n <= type->size(); ++n) {
            if (type->component(n).usage != Usage::required) continue;
            position.subcomponent = static_cast<std::uint16_t>(n);
            missing(type->component(n), {segment, position});
        }
    }

    /// Nothing is deeper than a subcomponent: of a composite type, its first component stands there.
    Element innermost(Element element) const {
        for (int depth = 0; depth < 4; ++depth) {
            const auto type = version_.datatype(element.datatype);
            if (!type || type->primitive()) break;
            element = type->component(1);
        }
        return element;
    }

    void has_parts(const Element& element, const CheckedPlace& place) {
        warn(ValidationRule::datatype, ErrorCode::data_type, place,
             "has several parts, data type " + std::string(element.datatype) + " has one");
    }

    void check_unknown_type(const SegmentView& segment, const Element& element, const CheckedPlace& place) {
        if (segment.name() != "OBX" || place.position.field != 5 || element.datatype.empty()) return;
        if (element.datatype == "varies") return;
        const CheckedPlace stated{segment, {2}, segment.at({2}).raw()};
        const bool elsewhere = std::ranges::any_of(
            dictionary::versions(), [&](auto other) { return other.datatype(element.datatype).has_value(); });
        if (elsewhere) {  // CE and TS are still sent long after they were withdrawn
            return inform(ValidationRule::table, ErrorCode::table_value_not_found, stated,
                          "is a data type of other versions only");
        }
        error(ValidationRule::table, ErrorCode::table_value_not_found, stated, "the standard has no such data type");
    }

    void check_leaf(const Element& element, const CheckedPlace& place, const ValueView& value) {
        if (!value.valued()) return;
        const std::string_view text = value.text_into(scratch_);
        if (const std::string_view fault = datatype_fault(element.datatype, text); !fault.empty()) {
            error(ValidationRule::datatype, ErrorCode::data_type, place, std::string(fault));
        }
        // where a number names a table (DG1-15), the table explains what numbers mean
        if (element.table != 0 && element.datatype != "NM") check_table(element, place, text);
        check_escapes(place, value);
    }

    /// Only an HL7-defined table is closed; of a user-defined one the standard gives suggestions. A code of another
    /// version is one taken over early or kept for long.
    void check_table(const Element& element, const CheckedPlace& place, std::string_view code) {
        const auto table = version_.table(element.table);
        if (!table || !table->hl7_defined() || table->display(code) || table->size() == 0) return;
        // check_header says what is to be said
        if (element.table == versions_of_standard || element.table == message_structures) return;
        if (names_message(element.table, code)) return;
        if (element.table == value_types && (version_.datatype(code) || types_obx_5(place))) return;
        if (element.table == coding_systems && is_local_system(code)) return;
        const bool elsewhere = std::ranges::any_of(dictionary::versions(), [&](auto other) {
            const auto its = other.table(element.table);
            return (its && its->display(code)) || fits_field(other, place, code);
        });
        const std::string name = table_name(element.table);
        if (elsewhere) {
            return inform(ValidationRule::table, ErrorCode::table_value_not_found, place,
                          "is in table " + name + " of other versions only");
        }
        const bool closed = element.datatype == "ID" && element.table != coding_systems && !is_media(element.table);
        sink_.add(ValidationRule::table, closed ? Severity::error : Severity::warning, ErrorCode::table_value_not_found,
                  place, "is not in table " + name, source_);
    }

    /// ED and RP take the media types of MIME, of which the tables name some.
    static bool is_media(std::uint16_t table) noexcept { return table == types_of_data || table == subtypes_of_data; }

    /// check_unknown_type says of OBX-2 what is to be said, where there is an OBX-5.
    static bool types_obx_5(const CheckedPlace& place) noexcept {
        return place.segment.name() == "OBX" && place.position.field == 2 && place.segment.field(5).valued();
    }

    /// The field itself may have another table in another version (ROL-2: 0287, then 0206).
    static bool fits_field(dictionary::Version version, const CheckedPlace& place, std::string_view code) {
        if (place.position.component > 1 || place.position.subcomponent > 1) return false;
        const auto segment = version.segment(place.segment.name());
        const auto table = segment ? version.table(segment->field(place.position.field).table) : std::nullopt;
        return table && table->display(code);
    }

    /// The tables of types and events leave out some that their own version defines (CCR of 2.7).
    bool names_message(std::uint16_t table, std::string_view code) const {
        if (table != message_types && table != trigger_events) return false;
        if (code.starts_with('Z')) return true;  // local ones, which the standard provides for
        for (std::size_t i = 0; i < dictionary::Version::event_count(); ++i) {
            const auto event = version_.event_at(i);
            if (event && (table == message_types ? event->type() : event->event()) == code) return true;
        }
        return false;
    }

    void check_coded(const Element& element, const SegmentView& segment, Position position,
                     const RepetitionView& repetition) {
        if (element.table == 0) return;
        const std::string name = table_name(element.table);
        for (const std::uint16_t first : {std::uint16_t{1}, std::uint16_t{4}}) {
            const ValueView code = repetition.component(first).value();
            const ValueView system = repetition.component(first + 2U).value();
            const bool named = system.is(name);
            if (!code.valued() || (!named && (first != 1 || system.valued()))) continue;
            position.component = first;
            check_table(element, {segment, position, code.raw()}, code.text());
        }
    }

    void check_escapes(const CheckedPlace& place, const ValueView& value) {
        const char escape = value.delimiters().escape;
        if (escape == '\0' || value.raw().find(escape) == std::string_view::npos) return;
        std::string text;
        const EscapeNotes notes = decode_escapes(value.raw(), value.delimiters(), text);
        if (notes.unknown > 0)
            warn(ValidationRule::escape, ErrorCode::data_type, place,
                 notes.unknown == 1 ? "an escape sequence is unknown or not closed"
                                    : std::to_string(notes.unknown) + " escape sequences are unknown or not closed");
        if (notes.invalid_bytes > 0)
            warn(ValidationRule::escape, ErrorCode::data_type, place,
                 "an escape sequence holds bytes that are no characters");
    }

    dictionary::Version version_;
    IssueSink& sink_;
    std::string source_;
    std::string scratch_;
};

}  // namespace

void check_values(dictionary::Version version, std::size_t until, IssueSink& sink) {
    ValueChecker(version, sink).run(until);
}

}  // namespace causeway::hl7v2
