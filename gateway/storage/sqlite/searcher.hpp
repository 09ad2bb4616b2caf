#pragma once
#include "fhir/search/plan.hpp"
#include "fhir/terminology/terminology.hpp"
#include "gateway/storage/sqlite/body_check.hpp"
#include "gateway/storage/sqlite/condition.hpp"
#include "gateway/storage/sqlite/dead_set.hpp"
#include "gateway/storage/sqlite/key_index.hpp"
#include "gateway/storage/sqlite/page_token.hpp"
#include "gateway/storage/sqlite/reads.hpp"
#include "gateway/storage/storage.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::storage {

class OpenGroup;

/// Bounds of a search that do not come with the request.
struct SearchLimits {
    std::function<TimeUs()> now_us;
    TimeUs page_token_life_us = 3'600'000'000;
    std::size_t sorted_max = 100'000;  ///< matches that a `_sort` other than by time may collect
    std::size_t walk_min = 3'000;  ///< candidates from which a `_sort` by a date walks the dates instead of collecting
    std::size_t body_sorted_max = 5'000;  ///< of these, with values only the bodies hold
    std::size_t linked_max = 200'000;     ///< resources on the far side of a chain or `_has`
    std::size_t history_max = 1000;
    int depth_max = 8;                   ///< chains inside chains
    std::size_t hierarchy_max = 10'000;  ///< resources above or below another
    BodyReading reading;
    std::function<std::shared_ptr<const fhir::Terminology>()> terminology;  ///< may be empty
};

/// Answers searches: SearchPlan -> Condition (in keys) -> candidates from the index, newest first -> checks on the
/// stored keys -> where these leave a doubt, the body against the plan itself. One for a connection; not for two
/// threads.
///
/// A candidate counts if its vid is not above the snapshot and no version up to the snapshot replaces it. In the writer
/// the versions of the open group are looked at first, since the index does not have them yet.
class Searcher {
public:
    Searcher(Reads& reads, const SearchLimits& limits, OpenGroup* group = nullptr)
        : reads_(reads), limits_(limits), index_(reads.connection), group_(group) {}

    /// The state that the next calls see.
    void use(IndexState state) { state_ = std::move(state); }

    SearchPage search(const fhir::search::SearchPlan& plan, const SearchOptions& options);
    std::vector<Match> find(const fhir::search::SearchPlan& plan, std::size_t limit, const Visibility* visibility);
    bool sees(const Visibility& visibility, const StoredResource& resource);
    HistoryPage history(const HistoryRequest& request);

    KeyIndex& index() noexcept { return index_; }
    /// Does the resource meet the criterion now? For the body check of chains and `_has`.
    bool meets(std::string_view type, std::string_view id, const fhir::search::Criterion& criterion);
    bool referred(std::string_view type, std::string_view id, const fhir::search::Criterion::Target& target);
    /// The same for `:in`, `:above` ... on tokens, for hierarchies of references, and for `_list`, `_text`, `_content`.
    std::optional<bool> code_in(std::string_view system, std::string_view code, fhir::search::Modifier modifier,
                                const fhir::search::Operand& operand);
    bool target_in(std::string_view type, std::string_view id, fhir::search::Modifier modifier,
                   const fhir::search::Operand& operand);
    bool whole_meets(const fhir::search::Criterion& criterion, const StoredResource& resource);

private:
    struct Budget {
        std::size_t rows = 0;
        std::size_t rows_max = 2'000'000;
        std::chrono::steady_clock::time_point until = std::chrono::steady_clock::time_point::max();
        void spend();
    };
    /// One type's condition, ready to run.
    struct Compiled {
        std::string type;
        const fhir::search::Criterion* criterion = nullptr;
        Condition condition;
        bool verify = false;     ///< check the body even on a yes: decisions about identity
        bool contained = false;  ///< about contained resources of the type; a match is what contains one
        /// With `contained`: what meets the criterion by itself has been found already.
        const Compiled* plain = nullptr;
        std::shared_ptr<const fhir::search::Criterion> owned;  ///< `criterion`, where what may be seen was added
    };
    using Each = std::function<bool(const Candidate&)>;

    void begin(const Visibility* visibility);
    Compiled compile(std::string_view type, const fhir::search::Criterion& criterion, bool verify);
    /// For `_contained`: all keys only narrow down, the bodies decide.
    Compiled compile_contained(std::string_view type, const fhir::search::Criterion& criterion);
    Condition contained_condition(std::string_view type, const fhir::search::Criterion& criterion);
    bool any_contained(std::string_view type);
    std::string head_of(std::uint16_t parameter) const;
    /// A code of any system: the few keys that it has in the index.
    KeyTest with_listed_keys(KeyTest test);
    Condition present(std::uint16_t parameter) const;
    Condition present_and_unknown(std::uint16_t parameter) const;
    /// A value of the parameter is there, and the body has to be asked about it.
    Condition asked_of_bodies(std::uint16_t parameter) const;
    Condition compile_node(std::string_view type, const fhir::search::Criterion& criterion);
    Condition compile_compare(std::string_view type, const fhir::search::Criterion& criterion);
    Condition compile_reference(const fhir::search::Criterion& criterion);
    /// `:in`, `:above` ... on a token: the codes spelled out if they are few, otherwise a question to each body.
    Condition compile_codes(std::uint16_t parameter, const fhir::search::Criterion& criterion,
                            const fhir::search::Operand& operand);
    Condition compile_list(const fhir::search::Criterion& criterion);
    /// `_text` by the words of narratives; `_content` is asked of the bodies.
    Condition compile_text(std::string_view type, const fhir::search::Criterion& criterion);
    /// The resource and all above or below it by the type's own part-of parameter.
    std::vector<Rid> hierarchy(Rid rid, std::string_view type, bool below);
    struct NamedValueSet;
    std::shared_ptr<const NamedValueSet> value_set(std::string_view name);
    /// Adds what may be seen; nullptr if nothing of the type may.
    std::shared_ptr<const fhir::search::Criterion> confined(std::string_view type,
                                                            const fhir::search::Criterion& criterion) const;
    /// May the version be seen under the running call's visibility?
    bool shown(Vid vid, std::string_view type);
    Condition compile_chain(const fhir::search::Criterion& criterion);
    Condition compile_has(const fhir::search::Criterion& criterion);

