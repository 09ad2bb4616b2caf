#include <algorithm>

#include "hl7v2/validate/checker.hpp"

namespace causeway::hl7v2 {

namespace {

/// Holds a message against one profile.
class ProfileChecker {
public:
    ProfileChecker(const Profile& profile, dictionary::Version version, const GroupTree* tree, IssueSink& sink)
        : profile_(profile), version_(version), tree_(tree), sink_(sink) {}

    void run() {
        const MessageView& message = sink_.message();
        const SegmentView msh = message.segment("MSH");
        if (!profile_.covers(message.message_type(), message.trigger_event())) {
            return add(ValidationRule::message, ErrorCode::unsupported_message_type, {msh, {9}, msh.at({9}).raw()},
                       "the profile is not made for this message", 0);
        }
        const std::string_view version = message.version();
        if (!profile_.versions.empty() && std::ranges::find(profile_.versions, version) == profile_.versions.end()) {
            add(ValidationRule::message, ErrorCode::unsupported_version, {msh, {12}, msh.at({12}).raw()},
                "the profile is not made for this version", 0);
        }
        if (tree_ != nullptr) {
            for (const ProfileItem& item : profile_.items) check_item(item, tree_->root(), 0);
            visit(tree_->root());
        } else {
            for (const SegmentView segment : message) check_segment(segment, {});
        }
    }

private:
    void add(ValidationRule rule, ErrorCode code, const CheckedPlace& place, std::string text, std::size_t line) {
        std::string source = profile_.name;
        if (line != 0) source.append(":").append(std::to_string(line));
        sink_.add(rule, Severity::error, code, place, std::move(text), std::move(source));
    }

    static ProfileUsage usage_of(const ProfileRule& rule, const ConditionScope& scope) {
        return !rule.predicate || rule.predicate->holds(scope) ? rule.usage : rule.otherwise_usage;
    }

    // --- segments and groups

    void check_item(const ProfileItem& item, const GroupNode& group, std::size_t depth) {
        if (depth + 1 < item.path.size()) {
            for (const GroupNode child : group) {
                if (child.is_group() && child.name() == item.path[depth]) check_item(item, child, depth + 1);
            }
            return;
        }
        std::uint32_t count = 0;
        for (const GroupNode child : group) count += child.name() == item.path[depth] ? 1U : 0U;
        const ConditionScope scope{{}, group, &sink_.message()};
        const ProfileUsage usage = usage_of(item.rule, scope);
        const std::string& name = item.path[depth];
        const CheckedPlace place{first_segment(group)};
        if (usage == ProfileUsage::required && count == 0) {
            add(ValidationRule::structure, ErrorCode::segment_sequence, place,
                name + " is required in " + std::string(group.name()), item.rule.line);
        } else if (usage == ProfileUsage::not_supported && count > 0) {
            add(ValidationRule::not_used, ErrorCode::application_error, place,
                name + " is not supported in " + std::string(group.name()), item.rule.line);
        } else if (count > 0) {
            check_count(item.rule, count, place, name + " ");
        }
    }

    static SegmentView first_segment(GroupNode node) {
        while (node && node.is_group()) node = node.first_child();
        return node ? node.segment() : SegmentView{};
    }

    void check_count(const ProfileRule& rule, std::uint32_t count, const CheckedPlace& place, const std::string& what) {
        if (!rule.cardinality || (count >= rule.cardinality->first && count <= rule.cardinality->second)) return;
        const std::string least = std::to_string(rule.cardinality->first);
        const std::string most =
            rule.cardinality->second == UINT32_MAX ? "*" : std::to_string(rule.cardinality->second);
        add(ValidationRule::cardinality, ErrorCode::cardinality, place,
            what + "comes " + std::to_string(count) + " times, " + least + ".." + most + " is allowed", rule.line);
    }

    void visit(const GroupNode& group) {
        for (const GroupNode child : group) {
            if (sink_.full()) return;
            if (child.is_group()) {
                visit(child);
            } else {
                check_segment(child.segment(), group);
            }
        }
    }

    /// Whether the innermost groups are those named.
    static bool stands_in(GroupNode group, const std::vector<std::string>& groups) {
        for (auto name = groups.rbegin(); name != groups.rend(); ++name, group = group.parent()) {
            if (!group || group.name() != *name) return false;
        }
        return true;
    }

