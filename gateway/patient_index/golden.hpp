#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/model/document.hpp"
#include "gateway/storage/storage.hpp"

namespace causeway::patient_index {

/// One source record of a person.
struct Member {
    storage::Rid record = 0;
    std::string id;             ///< of the Patient
    storage::TimeUs at_us = 0;  ///< last written
    bool subsumed = false;      ///< replaced by another record: its identifiers count, its values do not
    fhir::DocumentPtr patient;
};

/// The live records of a person, those in use first, then the most recently written first. At most `members_max`; the
/// oldest are left out. Throws storage::FailureException.
std::vector<Member> members_of(storage::Reader& reader, storage::PersonId person);

/// The one Patient that a person's records make together, and which record each value came from.
///
///     birthDate, gender, deceased, multiple birth, marital status   what most records say; of equals the newest.
///                                                                   A whole birth date beats a part of it
///     name, address, telecom                                        every one once, those of the newest record first
///     identifier, communication, contact, language                  every one once; of a replaced record with use "old"
///     link                                                          seealso to every record
///
/// Each value carries the extension urn:causeway:ext:source with a reference to its record. Nothing is stored: the
/// golden record is computed from the records each time, and is never matched against.
struct GoldenOptions {
    std::string_view person_system;  ///< of the person's own identifier; empty: none is added
    std::string_view person_value;
    bool sources = true;  ///< false: without the extensions, for answers in HL7 v2
    /// Identifier systems, the most trusted first: a record with a number of such a system comes before the newer records
    /// of others, as if it were the newest.
    std::span<const std::string> trusted = {};
};
fhir::DocumentPtr golden_record(const std::vector<Member>& members, const GoldenOptions& options);

}  // namespace causeway::patient_index
