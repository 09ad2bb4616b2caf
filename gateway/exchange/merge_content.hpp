#pragma once
#include <span>
#include <string>

#include "fhir/model/document.hpp"

namespace causeway::exchange {

/// What a message says, written onto what is stored: an element it sent takes the stored one's place, an element it did
/// not send stays, one it erased (a FHIRPath of `erased`, "Patient.birthDate") goes. Identifiers and extensions are
/// sets: those of other systems or urls stay.
fhir::DocumentPtr merge_content(const fhir::DocumentPtr& stored, const fhir::Document& incoming,
                                std::span<const std::string> erased);

}  // namespace causeway::exchange
