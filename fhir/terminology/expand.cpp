#include <algorithm>
#include <set>

#include "fhir/terminology/terminology.hpp"

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

/// Collects one page and counts the rest.
class Collector {
public:
    explicit Collector(const ExpandOptions& options) : options_(options) {}

    /// False when too many were looked at.
    bool look() noexcept { return ++looked_ <= options_.candidates_max; }

    void offer(std::string_view system, std::string_view version, std::string_view code, std::string_view display,
               bool is_abstract, bool is_inactive) {
        if (options_.active_only && is_inactive) return;
        if (!matches(options_.filter, code, display)) return;
        if (!seen_.emplace(system, code).second) return;
        const std::size_t index = out_.total++;
        if (index < options_.offset || out_.items.size() >= options_.count) return;
        out_.items.push_back({std::string(system), std::string(version), std::string(code), std::string(display),
                              is_abstract, is_inactive});
    }

    Expansion take() { return std::move(out_); }

private:
    const ExpandOptions& options_;
    std::set<std::pair<std::string, std::string>> seen_;
    std::size_t looked_ = 0;
    Expansion out_;
};

Error too_costly() {
    return {Errc::too_large, "the expansion is too large; give a filter or a narrower value set", "", 0, 0, 0};
}

}  // namespace

Result<Expansion> Terminology::expand(std::string_view value_set, const ExpandOptions& options) const {
    if (const ValueSet* found = find_value_set(value_set)) return expand(*found, options);
    return Error{Errc::unknown_name, "the value set " + std::string(value_set) + " is not loaded", "", 0, 0, 0};
}

Result<Expansion> Terminology::expand(const ValueSet& value_set, const ExpandOptions& options) const {
    Collector out(options);
    Error failed{};
    bool ok = true;
    const auto fail = [&](Error error) {
        failed = std::move(error);
        return ok = false;
    };
    // Candidates come from the includes in their order; the set itself says which of them it contains.
    const auto walk = [&](const auto& self, const ValueSet& set, unsigned depth) -> bool {
        if (depth > 16) return fail({Errc::too_deep, "value sets include each other too deeply", "", 0, 0, 0});
        for (const auto& part : set.parts) {
            if (part.is_exclude) continue;
            if (part.system.empty()) {
                for (const auto url : part.value_sets) {
                    const ValueSet* imported = find_value_set(url);
                    if (!imported)
                        return fail(
                            {Errc::unknown_name, "the value set " + std::string(url) + " is not loaded", "", 0, 0, 0});
                    if (!self(self, *imported, depth + 1)) return false;
                }
                continue;
            }
            const CodeSystem* known = find_system(part.system, part.version);
            const auto take = [&](std::string_view code, std::string_view display, bool is_abstract, bool inactive,
                                  std::string_view version) {
                if (!out.look()) return fail(too_costly());
                if (contains(value_set, part.system, code) == Answer::yes)
                    out.offer(part.system, version, code, display, is_abstract, inactive);
                return true;
            };
            if (!part.codes.empty()) {
                for (const auto& entry : part.codes) {
                    const auto index = known ? known->find(entry.code) : Concept::none;
                    const bool found = index != Concept::none;
                    auto display = entry.display;
                    if (display.empty() && found) display = known->at(index).display;
                    if (!take(entry.code, display, found && known->at(index).is_abstract,
                              found && known->at(index).is_inactive, known ? known->version : part.version))
                        return false;
                }
            } else if (known && known->is_complete()) {
                for (const Concept& entry : known->concepts())
                    if (!take(entry.code, entry.display, entry.is_abstract, entry.is_inactive, known->version))
                        return false;
            } else if (store_ && store_->version_of(part.system)) {
                const std::string version = *store_->version_of(part.system);
                store_->search(part.system, options.filter, [&](const StoredConcept& found) {
                    return take(found.code, found.display, false, found.inactive, version);
                });
                if (!ok) return false;
            } else {
                return fail({Errc::unknown_name,
                             "the code system " + std::string(part.system) +
                                 " is not loaded; load it with `causeway terminology import`",
                             "", 0, 0, 0});
            }
        }
        return true;
    };
    if (!walk(walk, value_set, 0)) return failed;
    return out.take();
}

}  // namespace causeway::fhir
