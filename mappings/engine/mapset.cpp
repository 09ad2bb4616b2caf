#include "mappings/engine/mapset.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <tuple>

#include "hl7v2/dictionary/dictionary.hpp"
#include "mappings/engine/compile.hpp"
#include "mappings/engine/library.hpp"
#include "mappings/engine/parser.hpp"

namespace causeway::mappings {

struct MapSet::State {
    std::vector<MapSource> sources;
    Library base;
    mutable std::mutex mutex;
    mutable std::map<std::pair<std::string, std::string>, PlanPtr> plans;

    /// Null for an unknown site; diagnostics of a site's own declarations go to `out`.
    PlanPtr build(std::string_view site, std::string_view version, Diagnostics& out) const {
        Library library = base;
        if (!library.apply_site(site, sources, out)) return nullptr;
        return compile(library, site, version, sources, out);
    }
};

MapSet::MapSet(std::unique_ptr<State> state) : state_(std::move(state)) {}
MapSet::~MapSet() = default;

MapSet::Loaded MapSet::load(std::vector<MapSource> sources) {
    Loaded result;
    auto state = std::make_unique<State>();
    state->sources = std::move(sources);
    std::vector<syntax::Declaration> declarations;
    for (std::uint32_t i = 0; i < state->sources.size(); ++i) {
        auto parsed = parse(state->sources[i], i, result.diagnostics);
        std::move(parsed.begin(), parsed.end(), std::back_inserter(declarations));
    }
    state->base = Library::base(declarations, state->sources, result.diagnostics);
    std::vector<std::string> sites = {""};
    for (const auto& entry : state->base.sites) sites.push_back(entry.first);
    for (const auto& site : sites) {
        Diagnostics found;
        auto plan = state->build(site, "2.5.1", found);
        // A fault of the library shows in every site: say it once.
        for (auto& d : found) {
            const bool said =
                std::any_of(result.diagnostics.begin(), result.diagnostics.end(), [&](const Diagnostic& old) {
                    return old.code == d.code && old.file == d.file && old.line == d.line && old.text == d.text;
                });
            if (!said) result.diagnostics.push_back(std::move(d));
        }
        // A plan is some megabytes: those of sites are made again for the partners that use them.
        if (site.empty()) state->plans[{site, "2.5.1"}] = std::move(plan);
    }
    // In the order in which one reads the files, whichever pass has found them.
    std::map<std::string, std::size_t> order;
    for (const auto& source : state->sources) order.emplace(source.name, order.size());
    const auto rank = [&](const Diagnostic& d) {
        const auto at = order.find(d.file);
        return std::tuple(at == order.end() ? 0 : at->second, d.line, d.column);
    };
    std::stable_sort(result.diagnostics.begin(), result.diagnostics.end(),
                     [&](const Diagnostic& a, const Diagnostic& b) { return rank(a) < rank(b); });
    if (!has_errors(result.diagnostics)) result.maps = std::shared_ptr<const MapSet>(new MapSet(std::move(state)));
    return result;
}

PlanPtr MapSet::plan(std::string_view site, std::string_view version) const {
    const std::string known(hl7v2::dictionary::version(version).text());
    const std::lock_guard lock(state_->mutex);
    const auto at = state_->plans.find({std::string(site), known});
    if (at != state_->plans.end()) return at->second;
    Diagnostics ignored;
    auto plan = state_->build(site, known, ignored);
    if (plan) state_->plans[{std::string(site), known}] = plan;
    return plan;
}

std::vector<std::string> MapSet::sites() const {
    std::vector<std::string> names;
    for (const auto& entry : state_->base.sites) names.push_back(entry.first);
    return names;
}

const std::vector<MapSource>& MapSet::sources() const noexcept { return state_->sources; }

std::vector<std::string> message_structures(const Plan& plan) {
    std::vector<std::string> names;
    for (const auto& message : plan.messages) names.push_back(message->name);
    return names;
}

}  // namespace causeway::mappings
