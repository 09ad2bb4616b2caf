#pragma once
#include "gateway/patient_index/authorities.hpp"
#include "gateway/rest/operations.hpp"

namespace causeway::patient_index {

/// `GET Patient/$ihe-pix` (PIXm, ITI-83): the identifiers and Patients that are the same person.
///
/// `GET Patient/ID/$golden` and `GET Patient/$golden?identifier=system|value`: the one Patient that all records of a
/// person make together, each value with its source. `authorities` outlives the operations.
void add_person_operations(rest::Operations& operations, const Authorities& authorities);

}  // namespace causeway::patient_index
