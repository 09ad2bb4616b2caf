#pragma once
#include <functional>

#include "fhir/model/element.hpp"
#include "gateway/patient_index/authorities.hpp"
#include "hl7v2/builder.hpp"

namespace causeway::patient_index::v2 {

/// Which identifiers an answer may show.
using DomainFilter = std::function<bool(std::string_view system)>;

/// Puts the identifiers whose domains pass `shown` into PID-3, with namespace, universal id and type. Those of replaced
/// records come last. Returns how many there are.
std::size_t write_identifiers(hl7v2::SegmentWriter& pid, fhir::Element patient, const Authorities& authorities,
                              const DomainFilter& shown);

/// Names, birth date, sex, addresses, telecoms, language, marital status, mother and birth order as PDQ answers them
/// (PID-5, 6, 7, 8, 11, 13, 14, 15, 16, 24, 25). A birth date keeps its precision.
void write_demographics(hl7v2::SegmentWriter& pid, fhir::Element patient);

/// PID-21: the mother's identifiers, from a RelatedPerson.
void write_mother(hl7v2::SegmentWriter& pid, fhir::Element related_person, const Authorities& authorities);

/// One CX into repetition `repetition` of `field`.
void write_cx(hl7v2::SegmentWriter& segment, std::uint16_t field, std::uint16_t repetition, fhir::Element identifier,
              const Authorities& authorities);

}  // namespace causeway::patient_index::v2
