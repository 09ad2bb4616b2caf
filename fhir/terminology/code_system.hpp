#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "fhir/model/element.hpp"

namespace causeway::fhir {

/// One concept of a system in memory. Views borrow the definitions that the Terminology owns.
struct Concept {
    std::string_view code;
    std::string_view display;
    std::uint32_t parent;  ///< index, or none
    std::uint32_t end;     ///< behind the last descendant: a system's concepts stand in preorder
    bool is_abstract = false;
    bool is_inactive = false;
    static constexpr std::uint32_t none = 0xFFFFFFFF;
};

/// A code system in memory: found by code through a hash table, subsumption by position and by further parents.
class CodeSystem {
public:
    std::string_view url;
    std::string_view version;
    std::string_view name;
    std::string_view content;    ///< complete, fragment, example, not-present, supplement
    std::string_view value_set;  ///< canonical of the set of all its codes, if it names one
    bool case_sensitive = true;
    bool is_hierarchy = false;  ///< the nesting means is-a

    std::span<const Concept> concepts() const noexcept { return concepts_; }
    /// Index or Concept::none.
    std::uint32_t find(std::string_view code) const noexcept;
    const Concept& at(std::uint32_t index) const noexcept { return concepts_[index]; }
    /// True if `ancestor` is `index` or above it, through any parent.
    bool is_a(std::uint32_t index, std::uint32_t ancestor) const noexcept;
    /// Only a complete system can say that a code does not exist.
    bool is_complete() const noexcept { return content == "complete"; }
    /// The concept in the CodeSystem resource, with its definition, designations and properties; absent for what is
    /// compiled in.
    Element source(std::uint32_t index) const noexcept { return index < sources_.size() ? sources_[index] : Element(); }

    // Building: concepts in preorder, then further parents by code, then index().
    void add(Concept entry, std::uint32_t depth);
    void add_source(Element entry) { sources_.push_back(entry); }
    void add_parent(std::string_view code, std::string_view parent) { pending_.push_back({code, parent}); }
    void index();

private:
    struct Edge {
        std::uint32_t child;
        std::uint32_t parent;
    };
    struct Pending {
        std::string_view code;
        std::string_view parent;
    };
    bool is_above(std::uint32_t ancestor, std::uint32_t index, unsigned depth) const noexcept;

    std::vector<Concept> concepts_;
    std::vector<Element> sources_;  ///< by index; empty for what is compiled in
    std::vector<std::uint32_t> slots_;
    std::vector<std::uint32_t> open_;  ///< while building: the path to the last concept
    std::vector<Edge> edges_;          ///< further parents, by child
    std::vector<Pending> pending_;
};

}  // namespace causeway::fhir
