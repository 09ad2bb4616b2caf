#include "gateway/patient_index/candidates.hpp"

#include <algorithm>
#include <map>

#include "gateway/patient_index/identity.hpp"

namespace causeway::patient_index {
namespace {

using match::CountedField;
using match::Key;

constexpr std::size_t shared_limit = 200;  ///< counting a shared value further changes no weight

storage::BlockingKey stored(Key key, std::string_view value) {
    return {static_cast<std::int16_t>(key),
            static_cast<std::int64_t>(match::stable_hash(value, static_cast<std::uint64_t>(key)))};
}

/// The population as one look-up sees it: names from the statistics, shared values from their blocks.
class StoredPopulation final : public match::Population {
public:
    StoredPopulation(storage::PatientReader& reader, const Statistics& statistics)
        : reader_(reader), statistics_(statistics) {}

    std::uint64_t records() const override { return statistics_.records(); }
    std::uint64_t total(CountedField field) const override { return statistics_.total(field); }
    std::uint64_t count(CountedField field, std::string_view value) const override {
        switch (field) {
            case CountedField::phone:
                return block_size(Key::phone, value);
            case CountedField::email:
                return block_size(Key::email, value);
            case CountedField::ssn:
                return block_size(Key::ssn, value);
            case CountedField::address:
                return block_size(Key::counted_address, value);
            default:
                return statistics_.count(field, value);
        }
    }

private:
    std::uint64_t block_size(Key key, std::string_view value) const {
        const auto stored_key = stored(key, value);
        const auto [at, fresh] = sizes_.emplace(stored_key, 0);
        if (fresh) at->second = reader_.block(stored_key, shared_limit).value().size();
        return at->second;
    }

    storage::PatientReader& reader_;
    const Statistics& statistics_;
    mutable std::map<storage::BlockingKey, std::uint64_t> sizes_;
};

class Search {
public:
    Search(storage::PatientReader& reader, const match::Features& features, const Matcher& matcher, storage::Rid self)
        : reader_(reader),
          features_(features),
          matcher_(matcher),
          self_(self),
          population_(reader, *matcher.statistics),
          rates_(match::Rates::of(*matcher.model, std::max<std::uint64_t>(matcher.statistics->records(), 1000))) {}

    Found run() {
        read_blocks();
        compare_records();
        compare_pools();
        for (auto& [person, candidate] : best_)
            if (candidate.decision.outcome != match::Outcome::no_match)
                found_.candidates.push_back(std::move(candidate));
        link_by_combination();
        std::sort(found_.candidates.begin(), found_.candidates.end(), before);
        return std::move(found_);
    }

private:
    static bool before(const Candidate& a, const Candidate& b) {
        if (a.decision.outcome != b.decision.outcome) return a.decision.outcome > b.decision.outcome;
        if (a.score.weight != b.score.weight) return a.score.weight > b.score.weight;
        return a.person < b.person;
    }

    /// An approved combination links if exactly one person satisfies any, and nobody was left unseen.
    void link_by_combination() {
        Candidate* only = nullptr;
        for (auto& candidate : found_.candidates) {
            if (!candidate.combination) continue;
            if (only) return;
            only = &candidate;
        }
        if (!only || found_.truncated || only->decision.outcome == match::Outcome::automatic) return;
        only->decision = {match::Outcome::automatic, only->combination->rule};
    }

    void read_blocks() {
        bool names_cut = false;
        for (const auto& key : match::blocking_keys(features_)) {
            const std::size_t limit = match::rare_key(key.key) ? match::rare_block_max : matcher_.block_max;
            const auto members = reader_.block(stored(key.key, key.value), limit + 1).value();
            if (members.size() <= limit) {
                take(members);
                continue;
            }
            if (match::rare_key(key.key)) continue;
            if (match::value_key(key.key))
                ++found_.left_out;
            else if (key.key == Key::full_name)
                names_cut = true;
            else
                found_.truncated = true;
        }
        if (names_cut) read_refined();
        std::sort(records_.begin(), records_.end());
        records_.erase(std::unique(records_.begin(), records_.end()), records_.end());
        if (records_.size() > matcher_.candidates_max) {
            records_.resize(matcher_.candidates_max);
            found_.truncated = true;
        }
    }

    /// A common name: only those of the same birth year. Without a birth year the block stays unread, and that is said.
    void read_refined() {
        if (features_.births.empty()) {
            found_.truncated = true;
            return;
        }
        for (const auto& key : match::helper_keys(features_)) {
            if (key.key != Key::name_and_year) continue;
            const auto members = reader_.block(stored(key.key, key.value), matcher_.block_max + 1).value();
            if (members.size() > matcher_.block_max)
                found_.truncated = true;
            else
                take(members);
        }
    }

    void take(const std::vector<storage::Rid>& members) {
        for (const auto member : members)
            if (member != self_) records_.push_back(member);
    }

    void compare_records() {
        for (const auto rid : records_) {
            const auto record = reader_.record(rid).value();
            if (!record || record->person == 0) continue;
            ++found_.compared;
            judge(match::deserialise(record->data), record->person, rid, false);
            if (record->state & record_state::pooled) pooled_.emplace(record->person, rid);
        }
    }

    void compare_pools() {
        for (const auto& [id, member] : pooled_) {
            const auto person = reader_.person(id).value();
            if (!person || person->data.empty()) continue;
            ++found_.compared;
            judge(match::deserialise(person->data), id, member, true);
        }
    }

    void judge(const match::Features& other, storage::PersonId person, storage::Rid record, bool pooled) {
        const auto comparison = match::compare(features_, other);
        Candidate next;
        next.person = person;
        next.record = record;
        next.pooled = pooled;
        next.score = match::score(comparison, *matcher_.model, population_, rates_);
        if (next.score.weight < matcher_.model->review) return;
        next.decision = match::decide(comparison, next.score, *matcher_.model);
        if (matcher_.combinations != match::Combinations::off && match::combination_may_link(comparison))
            next.combination =
                match::enabled(match::satisfied(features_, other, comparison, next.score), matcher_.combinations);
        const auto [at, fresh] = best_.emplace(person, next);
        if (fresh) return;
        auto& best = at->second;
        if (!next.combination) next.combination = best.combination;
        if (!best.combination) best.combination = next.combination;
        if (before(next, best)) {
            if (pooled) next.record = best.record;
            best = std::move(next);
        }
    }

    storage::PatientReader& reader_;
    const match::Features& features_;
    const Matcher& matcher_;
    const storage::Rid self_;
    const StoredPopulation population_;
    const match::Rates rates_;
    std::vector<storage::Rid> records_;
    std::map<storage::PersonId, storage::Rid> pooled_;  ///< persons with several records, and one of them
    std::map<storage::PersonId, Candidate> best_;
    Found found_;
};

}  // namespace

std::vector<storage::BlockingKey> stored_keys(const match::Features& features) {
    std::vector<storage::BlockingKey> out;
    for (const auto& key : match::blocking_keys(features)) out.push_back(stored(key.key, key.value));
    for (const auto& key : match::helper_keys(features)) out.push_back(stored(key.key, key.value));
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

Found find_candidates(storage::PatientReader& reader, const match::Features& features, const Matcher& matcher,
                      storage::Rid self) {
    return Search(reader, features, matcher, self).run();
}

}  // namespace causeway::patient_index
