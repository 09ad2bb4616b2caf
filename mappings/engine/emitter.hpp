#pragma once
#include <array>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "mappings/engine/backward.hpp"
#include "mappings/engine/composer.hpp"
#include "mappings/engine/scope.hpp"

namespace causeway::mappings {

/// The input of a backward run, found by url, `Type/id` and `#id`.
class ResourceIndex final : public References {
public:
    explicit ResourceIndex(std::span<const SourceResource> resources);

    fhir::Element target(fhir::Element reference) const override;
    /// Index of the resource behind a reference; nothing if it is not here.
    std::optional<std::uint32_t> find(fhir::Element reference) const;
    std::optional<std::uint32_t> find_url(std::string_view url) const;
    fhir::Element operator[](std::uint32_t i) const { return resources_[i].element; }
    std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(resources_.size()); }

private:
    std::span<const SourceResource> resources_;
    std::unordered_map<std::string, std::uint32_t> by_url_;
    /// What stands in for a resource that is not here but named by identifier and display.
    mutable std::unordered_map<const fhir::Node*, fhir::DocumentPtr> stand_ins_;
};

/// An element with the way that led to it: behind a reference, things are read once per reference.
struct Selected {
    fhir::Element element;
    const fhir::Node* via = nullptr;
    std::uint32_t resource = 0;
    /// Array elements passed on the way, each with the reference before it, that the line takes for itself.
    struct Claim {
        const fhir::Node* node;
        const fhir::Node* via;
    };
    std::array<Claim, 6> claims;  ///< no path of R4 passes more arrays; no vector, since it is copied at every step
    std::uint8_t claim_count = 0;

    void add_claim(const fhir::Node* node, const fhir::Node* before) noexcept {
        if (claim_count < claims.size()) claims[claim_count++] = {node, before};
    }
};

/// Runs blocks backward: reads FHIR elements, writes leaves into segments that are being built.
class Emitter {
public:
    Emitter(const Plan& plan, const MessagePlan& message, TextArena& arena, const ResourceIndex& resources,
            const BackwardContext& context);

    Reader& reader() noexcept { return reader_; }
    Issues& issues() noexcept { return issues_; }

    /// True if a line wrote data. An absent element runs the constants only.
    bool run(const Block& block, const V2Scope& scope, const Selected& base);
    void select(const Selected& from, const Path& path, std::uint32_t ordinal, bool mirror,
                std::vector<Selected>& out) const;
    bool claimed(const fhir::Node* node, const fhir::Node* via) const { return claims_.contains({node, via}); }
    void claim(const fhir::Node* node, const fhir::Node* via) { claims_.insert({node, via}); }
    /// Grows with each leaf that is no mirror: tells whether a repetition said something new.
    std::uint64_t fresh() const noexcept { return fresh_; }
    void report(Severity severity, const char* code, std::string text, std::uint32_t line);

private:
    struct Way {
        const fhir::Node* node;
        const fhir::Node* via;
        friend bool operator==(const Way&, const Way&) = default;
    };
    struct WayHash {
        std::size_t operator()(const Way& way) const noexcept {
            return std::hash<const void*>()(way.node) ^ (std::hash<const void*>()(way.via) * 31);
        }
    };

    bool run_line(const Line& line, const Block& block, const V2Scope& scope, const Selected& base);
    bool run_choose(const Choose& choose, const V2Scope& scope, const Selected& base);
    void run_assignment(const Assignment& assignment, const V2Scope& scope, const Selected& base);
    bool convert(const Line& line, const Selected& from, V2Value to);
    bool convert_by_table(const Line& line, const Selected& from, V2Value to);
    bool put(V2Value place, std::string_view text, const Selected& from, std::uint32_t line);
    void establish(const Condition& condition, const V2Scope& scope, std::uint32_t line);
    void walk(const Selected& from, const std::vector<Step>& steps, std::size_t i, std::uint32_t ordinal, bool mirror,
              std::vector<Selected>& out) const;
    bool reserved(fhir::Element item, const Step& step) const;
    /// The way through one more reference: two orders of one PractitionerRole's are two ways to its Practitioner.
    const fhir::Node* way(const fhir::Node* before, const fhir::Node* reference) const;
    bool consumed(const Selected& leaf) const;

    const Plan& plan_;
    const MessagePlan& message_;
    const ResourceIndex& resources_;
    const BackwardContext& context_;
    Composer composer_;  ///< runs `->` lines over what was built, to tell derived values
    Reader reader_;
    OffsetPolicy offset_ = OffsetPolicy::as_received;
    std::unordered_set<Way, WayHash> consumed_, claims_;
    mutable std::unordered_map<Way, const fhir::Node*, WayHash> ways_;  ///< those of several references
    mutable std::deque<fhir::Node> way_nodes_;                          ///< what they are known by
    Issues issues_;
    std::uint64_t fresh_ = 0;
    std::uint32_t coding_offset_ = 0;
    int mirror_depth_ = 0;
    int depth_ = 0;
};

}  // namespace causeway::mappings
