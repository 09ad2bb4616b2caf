#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "fhir/model/builder.hpp"
#include "mappings/engine/primitive.hpp"
#include "mappings/engine/report.hpp"
#include "mappings/engine/scope.hpp"

namespace causeway::mappings {

/// A resource under construction; all of a message lie in one arena.
struct Draft {
    std::string type;
    fhir::Element root;
    std::uint32_t parent = no_parent;  ///< the resource whose link or crossing made this one
    std::uint32_t ordinal = 1;
    bool crossed = false;  ///< made only to be referred to
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
};

/// Runs blocks forward: reads a v2 scope, writes FHIR elements, and records which line made what from where.
class Composer final : public References {
public:
    Composer(const Plan& plan, TextArena& arena, TimeZone zone, std::string now);

    Reader& reader() noexcept { return reader_; }
    std::vector<Draft>& drafts() noexcept { return drafts_; }
    Issues& issues() noexcept { return issues_; }
    Trace& trace() noexcept { return trace_; }
    void expect(std::size_t writes) { trace_.reserve(writes); }
    bool refused() const noexcept { return refused_; }

    std::uint32_t new_resource(std::string_view type);
    fhir::MutableElement handle(fhir::Element element) { return memory().handle(element); }
    fhir::DocumentBuilder& memory();
    /// What all drafts lie in, finished: nothing can be changed any more.
    fhir::DocumentPtr finish() { return std::move(memory()).finish(); }
    /// The root of a resource as a target.
    Target root_of(std::uint32_t resource);
    /// A step below another target.
    Target below(Target& parent, const Step& step, std::uint32_t ordinal) const;

    void run(const Block& block, const V2Scope& scope, Target& base, bool of_type);
    /// What a line makes of the v2 side as one text; used to tell derived values from data.
    std::optional<std::string> capture(const Line& line, const V2Scope& scope);

    /// The element of a target, absent if nothing was written there.
    fhir::Element peek(const Target& target) const;
    /// Whether another type of a choice element on the way to the target stands already: the first writer wins.
    bool blocked(const Target& target) const;
    void resolve(Target& target);
    /// Makes a reference element refer to a resource.
    void refer(Target& target, std::uint32_t resource, std::uint32_t line);
    fhir::MutableElement handle(const Target& target);
    /// Pending references: reference element -> resource.
    const std::unordered_map<const fhir::Node*, std::uint32_t>& pending() const noexcept { return pending_; }
    std::unordered_map<const fhir::Node*, std::uint32_t>& pending() noexcept { return pending_; }
    /// The reference element through which a crossing made its resource.
    const std::vector<std::pair<const fhir::Node*, std::uint32_t>>& crossed() const noexcept { return crossed_; }

    fhir::Element target(fhir::Element reference) const override;

    void report(Severity severity, const char* code, std::string text, std::uint32_t line,
                const V2Value* value = nullptr);

private:
    void run_line(const Line& line, const V2Scope& scope, Target& base);
    void run_choose(const Choose& choose, const V2Scope& scope, Target& base, bool of_type);
    void run_assignment(const Assignment& assignment, const V2Scope& scope, Target& base);
    bool usable(const Choose::Branch& branch, const V2Scope& scope);
    bool convert(const Line& line, V2Value value, Target& target);
    bool convert_by_table(const Line& line, V2Value value, Target& target);
    void write_each(const Line& line, V2Value value, Target& base);
    std::string joined(const Line& line, const std::vector<V2Value>& values);
    bool write(Target& target, std::string_view text, FhirKind kind, std::uint32_t line, const V2Value* from,
               bool overwrite = false);
    void write_constant(Target& target, const Path& path, std::size_t i, const Constant& constant, std::uint32_t line,
                        bool overwrite);
    void write_code(Target& target, const std::string& type, std::string_view system, std::string_view code,
                    std::string_view display, std::uint32_t line, const V2Value* from);
    bool write_member(Target& parent, const Step& step, std::string_view text, std::uint32_t line, const V2Value* from);
    void assert_slice(Target& element, const std::vector<SliceTest>& tests);
    void run_type(const TypePlan& type, V2Value value, Target& target);
    void mark_read(const V2Value& value);
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
    std::optional<fhir::DocumentBuilder> memory_;  ///< made when the first resource is
    std::vector<Draft> drafts_;
    std::unordered_map<const fhir::Node*, std::uint32_t> pending_;
    std::vector<std::pair<const fhir::Node*, std::uint32_t>> crossed_;
    Trace trace_;
    Issues issues_;
    std::vector<V2Value> values_;  ///< stack: what the lines at work have collected
    std::string scratch_;          ///< the text one conversion makes
    std::vector<V2Value> parts_;   ///< the leaves it is made of, where they are not just its value
    std::uint64_t writes_ = 0;
    std::uint32_t line_ = 0;  ///< of the statement at work: what is made on the way to its target is its doing
    int depth_ = 0;
    bool refused_ = false;
};

}  // namespace causeway::mappings