    /// Live matches within [low, high], by vid; `each` returns false to stop.
    void each_match(const Compiled& compiled, const KeyIndex::Span& span, const Each& each);
    void each_open(const Compiled& compiled, const Each& each, bool& stopped);
    void each_indexed(const Compiled& compiled, const KeyIndex::Span& span, const Each& each);
    bool accept(const Compiled& compiled, Candidate& candidate, bool complete, std::string& keys);
    /// Candidates of the narrowest part of the condition that ranges or numbers give; nullopt if all are wide.
    std::optional<std::vector<Vid>> collect(const Condition& condition, std::size_t most);
    std::optional<std::vector<Vid>> collect_part(const Condition& condition, std::size_t most);
    KeyIndex::Span narrow_by_time(const Condition& condition, KeyIndex::Span span);

    std::string name_of_head(std::string_view head) const;
    std::string describe(const Condition& condition);
    void explain_driver(std::string text);
    void explain_condition(const Compiled& compiled);

    bool live(Vid vid);
    bool fetch(Vid vid, Candidate& candidate, std::string& keys);
    bool body_meets(const Compiled& compiled, const Candidate& candidate);
    std::vector<std::string> contained_in(const StoredResource& resource, std::string_view type,
                                          const fhir::search::Criterion& criterion);
    /// The version of a resource that was current at the snapshot; 0 = none or erased.
    Vid current_at(Rid rid);
    Vid first_vid_not_before(TimeUs at_us);
    /// Versions of the open group with a key, newest first.
    std::vector<Vid> open_with_key(std::string_view key);

    /// Numbers of the resources a reference operand can mean; both empty: of any type.
    std::vector<Rid> rids_named(const std::string& type, const std::vector<std::string>& types, std::string_view id);
    std::vector<Rid> matching_rids(std::string_view type, const fhir::search::Criterion& criterion);
    void add_includes(const fhir::search::SearchPlan& plan, const SearchOptions& options, SearchPage& page);
    SearchPage newest_first(const fhir::search::SearchPlan& plan, const SearchOptions& options,
                            const std::vector<Compiled>& compiled, PageToken token, bool first, bool ascending);
    SearchPage sorted(const fhir::search::SearchPlan& plan, const SearchOptions& options,
                      const std::vector<Compiled>& compiled, PageToken token);
    /// Candidates of a walk: all of them, ascending, or too many to be held.
    struct Listed {
        std::vector<Vid> vids;
        bool whole = true;
        bool may_hold(Vid vid) const;
    };
    Listed listed(const Compiled& compiled);
    /// A page in the order of one date parameter; false if it cannot be walked, or collecting is cheaper.
    bool walk_by_date(const fhir::search::SearchPlan& plan, const SearchOptions& options, const Compiled& compiled,
                      PageToken token, SearchPage& page);
    std::string sort_value(const fhir::search::SortKey& key, std::size_t condition, const Candidate& candidate,
                           bool& from_body);
    std::optional<std::uint64_t> total_of(const std::vector<Compiled>& compiled);
    /// By the length of the one list that the search asks for, less what of it is dead; nullopt where that is not it, or not cheap.
    std::optional<std::uint64_t> length_of(const Compiled& compiled);
    StoredResource need(Vid vid);
    std::vector<std::string> types_with_references() const;
    /// Of a type or system history: was the version current at some point of `_at`?
    bool in_range(Vid vid, const HistoryRequest& request);

    Reads& reads_;
    SearchLimits limits_;
    KeyIndex index_;
    OpenGroup* group_;
    IndexState state_;
    Vid snapshot_ = 0;  ///< of the running call
    Budget budget_;
    int depth_ = 0;
    bool verify_ = false;                          ///< the running call decides about identity
    std::vector<std::string>* explain_ = nullptr;  ///< of the running call; null: nobody asked
    std::size_t bodies_ = 0;                       ///< read by the running call
    bool contained_ = false;                       ///< what is being compiled is about contained resources
    const Visibility* visibility_ = nullptr;       ///< of the running call; null: everything
    std::map<std::string, std::shared_ptr<const NamedValueSet>, std::less<>> value_sets_;  ///< of the running call
    std::map<std::string, Compiled, std::less<>> shown_;                                   ///< of the running call
};

}  // namespace causeway::storage
