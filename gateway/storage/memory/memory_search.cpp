#include "gateway/storage/memory/memory_search.hpp"

#include "fhir/json/json.hpp"
#include "fhir/search/extract.hpp"
#include "fhir/search/match.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace causeway::storage {

using namespace fhir::search;

namespace {

/// `snapshot.last`, unsigned: the fake hands tokens out, it does not defend them.
std::optional<std::pair<Vid, Vid>> read_token(std::string_view text) {
    std::pair<Vid, Vid> out;
    const auto dot = text.find('.');
    if (dot == std::string_view::npos) return {};
    const auto parse = [](std::string_view digits, Vid& value) {
        const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        return result.ec == std::errc() && result.ptr == digits.data() + digits.size();
    };
    if (!parse(text.substr(0, dot), out.first) || !parse(text.substr(dot + 1), out.second)) return {};
    return out;
}

std::string write_token(Vid snapshot, Vid last) { return std::to_string(snapshot) + "." + std::to_string(last); }

Failure bad_token() { return {FailureCode::bad_page_token, "the page token is not one of this search"}; }

bool body_meets(const MemoryState& state, const StoredResource& resource, const Criterion& criterion, Vid snapshot,
                int depth);

/// The version that was current at the snapshot and is not a deletion marker.
const StoredResource* live_at(const MemoryState& state, const MemoryState::Resource& resource, Vid snapshot) {
    const StoredResource* found = nullptr;
    for (const auto vid : resource.versions) {
        if (vid <= snapshot) found = &state.versions.at(vid);
    }
    return found && !found->erased() ? found : nullptr;
}

class Neighbours final : public Surroundings {
public:
    Neighbours(const MemoryState& state, Vid snapshot, int depth) : state_(state), snapshot_(snapshot), depth_(depth) {}
    std::optional<bool> target_meets(std::string_view type, std::string_view id,
                                     const Criterion& criterion) const override {
        const auto rid = state_.rids.find({std::string(type), std::string(id)});
        if (rid == state_.rids.end()) return false;
        const auto* const target = live_at(state_, state_.resources.at(rid->second), snapshot_);
        return target && body_meets(state_, *target, criterion, snapshot_, depth_ + 1);
    }
    std::optional<bool> referrer_meets(std::string_view type, std::string_view id,
                                       const Criterion::Target& target) const override {
        for (const auto& [rid, resource] : state_.resources) {
            if (resource.name.type != target.type) continue;
            const auto* const source = live_at(state_, resource, snapshot_);
            if (!source) continue;
            const auto document = fhir::parse_json(source->json());
            if (document.has_error()) continue;
            const auto extraction = extract(*document);
            const bool refers =
                std::any_of(extraction.values.begin(), extraction.values.end(), [&](const SearchValue& value) {
                    const auto* const reference = std::get_if<ReferenceValue>(&value.value);
                    return value.parameter == target.via && reference && reference->type == type && reference->id == id;
                });
            if (refers && body_meets(state_, *source, *target.criterion, snapshot_, depth_ + 1)) return true;
        }
        return false;
    }
    std::optional<bool> code_in(std::string_view, std::string_view, Modifier, const Operand&) const override {
        return {};
    }

private:
    const MemoryState& state_;
    Vid snapshot_;
    int depth_;
};

bool body_meets(const MemoryState& state, const StoredResource& resource, const Criterion& criterion, Vid snapshot,
                int depth) {
    if (depth > 8) return false;
    const auto document = fhir::parse_json(resource.json());
    if (document.has_error()) return false;
    const auto extraction = extract(*document);
    const Neighbours neighbours(state, snapshot, depth);
    MatchContext context;
    context.type = resource.type;
    context.id = resource.id;
    context.last_updated_us = resource.version.at_us;
    context.surroundings = &neighbours;
    return matches(criterion, extraction.values, context);
}

/// Live resources that meet the plan, newest first.
std::vector<const StoredResource*> all_matches(const MemoryState& state, const SearchPlan& plan, Vid snapshot) {
    std::vector<const StoredResource*> out;
    for (const auto& [rid, resource] : state.resources) {
        const auto* const live = live_at(state, resource, snapshot);
        if (!live) continue;
        for (const auto& condition : plan.conditions) {
            if (condition.type == resource.name.type && body_meets(state, *live, condition.criterion, snapshot, 0))
                out.push_back(live);
        }
    }
    std::sort(out.begin(), out.end(), [](const auto* a, const auto* b) { return a->version.vid > b->version.vid; });
    return out;
}

}  // namespace

