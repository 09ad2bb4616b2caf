#include "gateway/storage/sqlite/condition.hpp"

#include "fhir/search/match.hpp"
#include "gateway/storage/sqlite/key_index.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace causeway::storage {

namespace {

constexpr std::size_t alternatives_max = 400;  // OR of keys in one expression; above it every candidate is tested

/// The least string above all that begin with `text`; empty if there is none.
std::string after(std::string text) {
    while (!text.empty()) {
        if (static_cast<unsigned char>(text.back()) != 0xff) {
            text.back() = static_cast<char>(text.back() + 1);
            return text;
        }
        text.pop_back();
    }
    return text;
}

/// The values on one side of a number search, as bounds on a plain stored number; both inclusive.
std::pair<double, double> number_bounds(fhir::search::Prefix prefix, const fhir::search::NumberRange& implied,
                                        double exact) {
    constexpr auto infinity = std::numeric_limits<double>::infinity();
    using enum fhir::search::Prefix;
    switch (prefix) {
        case eq:
        case ap:
            return {implied.low, implied.high};
        case gt:
        case ge:
        case sa:
            return {exact, infinity};
        case lt:
        case le:
        case eb:
            return {-infinity, exact};
        case ne:
            break;
    }
    return {-infinity, infinity};
}

}  // namespace

Verdict KeyTest::test(std::string_view rest) const {
    const auto pass = exact ? Verdict::yes : Verdict::maybe;
    switch (kind) {
        case Kind::equals:
            return rest == bytes ? pass : Verdict::no;
        case Kind::begins:
            return rest.starts_with(bytes) ? pass : Verdict::no;
        case Kind::ends:
            return rest.size() == size && rest.ends_with(bytes) ? pass : Verdict::no;
        case Kind::any:
            return pass;
        case Kind::contains:
            if (rest.find(bytes) != std::string_view::npos) return pass;
            return rest.size() == keys::string_bytes_max ? Verdict::maybe : Verdict::no;
        case Kind::date: {
            const auto stored = keys::read_date(rest);
            return stored && fhir::search::matches_date(prefix, date, *stored) ? pass : Verdict::no;
        }
        case Kind::number: {
            const auto stored = keys::read_range(rest);
            return stored && stored->unit == bytes &&
                           fhir::search::matches_number(prefix, implied, number, stored->range)
                       ? pass
                       : Verdict::no;
        }
    }
    return Verdict::no;
}

std::vector<std::pair<std::string, std::string>> KeyTest::scans() const {
    switch (kind) {
        case Kind::equals:
            return {{head + bytes, head + bytes + '\0'}};
        case Kind::begins:
            return {{head + bytes, after(head + bytes)}};
        case Kind::ends:
        case Kind::any:
        case Kind::contains:
            return {{head, after(head)}};
        case Kind::date: {
            std::vector<std::pair<std::string, std::string>> out;
            for (const auto& scan : keys::date_scans(prefix, date)) out.emplace_back(head + scan.low, head + scan.high);
            return out;
        }
        case Kind::number: {
            const auto [low, high] = number_bounds(prefix, implied, number);
            auto from = head + '\0' + bytes;
            auto to = from;
            keys::append_double(low, from);
            keys::append_double(high, to);
            to += '\0';
            const auto ranges =
                head + '\1' + bytes;  // few: comparators and Range values; their ends are told apart by test()
            return {{std::move(from), std::move(to)}, {ranges, after(ranges)}};
        }
    }
    return {};
}

