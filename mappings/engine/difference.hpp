#pragma once
#include <string>
#include <vector>

#include "fhir/model/element.hpp"

namespace causeway::mappings {

/// One place at which two elements do not say the same; a side that has nothing there is an absent element.
struct Difference {
    std::string path;  ///< "Patient.name[0].family"
    fhir::Element before, after;
};

/// Leaves that differ, members in any order, array items by their number. `path` names the place both stand at.
/// What is missing or new as a whole is one difference, not one per leaf. Ends at 10,000.
std::vector<Difference> differences(fhir::Element before, fhir::Element after, const std::string& path);

/// The value for people: a primitive's text, other elements as JSON, cut at `max` bytes.
std::string brief(fhir::Element element, std::size_t max = 120);

}  // namespace causeway::mappings
