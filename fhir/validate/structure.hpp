#pragma once
#include <cstddef>
#include <string_view>

#include "fhir/issue.hpp"
#include "fhir/model/document.hpp"

namespace causeway::fhir {

struct StructureOptions {
    std::size_t issues_max = 100;  ///< then one more issue says that there are more
    /// The type that is wanted (of the URL, of a parameter); empty = any of the 146.
    std::string_view resource_type = {};
};

/// What every R4 resource must be, whatever its profile: known elements, their number, JSON shape and type, the
/// formats of primitives, one type per choice, resources inside resources. No issue = valid. One pass, no allocation
/// for a valid document. Rules beyond (bindings, invariants, references, profiles) are validate()'s.
Issues validate_structure(const Document& document, const StructureOptions& options = {});

/// As above, for a resource that is a part of a document.
Issues validate_structure(Element resource, const StructureOptions& options = {});

}  // namespace causeway::fhir
