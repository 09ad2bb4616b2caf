#include "fhir/terminology/terminology.hpp"

#include <algorithm>
#include <cassert>

#include "fhir/model/reference.hpp"
#include "fhir/terminology/grammar.hpp"

namespace causeway::fhir {

namespace {

constexpr unsigned imports_deep_max = 16;

Answer both(Answer a, Answer b) noexcept {
    if (a == Answer::no || b == Answer::no) return Answer::no;
    return a == Answer::yes && b == Answer::yes ? Answer::yes : Answer::unknown;
}

Answer either(Answer a, Answer b) noexcept {
    if (a == Answer::yes || b == Answer::yes) return Answer::yes;
    return a == Answer::no && b == Answer::no ? Answer::no : Answer::unknown;
}

Answer answer(bool yes) noexcept { return yes ? Answer::yes : Answer::no; }
Answer negated(Answer a) noexcept { return a == Answer::unknown ? a : answer(a == Answer::no); }

bool same_text(std::string_view a, std::string_view b) noexcept {
    const auto fold = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) { return fold(x) == fold(y); });
}

Error not_found(std::string message) { return {Errc::unknown_name, std::move(message), "", 0, 0, 0}; }

/// The one added last of those with the URL, and the version if one is asked for.
template <class Index, class List>
auto find_version(const Index& index, const List& list, std::string_view url, std::string_view version) noexcept
    -> const typename List::value_type* {
    const auto [begin, end] = index.equal_range(url);
    const typename List::value_type* found = nullptr;
    std::size_t last = 0;
    for (auto at = begin; at != end; ++at)
        if ((version.empty() || list[at->second].version == version) && (!found || at->second > last)) {
            last = at->second;
            found = &list[last];
        }
    return found;
}

bool in_list(std::string_view list, std::string_view wanted) noexcept {
    while (!list.empty()) {
        const auto comma = list.find(',');
        auto item = list.substr(0, comma);
        while (item.starts_with(' ')) item.remove_prefix(1);
        while (item.ends_with(' ')) item.remove_suffix(1);
        if (item == wanted) return true;
        list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    }
    return false;
}

}  // namespace

std::string_view code_of(Subsumption outcome) noexcept {
    switch (outcome) {
        case Subsumption::equivalent:
            return "equivalent";
        case Subsumption::subsumes:
            return "subsumes";
        case Subsumption::subsumed_by:
            return "subsumed-by";
        case Subsumption::not_subsumed:
            return "not-subsumed";
    }
    return {};
}

const CodeSystem* Terminology::find_system(std::string_view url, std::string_view version) const noexcept {
    if (const auto* found = find_version(systems_by_url_, systems_, url, version)) return found;
    return base_ ? base_->find_system(url, version) : nullptr;
}

const ValueSet* Terminology::find_value_set(std::string_view canonical) const noexcept {
    const auto name = Canonical::parse(canonical);
    if (const auto* found = find_version(value_sets_by_url_, value_sets_, name.url, name.version)) return found;
    return base_ ? base_->find_value_set(canonical) : nullptr;
}

Answer Terminology::system_contains(std::string_view system, std::string_view code) const {
    if (const auto* found = find_system(system)) {
        if (found->find(code) != Concept::none) return Answer::yes;
        if (found->is_complete()) return Answer::no;
    }
    if (const auto grammar = code_grammar(system)) return answer(grammar(code));
    if (store_ && store_->version_of(system)) return answer(store_->find(system, code).has_value());
    return Answer::unknown;
}

Answer Terminology::filter_holds(const ValueSet::Filter& filter, std::string_view system, std::string_view code) const {
    const CodeSystem* known = find_system(system);
    const bool hierarchy =
        filter.op == "is-a" || filter.op == "descendent-of" || filter.op == "is-not-a" || filter.op == "generalizes";
    if (filter.property == "code" || filter.property == "concept" || hierarchy) {
        if (filter.op == "=") return both(answer(filter.value == code), system_contains(system, code));
        if (filter.op == "in") return both(answer(in_list(filter.value, code)), system_contains(system, code));
        if (filter.op == "not-in") return both(answer(!in_list(filter.value, code)), system_contains(system, code));
        if (!hierarchy) return Answer::unknown;
        Answer below = Answer::unknown;
        if (known && known->find(filter.value) != Concept::none) {
            const auto index = known->find(code);
            const auto root = known->find(filter.value);
            if (index == Concept::none) return known->is_complete() ? Answer::no : Answer::unknown;
            below = answer(filter.op == "generalizes" ? known->is_a(root, index) : known->is_a(index, root));
        } else if (store_ && store_->version_of(system)) {
            if (!store_->find(system, code)) return Answer::no;
            const auto told = filter.op == "generalizes" ? store_->subsumes(system, code, filter.value)
                                                         : store_->subsumes(system, filter.value, code);
            if (told) below = answer(*told);
        }
        if (filter.op == "descendent-of") return code == filter.value ? Answer::no : below;
        return filter.op == "is-not-a" ? negated(below) : below;
    }
    if (filter.property == "parent" && filter.op == "=" && known) {
        const auto index = known->find(code);
        const auto parent = index == Concept::none ? Concept::none : known->at(index).parent;
        return answer(parent != Concept::none && known->at(parent).code == filter.value);
    }
    if (filter.op == "=" && store_ && store_->version_of(system)) {
        const auto told = store_->has_property(system, code, filter.property, filter.value);
        if (told) return answer(*told);
    }
    return Answer::unknown;
}

