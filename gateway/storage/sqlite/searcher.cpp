// Finding the live versions that meet a condition, newest first.
#include "gateway/storage/sqlite/searcher.hpp"

#include "gateway/storage/sqlite/open_group.hpp"

#include <algorithm>
#include <limits>

namespace causeway::storage {

using sql::Statement;

namespace {

constexpr std::size_t self_driven_max = 5'000;  // resources looked up one by one instead of asking the index
constexpr std::size_t patience = 1'000;         // candidates refused before a narrower driver is sought
constexpr std::size_t postings_per_fetch = 30;  // a list's entries that are walked in the time of one version's keys
constexpr std::size_t narrow_max = 20'000;      // vids a range may give to be the narrower driver
constexpr std::size_t collected_max = 500'000;  // and when nothing else narrows the search down

/// Parts of a conjunction; a condition that is none is its own only part.
std::vector<const Condition*> parts_of(const Condition& condition) {
    std::vector<const Condition*> out;
    if (condition.kind == Condition::Kind::all) {
        for (const auto& child : condition.children) {
            const auto inner = parts_of(child);
            out.insert(out.end(), inner.begin(), inner.end());
        }
    } else {
        out.push_back(&condition);
    }
    return out;
}

bool is_type_list(const Condition& condition) {
    return condition.kind == Condition::Kind::key && condition.key.bytes.empty() &&
           condition.key.kind == KeyTest::Kind::equals &&
           condition.key.head.starts_with(keys::parameter_prefix(keys::type_parameter));
}

}  // namespace

void Searcher::Budget::spend() {
    if (++rows > rows_max)
        throw FailureException({FailureCode::too_costly, "search: too many index rows; narrow the query down"});
    if (rows % 1024 == 0 && std::chrono::steady_clock::now() > until)
        throw FailureException({FailureCode::too_costly, "search: over its time; narrow the query down"});
}

bool Searcher::fetch(Vid vid, Candidate& candidate, std::string& keys) {
    auto query = reads_.connection.query(Statement::version_keys);
    query.bind(vid);
    if (!query.step() || static_cast<WriteKind>(query.integer(2)) == WriteKind::erase) return false;
    candidate.vid = vid;
    candidate.rid = query.integer(0);
    candidate.at_us = query.integer(1);
    keys.assign(query.blob(3));
    candidate.keys = keys;
    return true;
}

Vid Searcher::current_at(Rid rid) {
    Vid vid = 0;
    {
        auto query = reads_.connection.query(Statement::resource_current);
        query.bind(rid);
        if (!query.step()) return 0;
        vid = query.integer(0);
    }
    while (vid != 0) {
        auto query = reads_.connection.query(Statement::version_prev);
        query.bind(vid);
        if (!query.step()) throw FailureException({FailureCode::corrupt, "a version is missing from its chain"});
        if (vid <= snapshot_) return static_cast<WriteKind>(query.integer(3)) == WriteKind::erase ? 0 : vid;
        vid = query.integer(0);
    }
    return 0;
}

bool Searcher::live(Vid vid) {
    const bool dead = state_.dead->contains(vid);
    if (group_ == nullptr) {
        if (!dead) return true;
        if (snapshot_ >= state_.committed) return false;
    } else if (dead) {
        return false;
    }
    // Replaced after the snapshot, or maybe by a job of the open group: ask the rows.
    Rid rid = 0;
    {
        auto query = reads_.connection.query(Statement::version_keys);
        query.bind(vid);
        if (!query.step()) return false;
        rid = query.integer(0);
    }
    return current_at(rid) == vid;
}

bool Searcher::accept(const Compiled& compiled, Candidate& candidate, bool complete, std::string& keys) {
    if (complete && !compiled.verify) return true;
    if (candidate.keys.empty() && !fetch(candidate.vid, candidate, keys)) return false;
    const auto verdict = complete ? Verdict::yes : compiled.condition.test(candidate);
    if (verdict == Verdict::no) return false;
    return (verdict == Verdict::yes && !compiled.verify) || body_meets(compiled, candidate);
}

void Searcher::each_match(const Compiled& compiled, const KeyIndex::Span& span, const Each& each) {
    auto bounded = span;
    bounded.high = std::min(bounded.high, snapshot_);
    bool stopped = false;
    if (group_ && !group_->versions.empty()) each_open(compiled, each, stopped);
    if (!stopped) each_indexed(compiled, bounded, each);
}

void Searcher::each_open(const Compiled& compiled, const Each& each, bool& stopped) {
    const std::vector<std::uint32_t>* few = nullptr;
    static const std::vector<std::uint32_t> nothing;
    for (const auto* const part : parts_of(compiled.condition)) {
        if (part->kind != Condition::Kind::key || part->key.kind != KeyTest::Kind::equals) continue;
        const auto* found = group_->with_key(part->key.head + part->key.bytes);
        if (!found) found = &nothing;
        if (!few || found->size() < few->size()) few = found;
    }
    const auto size = few ? few->size() : group_->versions.size();
    for (std::size_t i = size; i-- > 0 && !stopped;) {
        budget_.spend();
        const auto at = few ? (*few)[i] : i;
        const Vid vid = group_->versions[at].vid;
        const Rid rid = group_->versions[at].rid;
        if (group_->versions[at].erased) continue;
        {
            auto query = reads_.connection.query(Statement::resource_current);
            query.bind(rid);
            if (!query.step() || query.integer(0) != vid) continue;
        }
        Candidate candidate;
        std::string keys;
        if (!fetch(vid, candidate, keys)) continue;
        if (accept(compiled, candidate, false, keys)) stopped = !each(candidate);
    }
}

std::vector<Vid> Searcher::open_with_key(std::string_view key) {
    std::vector<Vid> out;
    if (!group_) return out;
    if (const auto* const found = group_->with_key(key)) {
        for (auto at = found->rbegin(); at != found->rend(); ++at) {
            // A fingerprint may be shared: look at the keys themselves.
            KeyCursor cursor(group_->versions[*at].keys);
            for (std::string_view each; cursor.next(each);) {
                if (each != key) continue;
                out.push_back(group_->versions[*at].vid);
                break;
            }
        }
    }
    return out;
}

KeyIndex::Span Searcher::narrow_by_time(const Condition& condition, KeyIndex::Span span) {
    using enum fhir::search::Prefix;
    for (const auto* const part : parts_of(condition)) {
        if (part->kind != Condition::Kind::updated) continue;
        // A version's own time is one microsecond long, so the bounds are those of an instant.
        std::int64_t low = fhir::search::DateRange::open_low;
        std::int64_t high = fhir::search::DateRange::open_high;
        switch (part->prefix) {
            case eq:
            case ap:
                low = part->date.low_us;
                high = part->date.high_us;
                break;
            case gt:
            case sa:
                low = part->date.high_us;
                break;
            case ge:
                low = part->date.low_us;
                break;
            case lt:
            case eb:
                high = part->date.low_us;
                break;
            case le:
                high = part->date.high_us;
                break;
            case ne:
                break;
        }
        if (low != fhir::search::DateRange::open_low) span.low = std::max(span.low, first_vid_not_before(low));
        if (high != fhir::search::DateRange::open_high) span.high = std::min(span.high, first_vid_not_before(high) - 1);
    }
    return span;
}

Vid Searcher::first_vid_not_before(TimeUs at_us) {
    // Times ascend with vids, so the primary key serves as an index on time: one seek a halving.
    Vid low = 1;
    Vid high =
        snapshot_ < std::numeric_limits<Vid>::max() ? snapshot_ + 1 : snapshot_;  // a transaction sees every version
    while (low < high) {
        const Vid middle = low + (high - low) / 2;
        auto query = reads_.connection.query(Statement::version_at_or_after);
        query.bind(middle);
        if (!query.step() || query.integer(0) > snapshot_) {
            high = middle;
        } else if (query.integer(1) >= at_us) {
            high = middle;
        } else {
            low = query.integer(0) + 1;
        }
    }
    return low;
}

std::optional<std::vector<Vid>> Searcher::collect_part(const Condition& condition, std::size_t most) {
    std::vector<Vid> out;
    bool over = false;
    const auto take = [&](Vid vid) {
        budget_.spend();
        if (vid <= snapshot_) out.push_back(vid);
        over = out.size() > most;
        return !over;
    };
    switch (condition.kind) {
        case Condition::Kind::key:
            for (const auto& [low, high] : condition.key.scans()) {
                std::string last;
                auto verdict = Verdict::no;
                index_.range(low, high, [&](std::string_view key, Vid vid) {
                    if (key != last) {
                        last = key;
                        verdict = condition.key.test(key.substr(condition.key.head.size()));
                    }
                    if (verdict == Verdict::no) {
                        budget_.spend();
                        return true;
                    }
                    return take(vid);
                });
                if (over) return {};
            }
            break;
        case Condition::Kind::any:
            if (condition.children.empty()) return out;
            for (const auto& child : condition.children) {
                auto inner = collect_part(child, most - std::min(most, out.size()));
                if (!inner) return {};
                out.insert(out.end(), inner->begin(), inner->end());
            }
            break;
        case Condition::Kind::refers:
            if (condition.rids.size() > most) return {};
            for (const auto rid : condition.rids) {
                for (const auto& head : condition.heads) {
                    auto key = head;
                    keys::append_rid(rid, key);
                    index_.range(key, key + '\0', [&](std::string_view, Vid vid) { return take(vid); });
                    if (over) return {};
                }
            }
            break;
        case Condition::Kind::self:
            if (condition.rids.size() > most) return {};
            for (const auto rid : condition.rids) {
                budget_.spend();
                if (const auto vid = current_at(rid)) out.push_back(vid);
            }
            break;
        default:
            return {};
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

std::optional<std::vector<Vid>> Searcher::collect(const Condition& condition, std::size_t most) {
    std::optional<std::vector<Vid>> best;
    for (const auto* const part : parts_of(condition)) {
        if (is_type_list(*part)) continue;
        bool complete = true;
        if (part->kind != Condition::Kind::self && part->expression(complete))
            continue;  // the index narrows these down by itself
        auto found = collect_part(*part, best ? best->size() : most);
        if (found && (!best || found->size() < best->size())) best = std::move(found);
    }
    return best;
}

void Searcher::each_indexed(const Compiled& compiled, const KeyIndex::Span& wanted, const Each& each) {
    const auto span = narrow_by_time(compiled.condition, wanted);
    if (span.low > span.high) return;
    bool complete = true;
    const auto expression = compiled.condition.expression(complete);
    const auto parts = parts_of(compiled.condition);
    const bool weak = std::none_of(parts.begin(), parts.end(), [](const Condition* part) {
        bool whole = true;
        return !is_type_list(*part) && part->kind != Condition::Kind::none && part->expression(whole);
    });
    std::string keys;
    Vid last = 0;
    std::size_t refused = 0;
    bool done = false;
    const auto consider = [&](Vid vid, bool whole) {
        budget_.spend();
        last = vid;
        Candidate candidate;
        candidate.vid = vid;
        if (live(vid) && accept(compiled, candidate, whole, keys))
            done = !each(candidate);
        else
            ++refused;
        return !done;
    };
    const auto drive = [&](const std::vector<Vid>& vids, KeyIndex::Span within) {
        const auto begin = std::lower_bound(vids.begin(), vids.end(), within.low);
        const auto end = std::upper_bound(vids.begin(), vids.end(), within.high);
        if (within.descending) {
            for (auto at = end; at != begin && consider(*--at, false);) {
            }
        } else {
            for (auto at = begin; at != end && consider(*at, false); ++at) {
            }
        }
    };
    // A few named resources: no index needed.
    for (const auto* const part : parts) {
        if (part->kind == Condition::Kind::self && part->rids.size() <= self_driven_max) {
            if (const auto vids = collect_part(*part, self_driven_max)) {
                explain_driver(std::to_string(part->rids.size()) + " resources by number");
                return drive(*vids, span);
            }
        }
    }
    if (!expression) return;  // cannot be: the type list is always there
    if (weak && !complete) {
        if (const auto vids = collect(compiled.condition, collected_max)) {
            explain_driver("the narrowest range, collected: " + std::to_string(vids->size()) + " versions");
            return drive(*vids, span);
        }
    }
    explain_driver(complete ? "the index alone, newest first" : "the index, newest first; candidates checked");
    bool wants_narrower = false;
    index_.matches(*expression, span, [&](Vid vid) {
        if (!consider(vid, complete)) return false;
        wants_narrower = !complete && !weak && refused > patience;
        return !wants_narrower;
    });
    if (done || !wants_narrower) return;
    auto rest = span;
    (span.descending ? rest.high : rest.low) = span.descending ? last - 1 : last + 1;
    if (const auto vids = collect(compiled.condition, narrow_max)) {
        explain_driver("a narrower range after " + std::to_string(refused) +
                       " refusals: " + std::to_string(vids->size()) + " versions");
        return drive(*vids, rest);
    }
    index_.matches(*expression, rest, [&](Vid vid) { return consider(vid, complete); });
}

std::vector<Match> Searcher::find(const fhir::search::SearchPlan& plan, std::size_t limit,
                                  const Visibility* visibility) {
    begin(visibility);
    snapshot_ = group_ ? std::numeric_limits<Vid>::max() : state_.committed;
    std::vector<std::pair<Vid, Rid>> found;
    for (const auto& condition : plan.conditions) {
        const auto compiled = compile(condition.type, condition.criterion, true);
        std::size_t here = 0;
        each_match(compiled, {}, [&](const Candidate& candidate) {
            found.emplace_back(candidate.vid, candidate.rid);
            return ++here < limit;
        });
    }
    std::sort(found.rbegin(), found.rend());
    if (found.size() > limit) found.resize(limit);
    std::vector<Match> out;
    for (const auto& [vid, rid] : found) {
        const auto name = reads_.name_of(rid);
        if (!name) throw FailureException({FailureCode::corrupt, "a version's resource is missing"});
        const auto version = reads_.version(name->type, name->id);
        if (!version || version->vid != vid)
            throw FailureException({FailureCode::corrupt, "a match is not the current version"});
        out.push_back({*name, *version});
    }
    return out;
}

std::optional<std::uint64_t> Searcher::length_of(const Compiled& compiled) {
    if (group_ || compiled.verify || compiled.contained || snapshot_ != state_.committed) return {};
    const KeyTest* type = nullptr;
    const KeyTest* value = nullptr;
    for (const auto* const part : parts_of(compiled.condition)) {
        if (part->kind != Condition::Kind::key || part->key.kind != KeyTest::Kind::equals || !part->key.exact)
            return {};
        auto& place = is_type_list(*part) ? type : value;
        if (place) return {};
        place = &part->key;
    }
    const KeyTest* const list = value ? value : type;  // a parameter's keys are of one type
    if (!list) return {};
    {
        // The rows may be newer than the state, never older.
        auto query = reads_.connection.query(Statement::version_last);
        if (!query.step() || query.integer(0) != snapshot_) return {};
    }
    const auto key = list->head + list->bytes;
    auto length = index_.count(key);
    if (state_.dead->count() * postings_per_fetch > length) return {};
    for (const auto vid : state_.dead->all()) {
        budget_.spend();
        auto query = reads_.connection.query(Statement::version_keys);
        query.bind(vid);
        if (!query.step()) continue;  // purged, from the index too
        KeyCursor cursor(query.blob(3));
        for (std::string_view each; cursor.next(each);)
            if (each == key) {
                --length;
                break;
            }
    }
    return length;
}

}  // namespace causeway::storage
