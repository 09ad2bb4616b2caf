#pragma once
#include <string>
#include <vector>

#include "fhir/model/element.hpp"
#include "gateway/patient_index/match/record.hpp"

namespace causeway::patient_index {

/// Which identifiers one human being only can have, beside those that the type or a well-known system tells.
struct IdentifierRules {
    std::vector<std::string> person_systems;  ///< configured: a national id, an insurance number
    std::vector<std::string> ssn_systems;
    std::vector<std::string> national_systems;  ///< their numbers decide
};

/// A Patient resource as the matcher's record. Reads names, birth date, gender, addresses, telecoms, identifiers (by
/// v2-0203 type and system), multiple birth, the mother's maiden name (extension) and given names of mother and
/// guardian (contact).
match::Record read_patient(fhir::Element patient, const IdentifierRules& rules = {});

}  // namespace causeway::patient_index
