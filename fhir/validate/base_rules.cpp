#include "fhir/validate/base_rules.hpp"

#include <algorithm>

#include "fhir/validate/repairs.hpp"

namespace causeway::fhir {

namespace {

/// Checked natively, with more detail than a boolean has: ele-1 by the structure, txt-1 and txt-2 by the narrative,
/// ref-1 by the references.
bool is_native(std::string_view key) noexcept {
    return key == "ele-1" || key == "txt-1" || key == "txt-2" || key == "ref-1";
}

const r4::ElementDef* first_element() noexcept {
    const r4::ElementDef* first = r4::types().front().elements.data();
    for (const auto& type : r4::types())
        if (!type.elements.empty()) first = std::min(first, type.elements.data());
    return first;
}

/// "Narrative.div", "Dosage.doseAndRate.dose[x]": the element; null for a type's own path.
const r4::ElementDef* element_at(std::string_view path) noexcept {
    const auto point = path.rfind('.');
    if (point == std::string_view::npos) return nullptr;
    const r4::TypeDef* owner = r4::find_type(path.substr(0, point));
    auto name = path.substr(point + 1);
    if (name.ends_with("[x]")) name.remove_suffix(3);
    return owner ? r4::find_choice(*owner, name) : nullptr;
}

}  // namespace

std::size_t BaseRules::number_of(const r4::ElementDef& element) noexcept {
    static const r4::ElementDef* const first = first_element();
    return static_cast<std::size_t>(&element - first);
}

BaseRules::BaseRules(const Terminology& terminology) : by_type_(r4::types().size()) {
    std::size_t elements = 0;
    for (const auto& type : r4::types())
        if (!type.elements.empty()) elements = std::max(elements, number_of(type.elements.back()) + 1);
    element_slots_.assign(elements, 0);
    value_sets_.assign(elements, nullptr);
    for (const auto& constraint : r4::constraints()) {
        if (is_native(constraint.key)) continue;
        const r4::TypeDef* type = r4::find_type(constraint.path);
        const r4::ElementDef* element = type ? nullptr : element_at(constraint.path);
        if (!type && !element) {
            not_run_.push_back(std::string(constraint.key) + ": no element " + std::string(constraint.path));
            continue;
        }
        path::CompileOptions options;
        options.as_filters = true;
        if (type)
            options.context_type = type->name;
        else if (element->types.size() == 1)
            options.context_type = element->types.front()->name;
        auto compiled =
            path::Expression::compile(repaired(constraint.key, constraint.path, constraint.expression), options);
        Rule rule{std::nullopt, constraint.key, constraint.is_error, constraint.human};
        if (compiled)
            rule.expression = std::move(*compiled);
        else
            not_run_.push_back(std::string(constraint.key) + ": " + compiled.error().message);
        if (type) {
            by_type_[type->index].push_back(std::move(rule));
            continue;
        }
        auto& slot = element_slots_[number_of(*element)];
        if (slot == 0) {
            by_element_.emplace_back();
            slot = static_cast<std::uint16_t>(by_element_.size());
        }
        by_element_[slot - 1U].push_back(std::move(rule));
    }
    for (const auto& type : r4::types())
        for (const auto& element : type.elements)
            if (!element.value_set.empty())
                value_sets_[number_of(element)] = terminology.find_value_set(element.value_set);
}

}  // namespace causeway::fhir
