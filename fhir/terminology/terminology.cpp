#include "fhir/terminology/terminology.hpp"

#include <algorithm>

#include "fhir/model/reference.hpp"
#include "fhir/terminology/answer.hpp"
#include "fhir/terminology/grammar.hpp"
#include "fhir/terminology/implicit.hpp"

namespace causeway::fhir {

namespace {

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

}  // namespace

std::string not_loaded(std::string_view system) {
    struct Known {
        std::string_view url;
        std::string_view name;
    };
    static constexpr Known importable[] = {
        {"http://loinc.org", "loinc"},
        {"http://snomed.info/sct", "snomed"},
        {"http://www.nlm.nih.gov/research/umls/rxnorm", "rxnorm"},
        {"http://hl7.org/fhir/sid/icd-10-cm", "icd10cm"},
        {"http://hl7.org/fhir/sid/cvx", "cvx"},
        {"http://hl7.org/fhir/sid/ndc", "ndc"},
    };
    std::string out = "the code system " + std::string(system) + " is not loaded; load it with ";
    for (const Known& known : importable)
        if (known.url == system)
            return out + "`causeway terminology import --system " + std::string(known.name) + " FILE...`";
    return out + "a CodeSystem resource";
}

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

const CodeSystem* Terminology::answering_system(std::string_view url, std::string_view version) const {
    const auto* known = find_system(url, version);
    return known && !known->is_complete() && store_ && store_->version_of(url) ? nullptr : known;
}

const ValueSet* Terminology::find_value_set(std::string_view canonical) const noexcept {
    const auto name = Canonical::parse(canonical);
    if (const auto* found = find_version(value_sets_by_url_, value_sets_, name.url, name.version)) return found;
    return base_ ? base_->find_value_set(canonical) : nullptr;
}

std::optional<ValueSet> Terminology::value_set(std::string_view canonical) const {
    if (const ValueSet* found = find_value_set(canonical)) return *found;
    const auto name = Canonical::parse(canonical);
    for (const Terminology* layer = this; layer; layer = layer->base_.get())
        for (const CodeSystem& system : layer->systems_)
            if (!system.value_set.empty() && (system.value_set == canonical || system.value_set == name.url)) {
                ValueSet all;
                all.url = system.value_set;
                all.version = system.version;
                all.parts.emplace_back().system = system.url;
                return all;
            }
    return implicit_value_set(canonical);
}

std::optional<std::string> Terminology::wrong_version(std::string_view system, std::string_view version) const {
    if (version.empty() || answering_system(system, version)) return std::nullopt;
    std::string loaded;
    if (const auto* known = answering_system(system))
        loaded = known->version;
    else if (store_)
        if (const auto stored = store_->version_of(system)) loaded = *stored;
    if (loaded.empty() || loaded == version) return std::nullopt;
    if (system == snomed_url && loaded.starts_with(version)) return std::nullopt;  // an edition without its date
    return "version " + std::string(version) + " of the code system " + std::string(system) +
           " is not loaded; version " + loaded + " is";
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
        if (const ValueSet* imported = find_value_set(url)) {
            found = both(found, contains(*imported, system, code, depth + 1));
        } else {
            const auto described = value_set(url);
            found = both(found, described ? contains(*described, system, code, depth + 1) : Answer::unknown);
        }
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
    if (const auto* known = answering_system(system)) {
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
            const auto imported = this->value_set(url);
            if (!imported) return std::string(url);
            if (auto missing = missing_system(*imported, system, depth + 1); !missing.empty()) return missing;
        }
    }
    return {};
}

}  // namespace causeway::fhir
