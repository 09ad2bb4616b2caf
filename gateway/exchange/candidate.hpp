#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "fhir/model/document.hpp"
#include "gateway/storage/resource.hpp"
#include "mappings/engine/forward.hpp"

namespace causeway::exchange {

/// One resource of a message on its way into the store: what the map made, which resource that is here, what that holds
/// now, and what it shall hold.
struct Candidate {
    const mappings::MappedResource* mapped = nullptr;  ///< borrowed from the forward result
    storage::ResourceName name;
    bool fresh = false;                                ///< its id was made for it: nothing can be stored under it yet
    std::int64_t stored_version = 0;                   ///< number of the version `stored` is; 0 = there is none
    bool erased = false;                               ///< it existed and was deleted: writing it brings it back
    fhir::DocumentPtr stored;                          ///< null if there is no live version
    fhir::DocumentPtr incoming;                        ///< the mapped content with references to resources of ours
    fhir::DocumentPtr content;                         ///< what is to be written; null: nothing
    const mappings::MappedResource* former = nullptr;  ///< holds the numbers it had before (A47)
    std::string note;  ///< why nothing is written, as a code: "stale", "unchanged", "renamed"
};

/// The document with each `reference` that is a key of `targets` replaced. The same document if there is none.
fhir::DocumentPtr rewrite_references(const fhir::DocumentPtr& document,
                                     const std::unordered_map<std::string, std::string>& targets);

/// `Type/id` of the first relative reference in `element` ("subject"), split; empty if it has none. Views into the
/// document.
struct ReferenceParts {
    std::string_view type, id;
    explicit operator bool() const noexcept { return !id.empty(); }
};
ReferenceParts relative_reference(fhir::Element element);

}  // namespace causeway::exchange
