#include <algorithm>
#include <set>

#include "fhir/model/document.hpp"
#include "fhir/terminology/answer.hpp"
#include "fhir/terminology/implicit.hpp"

namespace causeway::fhir {

namespace {

char fold(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool starts_with_folded(std::string_view text, std::string_view word) noexcept {
    return text.size() >= word.size() &&
           std::equal(word.begin(), word.end(), text.begin(), [](char a, char b) { return fold(a) == fold(b); });
}

/// Each word of the filter begins a word of the display, or the code.
bool matches(std::string_view filter, std::string_view code, std::string_view display) noexcept {
    while (!filter.empty()) {
        const auto blank = filter.find(' ');
        const auto word = filter.substr(0, blank);
        filter = blank == std::string_view::npos ? std::string_view() : filter.substr(blank + 1);
        if (word.empty()) continue;
        bool found = starts_with_folded(code, word);
        for (std::size_t at = 0; at < display.size() && !found; ++at)
            if (at == 0 || display[at - 1] == ' ' || display[at - 1] == '-' || display[at - 1] == '(' ||
                display[at - 1] == '/')
                found = starts_with_folded(display.substr(at), word);
        if (!found) return false;
    }
    return true;
}

/// A candidate for the expansion: views live during the call.
struct Candidate {
    std::string_view system;
    std::string_view version;
    std::string_view code;
    std::string_view display;
    std::string_view definition;
    bool is_abstract = false;
    bool is_inactive = false;
};

}  // namespace

/// One run of $expand. Candidates come from the includes in their order; the set itself says which of them it contains.
/// One page is collected and the rest counted.
class Expander {
public:
    Expander(const Terminology& all, const ValueSet& set, const ExpandOptions& options)
        : all_(all), set_(set), options_(options) {}

    Result<Expansion> run() {
        if (!walk(set_, 0)) return std::move(error_);
        return std::move(out_);
    }

private:
    bool fail(Errc code, std::string message) {
        error_ = Error{code, std::move(message), "", 0, 0, 0};
        return false;
    }

    bool walk(const ValueSet& set, unsigned depth) {
        if (depth > imports_deep_max) return fail(Errc::too_deep, "value sets include each other too deeply");
        for (const auto& part : set.parts) {
            if (part.is_exclude) continue;
            if (!(part.system.empty() ? imports(part, depth) : candidates(part, depth == 0))) return false;
        }
        return true;
    }

    bool imports(const ValueSet::Part& part, unsigned depth) {
        for (const auto url : part.value_sets) {
            const auto imported = all_.value_set(url);
            if (!imported) return fail(Errc::unknown_name, "the value set " + std::string(url) + " is not loaded");
            if (!walk(*imported, depth + 1)) return false;
        }
        return true;
    }

    bool candidates(const ValueSet::Part& part, bool own) {
        const CodeSystem* known = all_.answering_system(part.system, part.version);
        if (!part.codes.empty()) return listed(part, known);
        if (known && known->is_complete()) {
            use(part.system, known->version);
            for (std::uint32_t i = 0; i < known->concepts().size(); ++i) {
                const Concept& entry = known->at(i);
                if (!take({part.system, known->version, entry.code, entry.display,
                           known->source(i)["definition"].text(), entry.is_abstract, entry.is_inactive}))
                    return false;
            }
            return true;
        }
        const auto version = all_.store_ ? all_.store_->version_of(part.system) : std::nullopt;
        if (!version) return fail(Errc::unknown_name, not_loaded(part.system));
        if (const auto wrong = all_.wrong_version(part.system, part.version)) return fail(Errc::unknown_name, *wrong);
        use(part.system, *version);
        return stored(part, *version, own);
    }

    bool listed(const ValueSet::Part& part, const CodeSystem* known) {
        std::string version(known ? known->version : part.version);
        if (!known && all_.store_)
            if (const auto stored = all_.store_->version_of(part.system)) version = *stored;
        use(part.system, version);
        for (const auto& entry : part.codes) {
            CodeAnswer said;
            said.display = entry.display;
            if (known || !version.empty()) all_.describe(part.system, part.version, entry.code, said);
            const auto index = known ? known->find(entry.code) : Concept::none;
            const auto definition =
                index == Concept::none ? std::string_view() : known->source(index)["definition"].text();
            if (!take({part.system, version, entry.code, said.display, definition, said.is_abstract, said.is_inactive}))
                return false;
        }
        return true;
    }