Verdict Condition::test(const Candidate& candidate) const {
    switch (kind) {
        case Kind::all: {
            auto out = Verdict::yes;
            for (const auto& child : children) {
                out = std::min(out, child.test(candidate));
                if (out == Verdict::no) break;
            }
            return out;
        }
        case Kind::any: {
            auto out = Verdict::no;
            for (const auto& child : children) {
                out = std::max(out, child.test(candidate));
                if (out == Verdict::yes) break;
            }
            return out;
        }
        case Kind::none: {
            auto worst = Verdict::no;
            for (const auto& child : children) {
                worst = std::max(worst, child.test(candidate));
                if (worst == Verdict::yes) return Verdict::no;
            }
            return worst == Verdict::no ? Verdict::yes : Verdict::maybe;
        }
        case Kind::key: {
            auto out = Verdict::no;
            KeyCursor cursor(candidate.keys);
            for (std::string_view each; out != Verdict::yes && cursor.next(each);) {
                if (each.starts_with(key.head)) out = std::max(out, key.test(each.substr(key.head.size())));
            }
            return out;
        }
        case Kind::refers: {
            KeyCursor cursor(candidate.keys);
            for (std::string_view each; cursor.next(each);) {
                for (const auto& head : heads) {
                    if (!each.starts_with(head)) continue;
                    const auto rid = keys::read_rid(each.substr(head.size()));
                    if (rid != 0 && std::binary_search(rids.begin(), rids.end(), rid))
                        return exact ? Verdict::yes : Verdict::maybe;
                }
            }
            return Verdict::no;
        }
        case Kind::self:
            if (!std::binary_search(rids.begin(), rids.end(), candidate.rid)) return Verdict::no;
            return exact ? Verdict::yes : Verdict::maybe;
        case Kind::updated:
            return fhir::search::matches_date(prefix, date, {candidate.at_us, candidate.at_us + 1}) ? Verdict::yes
                                                                                                    : Verdict::no;
        case Kind::unknown:
            return Verdict::maybe;
    }
    return Verdict::no;
}

std::optional<std::string> Condition::expression(bool& complete) const {
    switch (kind) {
        case Kind::all: {
            std::string out;
            std::string without;
            for (const auto& child : children) {
                bool whole = true;
                if (child.kind == Kind::none) {
                    // a NOT (b OR c) is exact only if b and c are.
                    Condition alternatives;
                    alternatives.kind = Kind::any;
                    alternatives.children = child.children;
                    auto inner = alternatives.expression(whole);
                    if (inner && whole)
                        without += (without.empty() ? "" : " OR ") + *inner;
                    else
                        complete = false;
                    continue;
                }
                auto inner = child.expression(whole);
                complete = complete && whole;
                if (!inner) {
                    complete = false;
                    continue;
                }
                out += (out.empty() ? "" : " AND ") + *inner;
            }
            if (out.empty()) {
                complete = false;
                return {};
            }
            if (!without.empty()) return "((" + out + ") NOT (" + without + "))";
            return "(" + out + ")";
        }
        case Kind::any: {
            std::string out;
            if (children.empty() || children.size() > alternatives_max) break;
            for (const auto& child : children) {
                bool whole = true;
                auto inner = child.expression(whole);
                if (!inner) {
                    complete = false;
                    return {};
                }
                complete = complete && whole;
                out += (out.empty() ? "" : " OR ") + *inner;
            }
            return "(" + out + ")";
        }
        case Kind::key:
            if (key.listed && !key.listed->empty()) {
                complete = complete && key.exact;
                std::string out;
                for (const auto& one : *key.listed) out += (out.empty() ? "" : " OR ") + KeyIndex::term(one);
                return "(" + out + ")";
            }
            if (key.listed) {  // no key begins so: neither does this one exist
                complete = complete && key.exact;
                return KeyIndex::term(key.head + key.bytes);
            }
            if (key.kind == KeyTest::Kind::equals || key.kind == KeyTest::Kind::begins) {
                complete = complete && key.exact;
                return key.kind == KeyTest::Kind::equals ? KeyIndex::term(key.head + key.bytes)
                                                         : KeyIndex::prefix(key.head + key.bytes);
            }
            break;
        case Kind::none:
        case Kind::refers:
        case Kind::self:
        case Kind::updated:
        case Kind::unknown:
            break;
    }
    complete = false;
    return {};
}

bool Condition::needs_keys() const noexcept {
    switch (kind) {
        case Kind::key:
        case Kind::refers:
            return true;
        case Kind::self:
        case Kind::updated:
        case Kind::unknown:
            return false;
        default:
            return std::any_of(children.begin(), children.end(),
                               [](const Condition& child) { return child.needs_keys(); });
    }
}

}  // namespace causeway::storage
