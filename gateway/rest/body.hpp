#pragma once
#include "gateway/rest/call.hpp"

namespace causeway::rest {

/// Reads the body as one FHIR resource and checks that it may stand at this URL. `json` is its text, for
/// ResourceWriter.
struct ResourceBody {
    fhir::DocumentPtr document;
    std::string_view json;  ///< into the call's request body; empty if the text is not the stored form
};
Outcome<ResourceBody> read_body(const Services& services, const Call& call);

}  // namespace causeway::rest
