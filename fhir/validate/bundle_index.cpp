#include "fhir/validate/bundle_index.hpp"

#include "fhir/model/reference.hpp"

namespace causeway::fhir {

BundleIndex::BundleIndex(Element bundle) : bundle_(bundle) {
    for (const Element entry : bundle["entry"].items()) {
        const Element resource = entry["resource"];
        if (!resource.is_object()) continue;
        const auto url = entry["fullUrl"].text();
        if (!url.empty()) {
            by_url_.emplace(url, resource);
            urls_.emplace(resource.node(), url);
        }
        const auto id = resource["id"].text();
        if (!id.empty()) by_url_.emplace(std::string(resource.resource_type()) + '/' + std::string(id), resource);
    }
}

std::string_view BundleIndex::full_url_of(Element resource) const {
    const auto found = urls_.find(resource.node());
    return found == urls_.end() ? std::string_view() : found->second;
}

Element BundleIndex::find(std::string_view reference, std::string_view from_full_url) const {
    const auto url = ReferenceUrl::parse(reference);
    std::string wanted(reference.substr(0, reference.find('#')));
    if (const auto history = wanted.find("/_history/"); history != std::string::npos) wanted.erase(history);
    if (url.kind == ReferenceUrl::Kind::relative) {
        const auto from = ReferenceUrl::parse(from_full_url);
        if (from.kind == ReferenceUrl::Kind::absolute) {
            const auto found = by_url_.find(std::string(from.base) + wanted);
            if (found != by_url_.end()) return found->second;
        }
    }
    const auto found = by_url_.find(wanted);
    return found == by_url_.end() ? Element() : found->second;
}

}  // namespace causeway::fhir
