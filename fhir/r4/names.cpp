#include "fhir/r4/names.hpp"

#include <algorithm>
#include <vector>

#include "fhir/model/builder.hpp"
#include "fhir/r4/tables.hpp"

namespace causeway::fhir::r4 {
namespace {

/// All of them, sorted.
std::vector<FramedName> frame_names() {
    std::vector<std::string_view> names = {"resourceType"};
    for (const TypeDef& type : types())
        for (const ElementDef& element : type.elements)
            names.insert(names.end(), element.json_names.begin(), element.json_names.end());
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return {names.begin(), names.end()};
}

}  // namespace

std::string_view framed_name(std::string_view name) {
    static const std::vector<FramedName> names = frame_names();
    const auto at = std::lower_bound(names.begin(), names.end(), name);
    return at != names.end() && at->name() == name ? at->name() : std::string_view();
}

}  // namespace causeway::fhir::r4
