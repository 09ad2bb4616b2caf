#include "fhir/model/reference.hpp"
#include "fhir/terminology/answer.hpp"

namespace causeway::fhir {

const ConceptMap* Terminology::find_map(std::string_view canonical) const noexcept {
    const auto name = Canonical::parse(canonical);
    const ConceptMap* found = nullptr;
    for (const ConceptMap& map : maps_)
        if (map.url == name.url && (name.version.empty() || map.version == name.version)) found = &map;
    return found || !base_ ? found : base_->find_map(canonical);
}

void Terminology::translate_with(const ConceptMap& map, const CodingView& coding, std::string_view target_system,
                                 bool reverse, unsigned depth, std::vector<TranslateMatch>& out) const {
    for (const auto& group : map.groups) {
        const auto from = reverse ? group.target : group.source;
        const auto to = reverse ? group.source : group.target;
        if (!coding.system.empty() && from != coding.system) continue;
        if (!target_system.empty() && to != target_system) continue;
        bool mapped = false;
        for (const auto& entry : group.mappings) {
            if ((reverse ? entry.target : entry.code) != coding.code) continue;
            mapped = true;
            const auto target = reverse ? entry.code : entry.target;
            if (target.empty() && entry.equivalence != "unmatched") continue;
            auto display = display_of(to, target);
            if (display.empty() && !reverse) display = entry.display;
            out.push_back({std::string(to), std::string(target), std::move(display), std::string(entry.equivalence),
                           std::string(map.url), std::string(entry.comment), entry.depends});
        }
        if (mapped || reverse) continue;
        if (group.unmapped_mode == "provided")
            out.push_back({std::string(to),
                           std::string(coding.code),
                           display_of(to, coding.code),
                           "equal",
                           std::string(map.url),
                           {},
                           false});
        else if (group.unmapped_mode == "fixed")
            out.push_back({std::string(to),
                           std::string(group.unmapped_code),
                           std::string(group.unmapped_display),
                           "inexact",
                           std::string(map.url),
                           {},
                           false});
        else if (group.unmapped_mode == "other-map" && depth < imports_deep_max)
            if (const auto* other = find_map(group.unmapped_map))
                translate_with(*other, coding, target_system, reverse, depth + 1, out);
    }
}

Result<std::vector<TranslateMatch>> Terminology::translate(std::string_view map, const CodingView& coding,
                                                           std::string_view target_system, bool reverse) const {
    std::vector<TranslateMatch> out;
    if (!map.empty()) {
        const ConceptMap* found = find_map(map);
        if (!found) return not_found("the concept map " + std::string(map) + " is not loaded");
        translate_with(*found, coding, target_system, reverse, 0, out);
        return out;
    }
    for (const Terminology* layer = this; layer; layer = layer->base_.get())
        for (const ConceptMap& candidate : layer->maps_)
            if (find_map(candidate.url) == &candidate)  // not hidden by a later one
                translate_with(candidate, coding, target_system, reverse, 0, out);
    return out;
}

}  // namespace causeway::fhir
