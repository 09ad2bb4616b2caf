#pragma once
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "fhir/model/builder.hpp"
#include "fhir/model/document.hpp"

namespace causeway::rest {

/// What the entries of a bundle are called in it, and where they went: fullUrl -> `Type/id`; and the conditional
/// references that were resolved: `Patient?identifier=a|b` -> `Patient/1`.
using Targets = std::unordered_map<std::string, std::string>;

/// What stands in a resource and names another.
struct ReferenceScan {
    std::vector<std::string> conditional;  ///< Reference.reference with a query
    std::vector<std::string> unresolved;   ///< Reference.reference urn:uuid: or urn:oid: that `targets` does not know
    bool uses_targets = false;             ///< something of it would be rewritten
};

/// `full_url` is the entry's own: relative references are read against its base first.
ReferenceScan scan_references(fhir::Element resource, std::string_view full_url, const Targets& targets);

/// The resource as a document of its own, with everything that names a target rewritten: Reference.reference, elements
/// of the types uri, url, oid and uuid, and links in narrative. Not canonical. Fragment and `_history` parts are kept.
/// The texts are borrowed from `owner`.
fhir::DocumentPtr rewrite_references(const fhir::DocumentPtr& owner, fhir::Element resource, std::string_view full_url,
                                     const Targets& targets);

}  // namespace causeway::rest
