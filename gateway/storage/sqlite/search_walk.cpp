// `_sort` by a date where the matches are too many to collect: the date's keys are walked in order instead, a window of time
// after the other, until the page is full.
#include "gateway/storage/sqlite/searcher.hpp"

#include <algorithm>
#include <limits>
#include <unordered_set>

namespace causeway::storage {

using namespace fhir::search;

namespace {

constexpr std::int64_t lowest = DateRange::open_low;
constexpr std::int64_t highest = DateRange::open_high;
constexpr std::int64_t day_us = 86'400'000'000;
constexpr std::int64_t earliest_us = -70 * 365 * day_us;  // before 1900 is one window
constexpr std::size_t loose_max = 20'000;                 // dates of more than a year, or open at an end
constexpr std::size_t listed_max = 20'000;  // candidates that are held to look them up in; of more, each is tested
// A date in the index costs a tenth of a candidate's keys: after so many without a full page, collecting would have been
// cheaper.
constexpr std::size_t dates_per_candidate = 10;
constexpr std::size_t few = 500, many = 5'000;  // keys of a window that make the next one wider, or narrower

std::string encoded(std::int64_t at_us) {
    std::string out = "\1";
    keys::append_number(static_cast<std::uint64_t>(at_us) + (std::uint64_t{1} << 63), 8, out);
    return out;
}

/// Windows [low, high) of time in the order of the walk; the last one reaches to the end of all time.
class Windows {
public:
    Windows(bool down, std::int64_t from, std::int64_t now_us)
        : down_(down), now_us_(now_us), at_(from), width_(down ? day_us : 30 * day_us) {}

