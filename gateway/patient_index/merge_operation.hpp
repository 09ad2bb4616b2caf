#pragma once
#include "gateway/patient_index/patient_index.hpp"
#include "gateway/rest/operations.hpp"

namespace causeway::patient_index {

/// `POST Patient/$merge` (as R5's: source-patient is replaced by target-patient; result-patient; preview) and its undo,
/// `POST Patient/$unmerge` with the same two. Parameters may also be names by identifier (source-patient-identifier,
/// target-patient-identifier: `system|value` or an Identifier).
///
/// A merge marks both Patients with links, retires the source and moves every record of its person; an undo puts back the
/// persons, the records' states, the reviews that the merge had settled, and the two Patients' links and `active`.
/// With preview = true nothing is written: the answer says what would be.
void add_merge_operations(rest::Operations& operations, PatientIndex& index);

}  // namespace causeway::patient_index
