#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/path/expression.hpp"
#include "fhir/r4/tables.hpp"
#include "fhir/terminology/terminology.hpp"

namespace causeway::fhir {

/// An invariant, ready to run. Without an expression it could not be compiled: it is reported as not checked.
struct Rule {
    std::optional<path::Expression> expression;
    std::string_view key;
    bool is_error = true;
    std::string_view human;
};

/// R4's invariants and bindings, compiled and resolved once, by type and by element.
class BaseRules {
public:
    explicit BaseRules(const Terminology& terminology);

    /// Rules that a type declares itself (not those of its base).
    const std::vector<Rule>& of_type(const r4::TypeDef& type) const noexcept { return by_type_[type.index]; }
    /// Rules that stand at an element of a type; null if there are none.
    const std::vector<Rule>* of_element(const r4::ElementDef& element) const noexcept {
        const auto slot = element_slots_[number_of(element)];
        return slot == 0 ? nullptr : &by_element_[slot - 1U];
    }
    /// The value set an element is bound to; null if none, or none that is loaded.
    const ValueSet* value_set(const r4::ElementDef& element) const noexcept { return value_sets_[number_of(element)]; }
    /// Keys and reasons of the rules whose expression does not compile.
    const std::vector<std::string>& not_run() const noexcept { return not_run_; }

private:
    static std::size_t number_of(const r4::ElementDef& element) noexcept;
    std::vector<std::vector<Rule>> by_type_;
    std::vector<std::vector<Rule>> by_element_;
    std::vector<std::uint16_t> element_slots_;
    std::vector<const ValueSet*> value_sets_;
    std::vector<std::string> not_run_;
};

}  // namespace causeway::fhir