    bool next(DateRange& window) {
        if (done_) return false;
        begin_ = at_;
        by_width_ = down_ ? at_ <= now_us_ + day_us && at_ - earliest_us >= width_
                          : at_ >= earliest_us && now_us_ + day_us - at_ >= width_;
        if (down_) {
            window.high_us = at_;
            window.low_us = at_ > now_us_ + day_us       ? now_us_ + day_us
                            : at_ - earliest_us < width_ ? lowest
                                                         : at_ - width_;
            at_ = window.low_us;
            done_ = at_ == lowest;
        } else {
            window.low_us = at_;
            window.high_us = at_ < earliest_us ? earliest_us : now_us_ + day_us - at_ < width_ ? highest : at_ + width_;
            at_ = window.high_us;
            done_ = at_ == highest;
        }
        return true;
    }
    /// Takes the last window back for a narrower one: it grew where nothing was. False if it has to do.
    bool narrow() {
        if (!can_narrow()) return false;
        at_ = begin_;
        width_ = std::max(width_ / 8, day_us);
        done_ = false;
        return true;
    }
    bool can_narrow() const { return by_width_ && width_ > day_us; }
    void met(std::size_t count) {
        if (count < few) width_ = std::min(width_ * 4, 4'000 * day_us);
        if (count > many) width_ = std::max(width_ / 4, day_us / 24);
    }

private:
    const bool down_;
    const std::int64_t now_us_;
    std::int64_t at_;
    std::int64_t begin_ = at_;  ///< of the last window
    std::int64_t width_;
    bool by_width_ = false;  ///< the last window is as wide as `width_`
    bool done_ = false;
};

}  // namespace

bool Searcher::Listed::may_hold(Vid vid) const { return !whole || std::binary_search(vids.begin(), vids.end(), vid); }

/// What the index alone narrows the search down to, ascending.
Searcher::Listed Searcher::listed(const Compiled& compiled) {
    Listed out;
    bool complete = true;
    const auto expression = compiled.condition.expression(complete);
    if (!expression) return out;
    index_.matches(*expression, {0, snapshot_, false}, [&](Vid vid) {
        budget_.spend();
        out.vids.push_back(vid);
        out.whole = out.vids.size() <= listed_max;
        return out.whole;
    });
    return out;
}

bool Searcher::walk_by_date(const SearchPlan& plan, const SearchOptions& options, const Compiled& compiled,
                            PageToken token, SearchPage& page) {
    const SortKey& sort = plan.sort.front();
    const auto parameter =
        sort.parameters.empty() ? std::uint16_t{0} : reads_.catalog.durable_parameter(sort.parameters[0]);
    const std::size_t count = std::min<std::size_t>(plan.count.value_or(50), options.count_max);
    const bool first = options.page_token.empty();
    if (parameter == 0 || count == 0 || group_ || (!first && token.values.size() != 1)) return false;
    const Listed candidates = listed(compiled);
    if (candidates.vids.size() < limits_.walk_min) return false;
    const bool collectable = candidates.whole && candidates.vids.size() <= limits_.sorted_max;
    const std::size_t dates_max = dates_per_candidate * candidates.vids.size();
    std::size_t dates = 0;
    const auto head = keys::parameter_prefix(parameter);
    const bool down = sort.descending;
    const auto at_of = [&](const DateRange& range) { return down ? range.high_us : range.low_us; };

    std::vector<std::pair<std::int64_t, Vid>> loose;
    index_.range(head + '\5', head + '\6', [&](std::string_view key, Vid vid) {
        budget_.spend();
        const auto range = keys::read_date(key.substr(2));
        if (range && vid <= snapshot_) loose.emplace_back(at_of(*range), vid);
        return loose.size() <= loose_max;
    });
    if (loose.size() > loose_max) return false;

    struct Item {
        std::string value;
        Vid vid;
    };
    const auto before = [&](const Item& a, const Item& b) {
        if (a.value != b.value) return down ? a.value > b.value : a.value < b.value;
        return a.vid > b.vid;
    };
    std::vector<Item> found;
    const bool in_dates = first || !token.values[0].empty();
    if (in_dates) {
        std::int64_t from = down ? highest : lowest;
        if (!first && token.values[0].size() == 9) {
            from = static_cast<std::int64_t>(keys::read_number(token.values[0], 1, 8) - (std::uint64_t{1} << 63));
            if (down && from != highest) ++from;
        }
        const Item last = first ? Item{} : Item{token.values[0], token.last};
        Windows windows(down, from, limits_.now_us());
        std::unordered_set<Vid> seen;
        std::string fetched;
        for (DateRange window; found.size() <= count && windows.next(window);) {
            std::vector<std::pair<std::int64_t, Vid>> met;
            const std::size_t met_max = windows.can_narrow() ? many : std::numeric_limits<std::size_t>::max();
            const auto inside = [&](std::int64_t at) {
                return at >= window.low_us && (at < window.high_us || window.high_us == highest);
            };
            for (const auto& scan : keys::date_scans(down ? Prefix::ap : Prefix::eq, window)) {
                if (scan.low.front() == '\5') continue;
                index_.range(head + scan.low, head + scan.high, [&](std::string_view key, Vid vid) {
                    budget_.spend();
                    const auto range = keys::read_date(key.substr(2));
                    if (range && vid <= snapshot_ && inside(at_of(*range))) met.emplace_back(at_of(*range), vid);
                    return met.size() <= met_max;
                });
                if (met.size() > met_max) break;
            }
            if (met.size() > met_max && windows.narrow()) continue;
            for (const auto& one : loose)
                if (inside(one.first)) met.push_back(one);
            windows.met(met.size());
            if (collectable && (dates += met.size()) > dates_max) return false;
            std::erase_if(met, [&](const auto& one) { return !candidates.may_hold(one.second); });
            std::sort(met.begin(), met.end(), [&](const auto& a, const auto& b) {
                if (a.first != b.first) return down ? a.first > b.first : a.first < b.first;
                return a.second > b.second;
            });
            for (const auto& [at, vid] : met) {
                if (found.size() > count) break;
                Item item{encoded(at), vid};
                if (!first && !before(last, item)) continue;
                if (!seen.insert(vid).second) continue;
                Candidate candidate;
                candidate.vid = vid;
                fetched.clear();
                if (!live(vid) || !accept(compiled, candidate, false, fetched)) continue;
                if (candidate.keys.empty() && !fetch(vid, candidate, fetched)) continue;
                // Of several dates the first in the order counts: a later one of what was on an earlier page does not.
                bool from_body = false;
                if (sort_value(sort, 0, candidate, from_body) == item.value) found.push_back(std::move(item));
            }
        }
    }
    if (found.size() <= count) {  // and at last what has no date
        Compiled undated = compiled;
        Condition dated;
        dated.kind = Condition::Kind::key;
        dated.key.head = head;
        dated.key.kind = KeyTest::Kind::any;
        Condition none;
        none.kind = Condition::Kind::none;
        none.children.push_back(std::move(dated));
        undated.condition.children.push_back(std::move(none));
        KeyIndex::Span span;
        if (!in_dates) span.high = token.last - 1;
        each_match(undated, span, [&](const Candidate& candidate) {
            found.push_back({{}, candidate.vid});
            return found.size() <= count;
        });
    }
    const bool more = found.size() > count;
    if (more) found.resize(count);
    for (const auto& item : found) page.matches.push_back(need(item.vid));
    if (more) {
        token.last = found.back().vid;
        token.values = {found.back().value};
        page.next_page = token.encode(reads_.catalog.hash_key, options.binding);
    }
    explain_driver("the dates in their order, a window of time after the other");
    return true;
}

}  // namespace causeway::storage
