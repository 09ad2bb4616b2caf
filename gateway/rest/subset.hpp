#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/model/element.hpp"
#include "fhir/search/query.hpp"
#include "gateway/rest/fault.hpp"

namespace causeway::rest {

/// Which part of a resource `_summary` or `_elements` asks for.
struct Subset {
    fhir::search::Summary summary = fhir::search::Summary::none;
    std::vector<std::string> elements;  ///< top-level element names; mandatory and modifier elements stay too
};

/// nullopt: the whole resource. `_elements=Type.name` counts for that type only.
Outcome<std::optional<Subset>> parse_subset(std::span<const fhir::search::QueryParameter> parameters,
                                            std::string_view type);
std::optional<Subset> subset_of(const fhir::search::SearchPlan& plan, std::string_view type);

/// The resource with only what the subset wants, tagged SUBSETTED. `json` is a stored resource, hence readable.
std::string cut_down(const std::string& json, const Subset& subset);

/// A resource that was read with `_summary` or `_elements`: writing it back would erase the rest.
bool is_subsetted(fhir::Element resource);

}  // namespace causeway::rest