Answer Terminology::part_contains(const ValueSet::Part& part, std::string_view system, std::string_view code,
                                  unsigned depth) const {
    Answer found = Answer::yes;
    if (!part.system.empty()) {
        if (!system.empty() && system != part.system) return Answer::no;
        if (!part.codes.empty())
            found = answer(part.find(code) != nullptr);
        else if (part.filters.empty())
            found = system_contains(part.system, code);
        for (const auto& filter : part.filters) found = both(found, filter_holds(filter, part.system, code));
    }
    for (const auto url : part.value_sets) {
        if (found == Answer::no) break;
        const ValueSet* imported = find_value_set(url);
        found = both(found, imported ? contains(*imported, system, code, depth + 1) : Answer::unknown);
    }
    return found;
}

Answer Terminology::contains(const ValueSet& value_set, std::string_view system, std::string_view code) const {
    return contains(value_set, system, code, 0);
}

Answer Terminology::contains(const ValueSet& value_set, std::string_view system, std::string_view code,
                             unsigned depth) const {
    if (depth > imports_deep_max) return Answer::unknown;
    Answer included = Answer::no;
    Answer excluded = Answer::no;
    for (const auto& part : value_set.parts) {
        Answer& sum = part.is_exclude ? excluded : included;
        if (sum != Answer::yes) sum = either(sum, part_contains(part, system, code, depth));
    }
    return both(included, negated(excluded));
}

std::string Terminology::display_of(std::string_view system, std::string_view code) const {
    if (const auto* known = find_system(system)) {
        const auto index = known->find(code);
        if (index != Concept::none) return std::string(known->at(index).display);
    }
    if (store_)
        if (const auto found = store_->find(system, code)) return found->display;
    return {};
}

std::string Terminology::missing_system(const ValueSet& value_set, std::string_view system, unsigned depth) const {
    if (depth > imports_deep_max) return {};
    for (const auto& part : value_set.parts) {
        if (!part.system.empty() && part.codes.empty() && (system.empty() || system == part.system)) {
            const auto* known = find_system(part.system);
            if (!(known && known->is_complete()) && !(store_ && store_->version_of(part.system)))
                return std::string(part.system);
        }
        for (const auto url : part.value_sets) {
            const ValueSet* imported = find_value_set(url);
            if (!imported) return std::string(url);
            if (auto missing = missing_system(*imported, system, depth + 1); !missing.empty()) return missing;
        }
    }
    return {};
}

CodeAnswer Terminology::validate_code(std::string_view value_set, const CodingView& coding) const {
    if (const ValueSet* found = find_value_set(value_set)) return validate_code(*found, coding);
    CodeAnswer out;
    out.message = "the value set " + std::string(value_set) + " is not loaded";
    return out;
}

CodeAnswer Terminology::validate_code(const ValueSet& value_set, const CodingView& coding) const {
    CodeAnswer out;
    out.answer = contains(value_set, coding.system, coding.code);
    if (out.answer == Answer::unknown) {
        const std::string missing = missing_system(value_set, coding.system, 0);
        out.message = missing.empty() ? "cannot be decided: the value set has a filter that is not supported"
                                      : "cannot be decided: " + missing +
                                            " is not loaded; load it with `causeway terminology import`";
        return out;
    }
    if (out.answer == Answer::no) {
        out.message = "the code is not in the value set " + std::string(value_set.url);
        return out;
    }
    std::string_view system = coding.system;
    for (const auto& part : value_set.parts) {
        if (part.is_exclude || part_contains(part, coding.system, coding.code, 0) != Answer::yes) continue;
        if (system.empty()) system = part.system;
        if (const auto* entry = part.find(coding.code)) out.display = entry->display;
        break;
    }
    if (const auto told = display_of(system, coding.code); !told.empty()) {
        out.display_matches =
            coding.display.empty() || same_text(coding.display, told) || same_text(coding.display, out.display);
        if (out.display.empty()) out.display = told;
    } else {
        out.display_matches = coding.display.empty() || out.display.empty() || same_text(coding.display, out.display);
    }
    return out;
}

