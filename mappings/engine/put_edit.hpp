#pragma once
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "hl7v2/builder.hpp"
#include "mappings/engine/align.hpp"
#include "mappings/engine/backward.hpp"
#include "mappings/engine/forward.hpp"
#include "mappings/engine/leaves.hpp"

namespace causeway::mappings {

/// A message made from resources, cut into leaves, each with the element it came from.
class MadeMessage {
public:
    /// Borrows `made`.
    MadeMessage(const BackwardResult& made, const hl7v2::MessageView& view);

    std::pmr::vector<LeafSegment>& segments() noexcept { return segments_; }
    /// The element behind a leaf; null for a constant.
    const fhir::Node* node(std::size_t segment, std::uint64_t key) const;
    /// The resource most leaves of a segment came from, counted as the input of the backward run; -1 if none did.
    int resource(std::size_t segment) const noexcept { return resources_[segment]; }
    std::string text(const Leaf& leaf) const;

private:
    const hl7v2::MessageView& view_;
    std::pmr::vector<LeafSegment> segments_;
    std::vector<std::unordered_map<std::uint64_t, const TraceEntry*>> entries_;
    std::vector<int> resources_;
};

/// How much of the original's form may be given up to get an edit in.
enum class PutReach : std::uint8_t {
    leaf,        ///< the values that changed
    repetition,  ///< the repetitions they stand in
    field,       ///< the fields
    segment,     ///< all mapped fields of the segments
};

/// Carries what differs between two made messages over to the original.
class PutEdit {
public:
    /// `before` was made from `read` (the original, read forward), `after` from the edited resources. Borrows all.
    /// `null_deletes`: a value that goes becomes `""`, which tells a receiver to delete it; otherwise it is left empty.
    PutEdit(const hl7v2::MessageView& original, const ForwardResult& read, MadeMessage& before, MadeMessage& after,
            bool null_deletes);

    /// The original with the difference in it.
    std::string apply(PutReach reach, std::vector<std::string>& changed);

private:
    struct RepetitionPlace {
        std::size_t segment;
        std::uint16_t field, repetition;
        bool known;  ///< lineage names it; otherwise it is where it would stand
    };
    struct Deletion {
        std::size_t segment;
        std::uint16_t field, repetition;
    };

    void pair_segments();
    void find_partners();
    double segment_cost(std::size_t a, std::size_t b);
    void change_segment(std::size_t a, std::size_t b, PutReach reach);
    void change_field(std::size_t a, std::size_t b, std::uint16_t field, PutReach reach);
    void change_repetition(std::size_t a, std::size_t b, std::uint16_t field, std::uint16_t ra, std::uint16_t rb,
                           PutReach reach);
    RepetitionPlace place_of(std::size_t a, std::uint16_t field, std::uint16_t repetition);
    const std::vector<V2Leaf>* sources(std::size_t a, const Leaf& leaf) const;
    /// Of several (a joined text), the one that says what the leaf says; null if there is none.
    const V2Leaf* source(std::size_t a, const Leaf& leaf);
    void write(std::size_t segment, LeafKey at, const std::string& text);
    void write_repetition(std::size_t segment, std::uint16_t field, std::uint16_t repetition, std::size_t b,
                          std::uint16_t from_field, std::uint16_t rb);
    void remove_repetition(std::size_t segment, std::uint16_t field, std::uint16_t repetition);
    std::uint16_t next_repetition(std::size_t segment, std::uint16_t field);
    std::string segment_text(std::size_t b);
    std::string original_text(const Leaf& leaf) const;
    std::string name_of(std::size_t segment, LeafKey at) const;

    const hl7v2::MessageView& original_;
    MadeMessage& before_;
    MadeMessage& after_;
    bool null_deletes_;
    std::pmr::vector<LeafSegment> leaves_;  ///< of the original
    std::unordered_map<const fhir::Node*, std::vector<V2Leaf>> lineage_;
    std::vector<Aligned> pairs_;
    std::vector<std::size_t> partner_;  ///< segment of the original for each of `before`; Aligned::none

    // while applying
    hl7v2::MessageBuilder builder_;
    std::vector<Deletion> deletions_;
    std::map<std::pair<std::size_t, std::uint16_t>, std::uint16_t> appended_;  ///< repetitions added to a field
    std::vector<std::string>* changed_ = nullptr;
};

}  // namespace causeway::mappings
