#pragma once
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/model/element.hpp"
#include "mappings/engine/leaves.hpp"
#include "mappings/engine/plan.hpp"

namespace causeway::mappings {

/// The segments a map may read, from the inside out: its own, those of the groups around it.
struct Frame {
    const Frame* up = nullptr;
    std::pmr::vector<LeafSegment*> segments;
    std::uint32_t ordinal = 0;  ///< of the repeating group or segment this frame is; 0 = neither
    std::pmr::vector<std::pair<std::uint32_t, std::uint32_t>> variables;  ///< variable -> resource
    bool owns_variables = true;  ///< a group that does not repeat shares its parent's

    Frame() = default;
    explicit Frame(std::pmr::memory_resource* memory) : segments(memory), variables(memory) {}

    LeafSegment* find(SegmentCode code, std::uint16_t number = 1) const noexcept;
    std::uint32_t nearest_ordinal() const noexcept;
};

/// Where a block reads and writes on the v2 side: the segments in a frame, or the value a type map is about.
struct V2Scope {
    const Frame* frame = nullptr;
    V2Value value;  ///< a null segment in a segment map
    bool is_value = false;
    std::uint64_t parts = ~std::uint64_t{0};  ///< which parts the value may have, by bit_of
};

/// What there is to know about the message besides its segments.
struct MessageFacts {
    std::string_view event;
    hl7v2::Delimiters delimiters;
};

/// Follows references between the resources of one run.
class References {
public:
    virtual ~References() = default;
    /// The root of the resource behind a Reference element; absent if it is not here.
    virtual fhir::Element target(fhir::Element reference) const = 0;
};

/// Reads v2 values and FHIR elements for the conditions of both directions.
class Reader {
public:
    Reader(TextArena& arena, const References& references) : arena_(arena), references_(references) {
        found_.reserve(16);
    }

    MessageFacts facts;

    /// The place a path names: its first valued repetition, or where it would stand.
    V2Value locate(const V2Ref& ref, const V2Scope& scope) const;
    /// The leaf at that place; null if nothing was sent there.
    Leaf* leaf(const V2Ref& ref, const V2Scope& scope) const;
    /// What a path that names one value at most has; without a segment if nothing was sent.
    V2Value one(const V2Ref& ref, const V2Scope& scope) const;
    /// All valued or erased repetitions the path names, at most one unless it says [].
    void collect(const V2Ref& ref, const V2Scope& scope, std::vector<V2Value>& out) const;
    /// Plain text of the first leaf of a value; empty if nothing or `""` was sent.
    std::string_view text(const V2Value& value) const;
    std::string_view text(const Leaf& leaf) const;
    /// Text of a path; `event` gives the event.
    std::string_view text(const V2Ref& ref, const V2Scope& scope) const;

    enum class Mode : std::uint8_t {
        test,        ///< forward: as things are
        assertable,  ///< backward: what can still be written counts as true
        erasing,     ///< forward, of a value that is deleted: what the value is, and what else was sent, counts as true
    };
    bool holds(const Condition& condition, const V2Scope& scope, fhir::Element element, Mode mode) const;

    /// The elements a path selects below `from`, in order.
    void select(fhir::Element from, const Path& path, std::vector<fhir::Element>& out, std::uint32_t ordinal = 1) const;
    /// The References that these steps, the last of which crosses, lead to.
    void select_references(fhir::Element from, std::span<const Step> steps, std::vector<fhir::Element>& out) const;
    fhir::Element select_first(fhir::Element from, const Path& path) const;
    bool satisfies(fhir::Element element, const std::vector<SliceTest>& tests) const;
    bool satisfies(fhir::Element element, const SliceTest& test) const;
    /// Whether an array's item is one this step means; its index apart.
    bool fits(fhir::Element item, const Step& step) const;

    const References& references() const noexcept { return references_; }
    TextArena& arena() const noexcept { return arena_; }

private:
    /// `across`: the last step goes through its reference.
    void walk(fhir::Element from, std::span<const Step> steps, std::uint32_t ordinal, bool across,
              std::vector<fhir::Element>& out) const;
    bool test_v2(const Condition& condition, const V2Scope& scope, Mode mode) const;
    bool test_size(const Condition& condition, const V2Scope& scope) const;
    std::size_t count(const V2Ref& ref, const V2Scope& scope) const;
    bool test_fhir(const Condition& condition, fhir::Element element) const;

    class Found;

    TextArena& arena_;
    const References& references_;
    mutable std::vector<fhir::Element> found_;  ///< stack of Found
};

/// Whether an element has a constant's value. A code fits where the system is the same or not stated.
bool equals(fhir::Element element, const Constant& constant);
bool like(std::string_view text, std::string_view pattern) noexcept;

}  // namespace causeway::mappings