    // --- values

    void check_segment(const SegmentView& segment, const GroupNode& group) {
        for (const ProfileSegment& rules : profile_.segments) {
            if (rules.name != segment.name() || !stands_in(group, rules.groups)) continue;
            ConditionScope scope{segment, group, &sink_.message()};
            for (const ProfilePlace& place : rules.places) check_place(place, scope);
            for (const ProfileAssertion& assertion : rules.assertions) {
                if (!assertion.condition.holds(scope)) {
                    add(ValidationRule::assertion, ErrorCode::application_error, {segment}, assertion.text,
                        assertion.line);
                }
            }
        }
        if (!profile_.datatypes.empty()) check_datatypes(segment, group);
    }

    void check_place(const ProfilePlace& place, ConditionScope& scope) {
        const Position& at = place.position;
        const FieldView field = scope.segment.field(at.field);
        scope.field = at.field;
        if (at.component == 0 && at.repetition == 0) {
            scope.repetition = 1;
            const std::uint32_t count = valued_repetitions(field);
            const CheckedPlace whole{scope.segment, {at.field}, field.raw()};
            if (!check_usage(place.rule, count > 0, scope, whole)) return;
            check_count(place.rule, count, whole, "");
        }
        std::uint16_t r = 0;
        for (const RepetitionView repetition : field.repetitions()) {
            if (r < UINT16_MAX) ++r;
            if (at.repetition != 0 && r != at.repetition) continue;
            if (!repetition.valued()) continue;
            scope.repetition = r;
            check_part(place.rule, {at.field, r, at.component, at.subcomponent}, repetition, scope);
        }
        if (at.repetition > r) {
            scope.repetition = at.repetition;
            check_usage(place.rule, false, scope, {scope.segment, at});
        }
    }

    static std::uint32_t valued_repetitions(const FieldView& field) {
        std::uint32_t count = 0;
        for (const RepetitionView repetition : field.repetitions()) count += repetition.valued() ? 1U : 0U;
        return count;
    }

    /// A part is asked for only where what it is a part of is there.
    void check_part(const ProfileRule& rule, const Position& at, const RepetitionView& repetition,
                    const ConditionScope& scope) {
        if (at.component == 0) {
            return check_value(rule, {scope.segment, at, repetition.raw()}, repetition.value());
        }
        const ComponentView component = repetition.component(at.component);
        if (at.subcomponent == 0) {
            const CheckedPlace place{scope.segment, at, component.raw()};
            if (check_usage(rule, component.valued(), scope, place)) check_value(rule, place, component.value());
            return;
        }
        if (!component.valued()) return;
        const ValueView value = component.subcomponent(at.subcomponent);
        const CheckedPlace place{scope.segment, at, value.raw()};
        if (check_usage(rule, value.valued(), scope, place)) check_value(rule, place, value);
    }

    /// Whether there is a value to look at further.
    bool check_usage(const ProfileRule& rule, bool valued, const ConditionScope& scope, const CheckedPlace& place) {
        const ProfileUsage usage = usage_of(rule, scope);
        if (usage == ProfileUsage::required && !valued) {
            add(ValidationRule::required, ErrorCode::required_field_missing, place, "is required", rule.line);
        }
        if (usage == ProfileUsage::not_supported && valued) {
            add(ValidationRule::not_used, ErrorCode::application_error, place, "is not supported", rule.line);
            return false;
        }
        return valued;
    }

    void check_value(const ProfileRule& rule, const CheckedPlace& place, const ValueView& value) {
        if (rule.length) {
            const std::size_t length = character_count(place.raw);
            if (length < rule.length->first || length > rule.length->second) {
                const bool longer = length > rule.length->second;
                add(ValidationRule::length, longer ? ErrorCode::value_too_long : ErrorCode::data_type, place,
                    "has " + std::to_string(length) + " characters", rule.line);
            }
        }
        if (!value.valued()) return;
        std::string scratch;
        const std::string_view text = value.text_into(scratch);
        if (!rule.values.empty() && std::ranges::find(rule.values, text) == rule.values.end()) {
            add(ValidationRule::constant, ErrorCode::table_value_not_found, place,
                rule.values.size() == 1 ? "must be " + rule.values.front() : "is none of the values allowed",
                rule.line);
        }
        if (!rule.table.empty() && !in_table(rule.table, text)) {
            add(ValidationRule::table, ErrorCode::table_value_not_found, place, "is not in table " + rule.table,
                rule.line);
        }
        check_form(rule, place, text);
    }

