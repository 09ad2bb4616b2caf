#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mappings/engine/composer.hpp"
#include "mappings/engine/text_index.hpp"

namespace causeway::mappings {

/// How the resources of a message are recognised again (the maps' `identity` lines).
class Identities {
public:
    /// `message_key` names this message: its sender and control id. The keys' texts come to lie in `arena`.
    Identities(const Plan& plan, Composer& composer, std::string_view message_key, TextArena& arena);

    /// The keys that hold for a draft, most specific first; never empty.
    std::span<const std::string_view> of(std::uint32_t draft) const {
        return std::span(keys_).subspan(ranges_[draft].first, ranges_[draft].count);
    }

private:
    struct Range {
        std::uint32_t first = 0, count = 0;
        bool begun = false;
    };

    std::string_view first_key(std::uint32_t draft);
    void find_keys(std::uint32_t draft);
    /// Adds the keys a `by` alternative yields to those of a draft; none if a part of it is missing.
    void add_keys(const KeyPlan& key, std::uint32_t draft);
    /// What stands in text_ from `start` on becomes a key.
    void add_key(const KeyPlan& key, std::size_t start);
    std::size_t begin_key(std::uint32_t draft);
    /// What a part of a tuple says; false if it is missing.
    bool append_part(const KeyPlan& part, std::uint32_t draft);
    void append_text(fhir::Element element);
    void append_slice(const KeyPlan& key, fhir::Element element);
    class Found;

    const Plan& plan_;
    Composer& composer_;
    std::string_view message_key_;
    TextArena& arena_;
    std::vector<std::string_view> keys_;    ///< of all drafts
    std::vector<Range> ranges_;             ///< each draft's part of them
    std::vector<std::string_view> adding_;  ///< stack: keys of the drafts at work, since one may need another's
    std::vector<fhir::Element> found_;      ///< stack of Found
    std::string text_;                      ///< stack of the keys being made
    TextIndex seen_;                        ///< how often a key that cannot tell siblings apart was given
};

/// What became of a draft.
struct Joined {
    std::uint32_t draft = 0;     ///< the one it is now: itself, or an earlier one
    std::uint32_t position = 0;  ///< .. among those that are left
};

/// Joins drafts that are the same resource: what the later says and the earlier does not is taken over. The pending
/// references follow, and the trace, whose resources are positions from then on.
std::vector<Joined> join_same(Composer& composer, const Identities& identities);

}  // namespace causeway::mappings
