#pragma once
#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "fhir/model/builder.hpp"
#include "fhir/model/large_pages.hpp"
#include "mappings/engine/pending.hpp"
#include "mappings/engine/primitive.hpp"
#include "mappings/engine/repeats.hpp"
#include "mappings/engine/report.hpp"
#include "mappings/engine/scope.hpp"

namespace causeway::mappings {

/// A resource under construction; all of a message lie in one arena.
struct Draft {
    std::string_view type;  ///< a text of the plan
    fhir::Element root;
    std::uint32_t parent = no_parent;  ///< the resource whose link or crossing made this one
    std::uint32_t ordinal = 1;
    bool crossed = false;  ///< made only to be referred to
    bool shared = false;   ///< several places of the message said the same of it: what they add is the doing of each
    bool whole = false;    ///< all that is ever said of it was said when it was made
    std::vector<std::string> erased;

    static constexpr std::uint32_t no_parent = 0xffffffff;
};

/// A place in a resource under construction that comes into being when something is written to it, with everything
/// above it: constants of slices, extension urls, the resource behind a reference. So an empty value leaves nothing
/// behind.
struct Target {
    Target* parent = nullptr;
    const Step* step = nullptr;
    const fhir::Node* node = nullptr;  ///< once it exists
    std::uint32_t resource = 0;
    std::uint32_t ordinal = 1;
    std::uint32_t coding_offset = 0;  ///< items that stand before coding[1] of this CodeableConcept
    std::string* capture = nullptr;   ///< the value goes here instead of into a resource
    bool below_choice = false;        ///< it, or what it hangs below, is one of the types of a choice element

    Target() = default;
    /// A step below another target, which must stay where it is.
    Target(Target& above, const Step& next, std::uint32_t number) noexcept
        : parent(&above),
          step(&next),
          resource(above.resource),
          ordinal(number),
          capture(above.capture),
          below_choice(above.below_choice || !next.choice.empty()) {}
};

/// The targets of one path, made as far as the path goes; they point at each other and stay where they are.
class Chain {
public:
    static constexpr std::size_t steps_max = 12;  ///< of one path; the compiler refuses longer ones

    Chain() noexcept {}
    Chain(const Chain&) = delete;
    Chain& operator=(const Chain&) = delete;

    /// What `steps` lead to from `base`; the targets of the first `kept` of them stay as they are.
    Target& follow(Target& base, std::span<const Step> steps, std::uint32_t ordinal, std::size_t kept = 0) {
        Target* at = kept == 0 ? &base : std::launder(place(kept - 1));
        for (std::size_t i = kept; i < steps.size() && i < steps_max; ++i)
            at = std::construct_at(place(i), *at, steps[i], ordinal);
        size_ = steps.size();
        return *at;
    }
    /// How many of the steps lead where those followed before led, from the same base.
    std::size_t shared(std::span<const Step> steps) const noexcept {
        std::size_t n = 0;
        while (n < size_ && n < steps.size() && steps[n].place != 0 &&
               std::launder(place(n))->step->place == steps[n].place)
            ++n;
        return n;
    }

private:
    static_assert(std::is_trivially_destructible_v<Target>);
    Target* place(std::size_t i) { return reinterpret_cast<Target*>(room_) + i; }
    const Target* place(std::size_t i) const { return reinterpret_cast<const Target*>(room_) + i; }

    std::size_t size_ = 0;
    alignas(Target) std::byte room_[steps_max * sizeof(Target)];
};

/// A text that is to be written: either it lasts as long as the plan or the message's memory, or it is to be copied.
struct Text {
    std::string_view text;
    bool lasts = false;

    static Text of(std::string_view lasting) noexcept { return {lasting, true}; }
    static Text copied(std::string_view passing) noexcept { return {passing, false}; }
};

/// Runs blocks forward: reads a v2 scope, writes FHIR elements, and records which line made what from where.
class Composer final : public References {
public:
    /// `memory` takes the resources, and must be the one `arena` writes to; null where only capture() is wanted.
    Composer(const Plan& plan, TextArena& arena, fhir::DocumentBuilder* memory, TimeZone zone, std::string now);

    Reader& reader() noexcept { return reader_; }
    std::vector<Draft>& drafts() noexcept { return drafts_; }
    Issues& issues() noexcept { return issues_; }
    Trace& trace() noexcept { return trace_; }
    /// `erases`: whether the message deletes anything (`""`).
    void expect(std::size_t writes, bool erases) {
        trace_.reserve(writes);
        fhir::ask_for_large_pages(trace_.data(), trace_.capacity() * sizeof(TraceEntry));
        erases_ = erases;
    }
    bool refused() const noexcept { return refused_; }

    std::uint32_t new_resource(std::string_view type);
    /// How resources of that type are known again; null if the maps do not say. `type`: as of a draft.
    const IdentityPlan* identity_of(std::string_view type);
    fhir::MutableElement handle(fhir::Element element) { return memory_->handle(element); }
    fhir::DocumentBuilder& memory() { return *memory_; }
    /// The root of a resource as a target.
    Target root_of(std::uint32_t resource);
    /// Takes out of a resource what is empty; only a path with a number leaves such items.
    void prune();