    /// The store finds by the first filter itself. Where that is all the set asks, each find is a member unless
    /// excluded.
    bool stored(const ValueSet::Part& part, const std::string& version, bool own) {
        ConceptQuery query{.filter = options_.filter};
        bool complete = own && part.value_sets.empty() && part.filters.size() <= 1;
        if (!part.filters.empty()) complete = push_down(part.filters.front(), part.system, query) && complete;
        bool ok = true;
        all_.store_->search(part.system, query, [&](const StoredConcept& found) {
            ok = take_matching(
                {part.system, version, found.code, found.display, found.definition, found.is_abstract, found.inactive},
                complete);
            return ok;
        });
        return ok;
    }

    static bool push_down(ValueSet::Filter filter, std::string_view system, ConceptQuery& query) {
        if (system == snomed_url && (filter.property == "constraint" || filter.property == "expression")) {
            const auto simple = simple_expression(filter.value);
            if (!simple) return false;
            if (simple->op.empty()) return true;
            filter = *simple;
        }
        if (filter.op == "is-a" || filter.op == "descendent-of") {
            query.ancestor = filter.value;
            query.ancestor_itself = filter.op == "is-a";
            return true;
        }
        if (filter.property == "ancestor" && filter.op == "=") {
            query.ancestor = filter.value;
            query.ancestor_itself = false;
            return true;
        }
        const bool about_code = filter.property == "concept" || filter.property == "code";
        if (about_code && filter.op == "in" && system == snomed_url) {
            query.property = "memberOf";
            query.value = filter.value;
            return true;
        }
        if (about_code || filter.op != "=" || filter.property == "parent" || filter.property == "child") return false;
        query.property = filter.property;
        query.value = filter.value;
        return true;
    }

    bool is_member(const Candidate& candidate, bool sure) const {
        if (!sure) return all_.contains(set_, candidate.system, candidate.code) == Answer::yes;
        return std::none_of(set_.parts.begin(), set_.parts.end(), [&](const auto& part) {
            return part.is_exclude && all_.part_contains(part, candidate.system, candidate.code, 0) != Answer::no;
        });
    }

    bool take(const Candidate& candidate) {
        if (matches(options_.filter, candidate.code, candidate.display)) return take_matching(candidate, false);
        return look();
    }

    bool look() {
        return ++looked_ <= options_.candidates_max ||
               fail(Errc::too_large, "the expansion is too large; give a filter or a narrower value set");
    }

    /// `sure`: the candidate is known to meet the include that it came from, the only one that matters.
    bool take_matching(const Candidate& candidate, bool sure) {
        if (!look()) return false;
        if (options_.active_only && candidate.is_inactive) return true;
        if (options_.selectable_only && candidate.is_abstract) return true;
        if (!is_member(candidate, sure)) return true;
        if (!seen_.emplace(candidate.system, candidate.code).second) return true;
        const std::size_t index = out_.total++;
        if (index < options_.offset || out_.items.size() >= options_.count) return true;
        auto& item = out_.items.emplace_back();
        item.system = candidate.system;
        item.version = candidate.version;
        item.code = candidate.code;
        item.display = candidate.display;
        item.is_abstract = candidate.is_abstract;
        item.is_inactive = candidate.is_inactive;
        if (options_.with_definition) item.definition = candidate.definition;
        if (options_.with_designations) item.designations = all_.designations_of(candidate.system, candidate.code);
        return true;
    }

    void use(std::string_view system, std::string_view version) {
        std::string name(system);
        if (!version.empty()) name += '|' + std::string(version);
        if (std::find(out_.systems.begin(), out_.systems.end(), name) == out_.systems.end())
            out_.systems.push_back(std::move(name));
    }

    const Terminology& all_;
    const ValueSet& set_;
    const ExpandOptions& options_;
    std::set<std::pair<std::string, std::string>> seen_;
    std::size_t looked_ = 0;
    Expansion out_;
    Error error_{};
};

Result<Expansion> Terminology::expand(std::string_view value_set, const ExpandOptions& options) const {
    if (const ValueSet* found = find_value_set(value_set)) return expand(*found, options);
    if (const auto described = this->value_set(value_set)) return expand(*described, options);
    return Error{Errc::unknown_name, "the value set " + std::string(value_set) + " is not loaded", "", 0, 0, 0};
}

Result<Expansion> Terminology::expand(const ValueSet& value_set, const ExpandOptions& options) const {
    return Expander(*this, value_set, options).run();
}

}  // namespace causeway::fhir
