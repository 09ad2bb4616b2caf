#include "fhir/model/document.hpp"
#include "fhir/path/regex.hpp"
#include "fhir/terminology/answer.hpp"
#include "fhir/terminology/implicit.hpp"

namespace causeway::fhir {

namespace {

bool in_list(std::string_view list, std::string_view wanted) noexcept {
    while (!list.empty()) {
        const auto comma = list.find(',');
        auto item = list.substr(0, comma);
        while (item.starts_with(' ')) item.remove_prefix(1);
        while (item.ends_with(' ')) item.remove_suffix(1);
        if (item == wanted) return true;
        list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    }
    return false;
}

bool is_hierarchy_op(std::string_view op) noexcept {
    return op == "is-a" || op == "descendent-of" || op == "is-not-a" || op == "generalizes";
}

bool is_about_code(std::string_view property) noexcept {
    return property == "code" || property == "concept" || property.empty();
}

/// The values that a concept in memory has of a property: as text, whatever their type.
std::vector<std::string_view> values_of(const CodeSystem& system, std::uint32_t index, std::string_view property) {
    std::vector<std::string_view> out;
    const Concept& entry = system.at(index);
    if (property == "display") out.push_back(entry.display);
    if (property == "inactive") out.push_back(entry.is_inactive ? "true" : "false");
    if (property == "notSelectable" || property == "abstract") out.push_back(entry.is_abstract ? "true" : "false");
    if (property == "parent" && entry.parent != Concept::none) out.push_back(system.at(entry.parent).code);
    if (property == "child")
        for (std::uint32_t child = index + 1; child < entry.end; child = system.at(child).end)
            out.push_back(system.at(child).code);
    if (!out.empty() && property != "parent" && property != "child") return out;
    for (const Element stated : system.source(index)["property"].items()) {
        if (stated["code"].text() != property) continue;
        for (const Element member : stated.children())
            if (member.name().starts_with("value"))
                out.push_back(member.is_object() ? member["code"].text() : member.text());
    }
    return out;
}

Answer holds_for(const ValueSet::Filter& filter, const std::vector<std::string_view>& values) {
    if (filter.op == "exists") return answer(values.empty() == (filter.value == "false"));
    if (filter.op == "regex") {
        std::string error;
        const auto pattern = path::Regex::compile(filter.value, error);
        if (!pattern) return Answer::unknown;
        for (const auto value : values)
            if (pattern->matches(value, true)) return Answer::yes;
        return Answer::no;
    }
    bool found = false;
    for (const auto value : values) found |= filter.op == "=" ? value == filter.value : in_list(filter.value, value);
    if (filter.op == "=" || filter.op == "in") return answer(found);
    if (filter.op == "not-in") return answer(!found);
    return Answer::unknown;
}

}  // namespace

Answer Terminology::hierarchy_holds(const ValueSet::Filter& filter, std::string_view system,
                                    std::string_view code) const {
    const CodeSystem* known = answering_system(system);
    Answer below = Answer::unknown;
    if (known && known->find(filter.value) != Concept::none) {
        const auto index = known->find(code);
        const auto root = known->find(filter.value);
        if (index == Concept::none) return known->is_complete() ? Answer::no : Answer::unknown;
        below = answer(filter.op == "generalizes" ? known->is_a(root, index) : known->is_a(index, root));
    } else if (store_ && store_->version_of(system)) {
        if (!store_->find(system, code)) return Answer::no;
        const auto told = filter.op == "generalizes" ? store_->subsumes(system, code, filter.value)
                                                     : store_->subsumes(system, filter.value, code);
        if (told) below = answer(*told);
    }
    if (filter.op == "descendent-of") return code == filter.value ? Answer::no : below;
    return filter.op == "is-not-a" ? negated(below) : below;
}

Answer Terminology::property_holds(const ValueSet::Filter& filter, std::string_view system,
                                   std::string_view code) const {
    if (const CodeSystem* known = answering_system(system)) {
        const auto index = known->find(code);
        if (index == Concept::none) return known->is_complete() ? Answer::no : Answer::unknown;
        // what is compiled in has no properties but these
        const bool has_all = known->source(index) || filter.property == "parent" || filter.property == "child" ||
                             filter.property == "display" || filter.property == "inactive" ||
                             filter.property == "notSelectable";
        return has_all ? holds_for(filter, values_of(*known, index, filter.property)) : Answer::unknown;
    }
    if (!store_ || !store_->version_of(system)) return Answer::unknown;
    if (filter.op == "=") {
        if (filter.property == "parent" || filter.property == "child") {
            const auto near =
                filter.property == "parent" ? store_->parents(system, code) : store_->children(system, code);
            for (const auto& one : near)
                if (one == filter.value) return Answer::yes;
            return Answer::no;
        }
        if (filter.property == "ancestor") {
            const auto told = store_->subsumes(system, filter.value, code);
            return told ? answer(*told && filter.value != code) : Answer::unknown;
        }
        const auto told = store_->has_property(system, code, filter.property, filter.value);
        return told ? answer(*told) : Answer::unknown;
    }
    const auto found = store_->find(system, code);
    if (!found) return Answer::no;
    const auto properties = store_->properties(system, code);
    std::vector<std::string_view> values;
    if (filter.property == "display") values.push_back(found->display);
    for (const auto& property : properties)
        if (property.code == filter.property) values.push_back(property.value);
    return holds_for(filter, values);
}

Answer Terminology::filter_holds(const ValueSet::Filter& filter, std::string_view system, std::string_view code) const {
    if (system == snomed_url && (filter.property == "constraint" || filter.property == "expression")) {
        const auto simple = simple_expression(filter.value);
        if (!simple) return Answer::unknown;
        return simple->op.empty() ? system_contains(system, code) : filter_holds(*simple, system, code);
    }
    if (is_hierarchy_op(filter.op)) return hierarchy_holds(filter, system, code);
    if (!is_about_code(filter.property)) return property_holds(filter, system, code);
    if (filter.op == "in" && system == snomed_url) return property_holds({"memberOf", "=", filter.value}, system, code);
    const Answer there = system_contains(system, code);
    if (filter.op == "exists") return filter.value == "false" ? negated(there) : there;
    return both(there, holds_for(filter, {code}));
}

}  // namespace causeway::fhir