Result<SearchPage> memory_search(const MemoryState& state, const SearchPlan& plan, const SearchOptions& options) {
    const bool by_time = plan.sort.empty() || (plan.sort.size() == 1 && plan.sort[0].special == Special::last_updated);
    if (!by_time || !plan.includes.empty())
        return Failure{FailureCode::not_supported, "the fake sorts by time only and includes nothing"};
    const bool ascending = !plan.sort.empty() && !plan.sort[0].descending;
    Vid snapshot = state.next_vid - 1;
    Vid last = ascending ? 0 : std::numeric_limits<Vid>::max();
    if (!options.page_token.empty()) {
        const auto token = read_token(options.page_token);
        if (!token) return bad_token();
        std::tie(snapshot, last) = *token;
    }
    auto found = all_matches(state, plan, snapshot);
    if (ascending) std::reverse(found.begin(), found.end());
    SearchPage page;
    page.total = found.size();
    std::erase_if(found, [&](const StoredResource* one) {
        return ascending ? one->version.vid <= last : one->version.vid >= last;
    });
    const std::size_t count =
        plan.summary == Summary::count ? 0 : std::min<std::size_t>(plan.count.value_or(50), options.count_max);
    for (std::size_t i = 0; i < std::min(count, found.size()); ++i) page.matches.push_back(*found[i]);
    if (count > 0 && found.size() > count) page.next_page = write_token(snapshot, page.matches.back().version.vid);
    return page;
}

Result<std::vector<Match>> memory_find(const MemoryState& state, const SearchPlan& plan, std::size_t limit) {
    std::vector<Match> out;
    for (const auto* const one : all_matches(state, plan, std::numeric_limits<Vid>::max())) {
        if (out.size() == limit) break;
        out.push_back({{one->type, one->id}, one->version});
    }
    return out;
}

Result<HistoryPage> memory_history(const MemoryState& state, const HistoryRequest& request) {
    Vid snapshot = state.next_vid - 1;
    Vid last = std::numeric_limits<Vid>::max();
    if (!request.page_token.empty()) {
        const auto token = read_token(request.page_token);
        if (!token) return bad_token();
        std::tie(snapshot, last) = *token;
    }
    if (!request.id.empty() && !state.current({std::string(request.type), std::string(request.id)}))
        return Failure{FailureCode::not_found, "no such resource"};
    HistoryPage page;
    std::uint64_t total = 0;
    for (auto at = state.versions.rbegin(); at != state.versions.rend(); ++at) {
        const auto& [vid, one] = *at;
        if (vid > snapshot || (!request.type.empty() && one.type != request.type) ||
            (!request.id.empty() && one.id != request.id))
            continue;
        if (request.since_us && one.version.at_us < *request.since_us) continue;
        if (request.at_high_us && one.version.at_us >= *request.at_high_us) continue;
        if (request.at_low_us) {
            const auto& versions = state.resources.at(one.version.rid).versions;
            const auto next = std::upper_bound(versions.begin(), versions.end(), vid);
            const bool replaced = next != versions.end() && *next <= snapshot &&
                                  state.versions.at(*next).version.at_us <= *request.at_low_us;
            if (replaced) continue;
        }
        ++total;
        if (vid >= last) continue;
        if (page.entries.size() < std::clamp<std::size_t>(request.count, 1, 1000))
            page.entries.push_back(one);
        else if (page.next_page.empty())
            page.next_page = write_token(snapshot, page.entries.back().version.vid);
    }
    if (!request.id.empty()) page.total = total;
    return page;
}

}  // namespace causeway::storage