    void check_form(const ProfileRule& rule, const CheckedPlace& place, std::string_view text) {
        const auto digits = [&text] { return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; }); };
        const bool formed = rule.format.empty() || (rule.format == "oid" && is_oid(text)) ||
                            (rule.format == "digits" && digits()) ||
                            (rule.format == "number" && datatype_fault("NM", text).empty());
        if (!formed) add(ValidationRule::datatype, ErrorCode::data_type, place, "is no " + rule.format, rule.line);
        if (rule.precision == TimePrecision::none && !rule.zone) return;
        const TimeShape shape = time_shape(text);
        if (shape.precision < rule.precision) {
            add(ValidationRule::datatype, ErrorCode::data_type, place, "is not stated precisely enough", rule.line);
        } else if (rule.zone && !shape.zone) {
            add(ValidationRule::datatype, ErrorCode::data_type, place, "states no offset from UTC", rule.line);
        }
    }

    bool in_table(const std::string& name, std::string_view code) const {
        if (const ProfileTable* table = profile_.table(name)) return table->has(code);
        std::uint16_t number = 0;
        for (const char c : name) number = static_cast<std::uint16_t>(number * 10 + (c - '0'));
        const auto table = version_.table(number);
        return !table || table->size() == 0 || table->display(code).has_value();
    }

    // --- rules of data types, wherever they stand

    void check_datatypes(const SegmentView& segment, const GroupNode& group) {
        const auto definition = version_.segment(segment.name());
        if (!definition) return;
        ConditionScope scope{segment, group, &sink_.message()};
        for (const NumberedField numbered : segment.fields()) {
            std::string_view datatype = definition->field(numbered.number).datatype;
            if (datatype == "varies" && segment.name() == "OBX") datatype = segment.at({2}).raw();
            if (numbered.number > UINT16_MAX || !numbered.field.valued()) continue;
            scope.field = static_cast<std::uint16_t>(numbered.number);
            scope.repetition = 0;
            for (const RepetitionView repetition : numbered.field.repetitions()) {
                if (scope.repetition < UINT16_MAX) ++scope.repetition;
                if (repetition.valued()) check_typed(datatype, repetition, scope);
            }
        }
    }

    const ProfileDatatype* rules_of(std::string_view datatype) const noexcept {
        const auto found = std::ranges::find_if(profile_.datatypes, [datatype](const ProfileDatatype& rules) {
            return std::ranges::find(rules.names, datatype) != rules.names.end();
        });
        return found == profile_.datatypes.end() ? nullptr : &*found;
    }

    void check_typed(std::string_view datatype, const RepetitionView& repetition, ConditionScope& scope) {
        scope.component = 0;
        if (const ProfileDatatype* rules = rules_of(datatype)) {
            for (const ProfilePlace& place : rules->places) {
                const Position at{scope.field, scope.repetition, place.position.component, place.position.subcomponent};
                check_part(place.rule, at, repetition, scope);
            }
        }
        const auto type = version_.datatype(datatype);
        if (!type) return;
        for (const ComponentView component : repetition.components()) {
            if (scope.component < UINT16_MAX) ++scope.component;
            const ProfileDatatype* rules = rules_of(type->component(scope.component).datatype);
            if (rules == nullptr || !component.valued()) continue;
            for (const ProfilePlace& place : rules->places) {
                const Position at{scope.field, scope.repetition, scope.component, place.position.component};
                check_part(place.rule, at, repetition, scope);
            }
        }
        scope.component = 0;
    }

    const Profile& profile_;
    dictionary::Version version_;
    const GroupTree* tree_;
    IssueSink& sink_;
};

}  // namespace

void check_profile(const Profile& profile, dictionary::Version version, const GroupTree* tree, IssueSink& sink) {
    ProfileChecker(profile, version, tree, sink).run();
}

}  // namespace causeway::hl7v2
