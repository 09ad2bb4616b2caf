// Pages: order, counts, includes, history.
#include "fhir/search/extract.hpp"
#include "fhir/search/parameters.hpp"
#include "gateway/storage/sqlite/body_check.hpp"
#include "gateway/storage/sqlite/page_token.hpp"
#include "gateway/storage/sqlite/searcher.hpp"

#include <algorithm>
#include <limits>
#include <set>

namespace causeway::storage {

using namespace fhir::search;
using sql::Statement;

namespace {

constexpr std::uint32_t count_default = 50;
constexpr std::size_t sort_bytes_max = 200;

}  // namespace

StoredResource Searcher::need(Vid vid) {
    ++bodies_;
    auto resource = reads_.read_vid(vid);
    if (!resource) throw FailureException({FailureCode::corrupt, "an indexed version is missing"});
    return std::move(*resource);
}

SearchPage Searcher::search(const SearchPlan& plan, const SearchOptions& options) {
    begin(options.visibility);
    budget_.rows_max = options.rows_max;
    budget_.until = std::chrono::steady_clock::now() + options.time_max;
    const auto now = limits_.now_us();
    const bool first = options.page_token.empty();
    PageToken token;
    if (first) {
        token.snapshot = group_ ? std::numeric_limits<Vid>::max() : state_.committed;
        token.issued_us = now;
        token.last = std::numeric_limits<Vid>::max();
    } else {
        token = PageToken::decode(options.page_token, reads_.catalog.hash_key, options.binding, now,
                                  limits_.page_token_life_us);
    }
    snapshot_ = token.snapshot;
    std::vector<Compiled> compiled;
    compiled.reserve(2 * plan.conditions.size());  // `plain` points into it
    const bool inside = plan.contained != Contained::no;
    for (const auto& condition : plan.conditions)
        if (plan.contained != Contained::yes) compiled.push_back(compile(condition.type, condition.criterion, false));
    const auto plain = compiled.size();
    for (std::size_t i = 0; inside && i < plan.conditions.size(); ++i) {
        compiled.push_back(compile_contained(plan.conditions[i].type, plan.conditions[i].criterion));
        if (i < plain) compiled.back().plain = &compiled[i];
    }

    std::vector<std::string> explained;
    struct Silence {
        std::vector<std::string>*& place;
        ~Silence() { place = nullptr; }
    } const silence{explain_};
    if (plan.explain) {
        explain_ = &explained;
        for (const auto& one : compiled) explain_condition(one);
    }

    const bool by_time = plan.sort.empty() || (plan.sort.size() == 1 && plan.sort[0].special == Special::last_updated);
    const bool ascending = by_time && !plan.sort.empty() && !plan.sort[0].descending;
    if (inside && !by_time)
        throw FailureException({FailureCode::not_supported, "search: _contained sorts by _lastUpdated only"});
    const bool by_date = !by_time && plan.sort.size() == 1 && plan.sort[0].type == ParameterType::date &&
                         plan.sort[0].special == Special::none && compiled.size() == 1 &&
                         plan.summary != Summary::count;
    SearchPage page;
    if (by_time)
        page = newest_first(plan, options, compiled, token, first, ascending);
    else if (!by_date || !walk_by_date(plan, options, compiled[0], token, page))
        page = sorted(plan, options, compiled, token);
    if (plan.total == Total::accurate || plan.summary == Summary::count) {
        if (!page.total) page.total = total_of(compiled);
    } else if (plan.total == Total::estimate && !page.total) {
        page.total = total_of(compiled);
    }
    if (!plan.includes.empty()) add_includes(plan, options, page);
    if (plan.explain) {
        explained.push_back(by_time ? "order of versions, which is that of time" : "matches collected and sorted");
        explained.push_back("index rows touched: " + std::to_string(budget_.rows) +
                            ", bodies read: " + std::to_string(bodies_));
        page.explain = std::move(explained);
        explain_ = nullptr;
    }
    if (inside) {
        for (const auto& match : page.matches) {
            auto& ids = page.contained.emplace_back();
            for (auto one = compiled.begin() + static_cast<std::ptrdiff_t>(plain); one != compiled.end(); ++one) {
                const bool itself = one->plain && match.type == one->type &&
                                    body_meets(*one->plain, {match.version.vid, match.version.rid, 0, {}});
                if (itself) continue;
                for (auto& id : contained_in(match, one->type, *one->criterion)) ids.push_back(std::move(id));
            }
        }
    }
    return page;
}

SearchPage Searcher::newest_first(const SearchPlan& plan, const SearchOptions& options,
                                  const std::vector<Compiled>& compiled, PageToken token, bool first, bool ascending) {
    SearchPage page;
    const std::size_t count = plan.summary == Summary::count
                                  ? 0
                                  : std::min<std::size_t>(plan.count.value_or(count_default), options.count_max);
    if (count == 0) return page;
    KeyIndex::Span span;
    span.descending = !ascending;
    if (ascending)
        span.low = first ? 0 : token.last + 1;
    else if (!first)
        span.high = token.last - 1;
    std::vector<Vid> vids;
    for (const auto& one : compiled) {
        std::size_t here = 0;
        each_match(one, span, [&](const Candidate& candidate) {
            vids.push_back(candidate.vid);
            return ++here <= count;
        });
    }
    if (ascending)
        std::sort(vids.begin(), vids.end());
    else
        std::sort(vids.rbegin(), vids.rend());
    const bool more = vids.size() > count;
    if (more) vids.resize(count);
    for (const auto vid : vids) page.matches.push_back(need(vid));
    if (more) {
        token.last = vids.back();
        page.next_page = token.encode(reads_.catalog.hash_key, options.binding);
    } else if (first) {
        page.total = vids.size();
    }
    return page;
}

std::string Searcher::sort_value(const SortKey& key, std::size_t condition, const Candidate& candidate,
                                 bool& from_body) {
    std::string out;
    if (key.special == Special::id) {
        const auto name = reads_.name_of(candidate.rid);
        return name ? "\1" + name->id : out;
    }
    if (key.special == Special::last_updated) {
        out = "\1";
        keys::append_number(static_cast<std::uint64_t>(candidate.vid), 8, out);  // vid order is time order
        return out;
    }
    const auto build_parameter = condition < key.parameters.size() ? key.parameters[condition] : ParameterId{0};
    const auto parameter = reads_.catalog.durable_parameter(build_parameter);
    if (parameter == 0) return out;
    const auto better = [&](std::string value) {
        value.resize(std::min(value.size(), sort_bytes_max));
        if (out.empty() || (key.descending ? value > out : value < out)) out = std::move(value);
    };
    const auto head = keys::parameter_prefix(parameter);
    switch (key.type) {
        case ParameterType::string:
        case ParameterType::date:
        case ParameterType::number:
        case ParameterType::quantity: {
            KeyCursor cursor(candidate.keys);
            for (std::string_view each; cursor.next(each);) {
                if (!each.starts_with(head)) continue;
                const auto tail = each.substr(2);
                if (key.type == ParameterType::string) {
                    if (!tail.ends_with(keys::later_part)) better("\1" + std::string(tail));
                } else if (key.type == ParameterType::date) {
                    if (const auto range = keys::read_date(tail)) {
                        std::string value = "\1";
                        const auto at = key.descending ? range->high_us : range->low_us;
                        keys::append_number(static_cast<std::uint64_t>(at) + (std::uint64_t{1} << 63), 8, value);
                        better(std::move(value));
                    }
                } else if (const auto range = keys::read_range(tail);
                           range && range->unit == std::string_view("\0\0\0", 3)) {
                    std::string value = "\1";
                    keys::append_double(key.descending ? range->range.high : range->range.low, value);
                    better(std::move(value));
                }
            }
            return out;
        }
        default: {
            from_body = true;  // the key holds a hash
            for (auto& text : sortable_texts(need(candidate.vid), build_parameter, limits_.reading))
                better("\1" + std::move(text));
            return out;
        }
    }
}

SearchPage Searcher::sorted(const SearchPlan& plan, const SearchOptions& options, const std::vector<Compiled>& compiled,
                            PageToken token) {
    SearchPage page;
    struct Item {
        std::vector<std::string> values;
        Vid vid;
    };
    const auto before = [&](const Item& a, const Item& b) {
        for (std::size_t i = 0; i < plan.sort.size(); ++i) {
            const auto& left = a.values[i];
            const auto& right = b.values[i];
            if (left == right) continue;
            if (left.empty() || right.empty()) return right.empty();  // missing last, whichever way
            return plan.sort[i].descending ? left > right : left < right;
        }
        return a.vid > b.vid;
    };
    const bool first = options.page_token.empty();
    Item from{token.values, token.last};
    if (!first && from.values.size() != plan.sort.size())
        throw FailureException({FailureCode::bad_page_token, "the page token is of another order"});
    const std::size_t count = plan.summary == Summary::count
                                  ? 0
                                  : std::min<std::size_t>(plan.count.value_or(count_default), options.count_max);
    std::vector<Item> items;
    std::size_t seen = 0;
    std::size_t bodies = 0;
    for (std::size_t i = 0; i < compiled.size(); ++i) {
        std::string keys;
        each_match(compiled[i], {}, [&](const Candidate& found) {
            Candidate candidate = found;
            if (candidate.keys.empty() && !fetch(found.vid, candidate, keys)) return true;
            if (++seen > limits_.sorted_max)
                throw FailureException(
                    {FailureCode::too_costly, "search: too many matches to sort; narrow the query down"});
            Item item{{}, candidate.vid};
            bool from_body = false;
            for (const auto& key : plan.sort) item.values.push_back(sort_value(key, i, candidate, from_body));
            if (from_body && ++bodies > limits_.body_sorted_max)
                throw FailureException({FailureCode::too_costly,
                                        "search: too many matches to sort by this parameter; narrow the query down"});
            if (first || before(from, item)) items.push_back(std::move(item));
            return true;
        });
    }
    page.total = seen;
    if (count == 0) return page;
    const bool more = items.size() > count;
    const auto kept = std::min(items.size(), count);
    std::partial_sort(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(kept), items.end(), before);
    items.resize(kept);
    for (const auto& item : items) page.matches.push_back(need(item.vid));
    if (more) {
        token.last = items.back().vid;
        token.values = items.back().values;
        page.next_page = token.encode(reads_.catalog.hash_key, options.binding);
    }
    return page;
}

std::optional<std::uint64_t> Searcher::total_of(const std::vector<Compiled>& compiled) {
    std::uint64_t total = 0;
    for (const auto& one : compiled) {
        if (const auto length = length_of(one)) {
            total += *length;
            continue;
        }
        each_match(one, {}, [&](const Candidate&) {
            ++total;
            return true;
        });
    }
    return total;
}

void Searcher::add_includes(const SearchPlan& plan, const SearchOptions& options, SearchPage& page) {
    std::set<Rid> present;
    struct Source {
        Rid rid;
        Vid vid;
        std::string type;
    };
    std::vector<Source> fresh;
    for (const auto& match : page.matches) {
        present.insert(match.version.rid);
        fresh.push_back({match.version.rid, match.version.vid, match.type});
    }
    const auto& catalog = reads_.catalog;
    const auto add = [&](Vid vid, std::vector<Source>& next) {
        if (page.includes.size() >= options.includes_max) {
            page.includes_cut = true;
            return false;
        }
        auto resource = need(vid);
        if (resource.erased() || !shown(vid, resource.type) || !present.insert(resource.version.rid).second)
            return true;
        next.push_back({resource.version.rid, vid, resource.type});
        page.includes.push_back(std::move(resource));
        return true;
    };
    /// Heads of the reference parameters that an include follows from a type.
    const auto heads_of = [&](const Include& include, const std::string& type) {
        std::vector<std::string> heads;
        if (!include.source_type.empty() && include.source_type != type) return heads;
        if (include.parameter > parameter_count()) {  // a custom one
            if (const auto durable = catalog.durable_parameter(include.parameter);
                durable && include.source_type == type)
                heads.push_back(keys::parameter_prefix(durable));
            return heads;
        }
        for (const auto& parameter : fhir::search::parameters(type)) {
            if (parameter.type != ParameterType::reference) continue;
            if (!include.code.empty() && parameter.code != include.code) continue;
            if (const auto durable = catalog.durable_parameter(parameter.id))
                heads.push_back(keys::parameter_prefix(durable));
        }
        return heads;
    };
    bool first_round = true;
    while (!fresh.empty() && !page.includes_cut) {
        std::vector<Source> next;
        for (const auto& include : plan.includes) {
            if (!first_round && !include.iterate) continue;
            if (page.includes_cut) break;
            if (!include.reverse) {
                for (const auto& source : fresh) {
                    const auto heads = heads_of(include, source.type);
                    if (heads.empty()) continue;
                    Candidate candidate;
                    std::string keys;
                    if (!fetch(source.vid, candidate, keys)) continue;
                    KeyCursor cursor(keys);
                    for (std::string_view each; !page.includes_cut && cursor.next(each);) {
                        const auto head = std::find_if(heads.begin(), heads.end(),
                                                       [&](const std::string& one) { return each.starts_with(one); });
                        const auto rid = head == heads.end() ? Rid{0} : keys::read_rid(each.substr(2));
                        if (rid == 0 || present.contains(rid)) continue;
                        budget_.spend();
                        if (!include.target_type.empty()) {
                            const auto name = reads_.name_of(rid);
                            if (!name || name->type != include.target_type) continue;
                        }
                        if (const auto vid = current_at(rid)) add(vid, next);
                    }
                }
            } else {
                // References of `source_type` to what is on the page: one key each, asked together.
                std::string expression;
                std::size_t terms = 0;
                const auto ask = [&] {
                    if (terms == 0) return;
                    std::vector<Vid> vids;
                    index_.matches(expression, {0, snapshot_, true}, [&](Vid vid) {
                        budget_.spend();
                        if (live(vid)) vids.push_back(vid);
                        return vids.size() <= options.includes_max;
                    });
                    for (const auto vid : vids) {
                        if (!add(vid, next)) break;
                    }
                    expression.clear();
                    terms = 0;
                };
                const auto types = include.source_type.empty() ? types_with_references()
                                                               : std::vector<std::string>{include.source_type};
                for (const auto& type : types) {
                    for (const auto& head : heads_of(include, type)) {
                        for (const auto& source : fresh) {
                            if (!include.target_type.empty() && include.target_type != source.type) continue;
                            auto key = head;
                            keys::append_rid(source.rid, key);
                            expression += (terms == 0 ? "" : " OR ") + KeyIndex::term(key);
                            if (++terms == 200) ask();
                        }
                    }
                }
                ask();
            }
        }
        fresh = std::move(next);
        first_round = false;
    }
}

std::vector<std::string> Searcher::types_with_references() const {
    std::vector<std::string> out;
    for (std::size_t id = 1; id <= parameter_count(); ++id) {
        const auto& one = fhir::search::parameter(static_cast<ParameterId>(id));
        if (one.type == ParameterType::reference && (out.empty() || out.back() != one.resource_type) &&
            reads_.catalog.find_type(one.resource_type) != 0)
            out.emplace_back(one.resource_type);
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

HistoryPage Searcher::history(const HistoryRequest& request) {
    begin(request.visibility);
    const auto now = limits_.now_us();
    const bool first = request.page_token.empty();
    PageToken token;
    if (first) {
        token.snapshot = group_ ? std::numeric_limits<Vid>::max() : state_.committed;
        token.issued_us = now;
        token.last = std::numeric_limits<Vid>::max();
    } else {
        token = PageToken::decode(request.page_token, reads_.catalog.hash_key, request.binding, now,
                                  limits_.page_token_life_us);
    }
    snapshot_ = token.snapshot;
    HistoryPage page;
    const auto count = std::clamp<std::size_t>(request.count, 1, limits_.history_max);
    std::vector<Vid> vids;
    bool more = false;
    /// `_since`: everything older can be left out; `_at`: what was current at some point of the range.
    const auto wanted = [&](const VersionInfo& version, TimeUs replaced_us) {
        if (request.at_high_us && version.at_us >= *request.at_high_us) return false;
        if (request.at_low_us && replaced_us <= *request.at_low_us) return false;
        return !request.since_us || version.at_us >= *request.since_us;
    };
    const auto take = [&](Vid vid) {
        if (vids.size() == count) {
            more = true;
            return false;
        }
        vids.push_back(vid);
        return true;
    };
    if (!request.id.empty()) {
        const auto current = reads_.version(request.type, request.id);
        if (!current) throw FailureException({FailureCode::not_found, "no such resource"});
        TimeUs replaced_us = std::numeric_limits<TimeUs>::max();
        std::uint64_t total = 0;
        for (Vid vid = current->vid; vid != 0;) {
            Vid previous = 0;
            VersionInfo version;
            {
                auto query = reads_.connection.query(Statement::version_prev);
                query.bind(vid);
                if (!query.step())
                    throw FailureException({FailureCode::corrupt, "a version is missing from its chain"});
                previous = query.integer(0);
                version.at_us = query.integer(2);
            }
            budget_.spend();
            if (vid <= snapshot_) {
                if (wanted(version, replaced_us) && shown(vid, request.type)) {
                    ++total;
                    if (vid < token.last && !more) take(vid);
                }
                replaced_us = version.at_us;
            }
            vid = previous;
        }
        page.total = total;
    } else if (!request.type.empty()) {
        const auto code = reads_.catalog.find_type(request.type);
        if (code != 0) {
            const auto high = std::min(token.last - 1, snapshot_);
            const auto low = request.since_us ? first_vid_not_before(*request.since_us) : 0;
            for (const auto vid : open_with_key(keys::type_key(code))) {
                if (vid <= high && vid >= low && in_range(vid, request) && shown(vid, request.type) && !take(vid))
                    break;
            }
            if (!more) {
                index_.matches(KeyIndex::term(keys::type_key(code)), {low, high, true}, [&](Vid vid) {
                    budget_.spend();
                    return !in_range(vid, request) || !shown(vid, request.type) || take(vid);
                });
            }
        }
    } else {
        const auto low = request.since_us ? first_vid_not_before(*request.since_us) : 0;
        Vid high = snapshot_ == std::numeric_limits<Vid>::max() ? token.last : std::min(token.last, snapshot_ + 1);
        for (bool going = true; going;) {
            std::vector<Vid> some;
            {
                auto query = reads_.connection.query(Statement::history_before);
                query.bind(high).bind(std::int64_t{256});
                while (query.step()) some.push_back(query.integer(0));
            }
            if (some.empty()) break;
            for (const auto vid : some) {
                budget_.spend();
                if (vid < low || (in_range(vid, request) && shown(vid, {}) && !take(vid))) {
                    going = false;
                    break;
                }
            }
            high = some.back();
        }
    }
    for (const auto vid : vids) page.entries.push_back(need(vid));
    if (more) {
        token.last = vids.back();
        page.next_page = token.encode(reads_.catalog.hash_key, request.binding);
    }
    return page;
}

bool Searcher::in_range(Vid vid, const HistoryRequest& request) {
    if (!request.at_low_us && !request.at_high_us) return true;
    Rid rid = 0;
    TimeUs at_us = 0;
    {
        auto query = reads_.connection.query(Statement::version_keys);
        query.bind(vid);
        if (!query.step()) return false;
        rid = query.integer(0);
        at_us = query.integer(1);
    }
    if (request.at_high_us && at_us >= *request.at_high_us) return false;
    if (!request.at_low_us || at_us >= *request.at_low_us) return true;
    // Older than the range: in it only if its successor is not.
    Vid later = 0;
    {
        auto query = reads_.connection.query(Statement::resource_current);
        query.bind(rid);
        if (query.step()) later = query.integer(0);
    }
    TimeUs replaced_us = std::numeric_limits<TimeUs>::max();
    while (later != vid && later != 0) {
        auto query = reads_.connection.query(Statement::version_prev);
        query.bind(later);
        if (!query.step()) return false;
        if (later <= snapshot_) replaced_us = query.integer(2);
        later = query.integer(0);
    }
    return replaced_us > *request.at_low_us;
}

}  // namespace causeway::storage
