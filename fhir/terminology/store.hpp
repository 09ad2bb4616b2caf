#pragma once
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace causeway::fhir {

/// A code as a store outside of memory has it.
struct StoredConcept {
    std::string code;
    std::string display;
    std::string definition;
    bool inactive = false;
};

/// Code systems too large for memory (LOINC, SNOMED CT, RxNorm ...), kept by someone else, e.g. in the database.
/// Every verb may block; none throws for a code or system that is not there.
class ConceptStore {
public:
    virtual ~ConceptStore() = default;
    /// The version of the system that answers; nothing if the system is not loaded.
    virtual std::optional<std::string> version_of(std::string_view system) const = 0;
    virtual std::optional<StoredConcept> find(std::string_view system, std::string_view code) const = 0;
    /// True if `ancestor` is `code` or above it. Nothing if the system has no hierarchy.
    virtual std::optional<bool> subsumes(std::string_view system, std::string_view ancestor,
                                         std::string_view code) const = 0;
    /// A concept's property as text (SCALE_TYP, class ...): whether it has that value.
    virtual std::optional<bool> has_property(std::string_view system, std::string_view code, std::string_view property,
                                             std::string_view value) const = 0;
    /// Every concept whose code or display holds the filter's words, in the store's order; `each` returns false to
    /// stop.
    virtual void search(std::string_view system, std::string_view filter,
                        const std::function<bool(const StoredConcept&)>& each) const = 0;
};

}  // namespace causeway::fhir