CodeAnswer Terminology::validate_code(const CodingView& coding) const {
    CodeAnswer out;
    out.answer = system_contains(coding.system, coding.code);
    if (out.answer == Answer::yes) out.display = display_of(coding.system, coding.code);
    out.display_matches = coding.display.empty() || out.display.empty() || same_text(coding.display, out.display);
    if (out.answer == Answer::no) out.message = "the code system " + std::string(coding.system) + " has no such code";
    if (out.answer == Answer::unknown)
        out.message = "the code system " + std::string(coding.system) +
                      " is not loaded; load it with `causeway terminology import`";
    return out;
}

Result<LookupAnswer> Terminology::lookup(const CodingView& coding) const {
    LookupAnswer out;
    if (const auto* known = find_system(coding.system, coding.version)) {
        const auto index = known->find(coding.code);
        if (index == Concept::none)
            return not_found("the code system " + std::string(coding.system) + " has no such code");
        const Concept& entry = known->at(index);
        out.name = known->name;
        out.version = known->version;
        out.display = entry.display;
        out.is_abstract = entry.is_abstract;
        out.is_inactive = entry.is_inactive;
        if (entry.parent != Concept::none) out.parents.emplace_back(known->at(entry.parent).code);
        for (std::uint32_t child = index + 1; child < entry.end; child = known->at(child).end)
            out.children.emplace_back(known->at(child).code);
        return out;
    }
    if (store_) {
        if (const auto version = store_->version_of(coding.system)) {
            const auto found = store_->find(coding.system, coding.code);
            if (!found) return not_found("the code system " + std::string(coding.system) + " has no such code");
            out.name = coding.system;
            out.version = *version;
            out.display = found->display;
            out.definition = found->definition;
            out.is_inactive = found->inactive;
            return out;
        }
    }
    return not_found("the code system " + std::string(coding.system) +
                     " is not loaded; load it with `causeway terminology import`");
}

Result<Subsumption> Terminology::subsumes(std::string_view system, std::string_view a, std::string_view b) const {
    const auto said = [](bool up, bool down) {
        return up && down ? Subsumption::equivalent
               : up       ? Subsumption::subsumes
               : down     ? Subsumption::subsumed_by
                          : Subsumption::not_subsumed;
    };
    if (const auto* known = find_system(system)) {
        const auto first = known->find(a);
        const auto second = known->find(b);
        if (first == Concept::none || second == Concept::none)
            return not_found("the code system " + std::string(system) + " has no such code");
        return said(known->is_a(second, first), known->is_a(first, second));
    }
    if (store_ && store_->version_of(system)) {
        if (!store_->find(system, a) || !store_->find(system, b))
            return not_found("the code system " + std::string(system) + " has no such code");
        if (a == b) return Subsumption::equivalent;
        const auto up = store_->subsumes(system, a, b);
        const auto down = store_->subsumes(system, b, a);
        if (!up || !down)
            return Error{
                Errc::not_supported, "the code system " + std::string(system) + " has no hierarchy", "", 0, 0, 0};
        return said(*up, *down);
    }
    return not_found("the code system " + std::string(system) +
                     " is not loaded; load it with `causeway terminology import`");
}

Result<std::vector<TranslateMatch>> Terminology::translate(std::string_view map, const CodingView& coding,
                                                           std::string_view target_system, bool reverse) const {
    std::vector<TranslateMatch> out;
    bool found = false;
    const auto name = Canonical::parse(map);
    for (const ConceptMap& candidate : maps_) {
        if (!map.empty() && (candidate.url != name.url || (!name.version.empty() && candidate.version != name.version)))
            continue;
        found = true;
        for (const auto& group : candidate.groups) {
            const auto from = reverse ? group.target : group.source;
            const auto to = reverse ? group.source : group.target;
            if (from != coding.system || (!target_system.empty() && to != target_system)) continue;
            for (const auto& entry : group.mappings) {
                if ((reverse ? entry.target : entry.code) != coding.code) continue;
                const auto target = reverse ? entry.code : entry.target;
                if (target.empty() && entry.equivalence != "unmatched") continue;
                out.push_back({std::string(to), std::string(target), display_of(to, target),
                               std::string(entry.equivalence), std::string(candidate.url)});
            }
        }
    }
    if (base_ && (map.empty() || !found)) {
        auto more = base_->translate(map, coding, target_system, reverse);
        if (more)
            out.insert(out.end(), more->begin(), more->end());
        else if (!found)
            return more;
        return out;
    }
    if (!found && !map.empty()) return not_found("the concept map " + std::string(map) + " is not loaded");
    return out;
}

}  // namespace causeway::fhir
