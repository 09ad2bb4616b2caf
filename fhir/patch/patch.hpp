#pragma once
#include "fhir/model/document.hpp"
#include "fhir/result.hpp"

namespace causeway::fhir {

/// JSON Patch, RFC 6902: all operations or none. `patch` is the parsed array of operations. The document is taken as
/// its JSON spells it, so `_birthDate` is a member of its own. In a resource, arrays and objects that the patch leaves
/// empty are dropped.
///
/// Errc::wrong_shape: the patch is none (400). Errc::evaluation: it cannot be applied, or a `test` fails (422). The
/// error's path says which operation, counted from 0, and where: `[2]/name/0`.
Result<DocumentPtr> apply_json_patch(const DocumentPtr& document, const DocumentPtr& patch);

/// FHIRPath Patch: a Parameters resource with `operation` parameters (add, insert, delete, replace, move), applied in
/// their order. Errors as above; the path is the operation's FHIRPath in the Parameters resource.
Result<DocumentPtr> apply_fhirpath_patch(const DocumentPtr& document, Element parameters);

}  // namespace causeway::fhir
