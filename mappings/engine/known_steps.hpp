#pragma once
#include "fhir/r4/names.hpp"
#include "mappings/engine/plan.hpp"

namespace causeway::mappings {

// Names and steps the engine knows without a map.

inline const std::string_view resource_type_name = fhir::r4::framed_name("resourceType"),
                              reference_name = fhir::r4::framed_name("reference");

inline Step known_step(const char* name, const char* owner, Step::Index index = Step::Index::only) {
    Step step;
    step.name = name;
    step.key = fhir::r4::framed_name(name);
    step.owner = owner;
    step.index = index;
    return step;
}

inline const Step coding_step = known_step("coding", "CodeableConcept", Step::Index::first);
inline const Step system_step = known_step("system", "Coding");
inline const Step code_step = known_step("code", "Coding");
inline const Step display_step = known_step("display", "Coding");
inline const Step value_step = known_step("value", "Quantity");
inline const Step unit_step = known_step("unit", "Quantity");
inline const Step url_step = known_step("url", "Extension");
inline const Step extension_step = known_step("extension", "Element", Step::Index::all);
inline const Step extension_value_step = known_step("valueCodeableConcept", "Extension");

}  // namespace causeway::mappings