    void run(const Block& block, const V2Scope& scope, Target& base, bool of_type);
    /// What a line makes of the v2 side as one text; used to tell derived values from data.
    std::optional<std::string> capture(const Line& line, const V2Scope& scope);

    /// The element of a target, absent if nothing was written there.
    fhir::Element peek(const Target& target) const;
    /// Whether another type of a choice element on the way to the target stands already: the first writer wins.
    bool blocked(const Target& target) const;
    void resolve(Target& target) { resolve(target, Draft::no_parent); }
    /// Makes a reference element refer to a resource.
    void refer(Target& target, std::uint32_t resource, std::uint32_t line);
    fhir::MutableElement handle(const Target& target);
    const PendingReferences& pending() const noexcept { return pending_; }
    PendingReferences& pending() noexcept { return pending_; }

    fhir::Element target(fhir::Element reference) const override;

    void report(Severity severity, const char* code, std::string text, std::uint32_t line,
                const V2Value* value = nullptr);

private:
    /// `chain`: to the target of the line before it in its block.
    void run_line(const Line& line, const V2Scope& scope, Target& base, Chain& chain);
    void run_values(const Line& line, const V2Scope& scope, Target& base);
    void missing(const Line& line, const V2Scope& scope);
    bool erased(const Line& line, const V2Value& value, const Target& base);
    bool lacks_deleted(const Line& line, const V2Value& value, const Target& base);
    void erase_other_shape(const Line& line, const V2Scope& scope, const Target& base);
    void note_repetitions(const Line& line, const V2Ref& source, const V2Value& value, const Target& base);
    void run_choose(const Choose& choose, const V2Scope& scope, Target& base, bool of_type);
    void run_assignment(const Assignment& assignment, const V2Scope& scope, Target& base);
    bool usable(const Choose::Branch& branch, const V2Scope& scope);
    bool convert(const Line& line, V2Value value, Target& target);
    bool convert_composite(const Line& line, V2Value value, Target& target);
    bool make_composite(const Line& line, V2Value value, Target& target);
    void repeat(const Repeats::Made& made, const V2Value& value, Target& target);
    bool is_of_number(std::uint32_t resource);
    bool is_of_reference(std::uint32_t resource, const Step& step);
    void resolve(Target& target, std::uint32_t shared);
    bool convert_by_table(const Line& line, V2Value value, Target& target);
    void write_each(const Line& line, V2Value value, Target& base);
    std::string joined(const Line& line, const std::vector<V2Value>& values);
    bool write(Target& target, Text text, FhirKind kind, std::uint32_t line, const V2Value* from,
               bool overwrite = false);
    void write_constant(Target& base, const Path& path, const Constant& constant, std::uint32_t line, bool overwrite);
    /// `is_concept`: the target is a CodeableConcept, not a Coding.
    void write_code(Target& target, bool is_concept, std::string_view system, Text code, std::string_view display,
                    std::uint32_t line, const V2Value* from);
    bool write_member(Target& parent, const Step& step, Text text, std::uint32_t line, const V2Value* from);
    fhir::MutableElement item(const Target& parent, const Step& step, std::size_t index);
    bool make(Target& target);
    void assert_slice(Target& element, const std::vector<SliceTest>& tests);
    void run_type(const TypePlan& type, V2Value value, Target& target);
    static void mark_read(const V2Value& value) {
        if (Leaf* leaf = value.leaf()) leaf->read = true;
    }
    bool holds(const Condition& condition, const V2Scope& scope, const Target& base);
    void note_part(const V2Value& value);
    /// Given to write() as what a text was made from: the leaves in parts_.
    static inline const V2Value from_parts{};
    void trace_write(const fhir::Node* node, std::uint32_t resource, std::uint32_t line, const V2Value* from);
    /// `traced`: where the trace stood before the sender's coding was written.
    void drop_repeated_coding(Target& concept_target, std::size_t traced);
    void erase(const Line& line, const Target& base);

    const Plan& plan_;
    Reader reader_;
    TimeZone zone_;
    std::string now_;
    fhir::DocumentBuilder* memory_;
    std::vector<Draft> drafts_;
    std::vector<std::pair<const char*, const IdentityPlan*>> identities_;  ///< asked for so far, by the type's address
    PendingReferences pending_;
    Trace trace_;
    Issues issues_;
    std::vector<V2Value> values_;  ///< stack: what the lines at work have collected
    std::string scratch_;          ///< the text one conversion makes
    std::string codec_text_;       ///< .. and the v2 text it makes it of
    std::vector<V2Value> used_;    ///< the places one codec has looked at
    std::vector<V2Value> parts_;   ///< the leaves it is made of, where they are not just its value
    Repeats repeats_;
    std::uint64_t writes_ = 0;
    std::uint32_t outside_ = 0;  ///< grows when a type map does what depends on more than its value
    std::uint32_t looks_ = 0;    ///< grows when a condition looks at what was written
    bool remembering_ = false;   ///< what is being made is to be remembered as a whole
    std::uint32_t line_ = 0;     ///< of the statement at work: what is made on the way to its target is its doing
    int depth_ = 0;
    bool refused_ = false;
    bool erases_ = false;
    bool gaps_ = false;  ///< items may have been made that nothing was written to
};

}  // namespace causeway::mappings
