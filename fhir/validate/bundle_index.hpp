#pragma once
#include <string>
#include <string_view>
#include <unordered_map>

#include "fhir/model/element.hpp"

namespace causeway::fhir {

/// The resources of a bundle by what references call them.
class BundleIndex {
public:
    explicit BundleIndex(Element bundle);
    /// The resource that a reference means, said from inside the entry with that fullUrl.
    Element find(std::string_view reference, std::string_view from_full_url) const;
    std::string_view full_url_of(Element resource) const;
    Element bundle() const noexcept { return bundle_; }

private:
    Element bundle_;
    std::unordered_map<std::string, Element> by_url_;
    std::unordered_map<const Node*, std::string_view> urls_;
};

}  // namespace causeway::fhir
