#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/patient_index/golden.hpp"

namespace causeway::patient_index {

/// The ids of the Patients that are records of this one's person, itself among them; itself alone if it is unknown.
/// Those that a merge replaced are among them: what was said of them was said of that human being.
storage::Result<std::vector<std::string>> linked_patients(storage::Reader& reader, std::string_view id);

/// The person a record belongs to, merges followed; 0 if the index has no such record. Throws.
storage::PersonId person_of(storage::Reader& reader, storage::Rid record);

/// The person of an identifier: of a record (by the key under which messages and writers know it), of the person itself if
/// `system` is `own_system`, or of whoever alone carries it. Throws.
storage::PersonId person_by_identifier(storage::Reader& reader, std::string_view system, std::string_view value,
                                       std::string_view own_system);

}  // namespace causeway::patient_index
