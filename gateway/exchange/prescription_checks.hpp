#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "fhir/model/document.hpp"
#include "gateway/storage/storage.hpp"

namespace causeway::exchange {

/// What speaks against a prescription, for a person to look at. It blocks nothing.
struct PrescriptionWarning {
    std::string_view code;        ///< duplicate-prescription, allergy
    storage::ResourceName about;  ///< the other order, or the allergy
};

/// The patient's active MedicationRequests (intent order) and allergies in the store, at most 100 of each. `patient` is
/// "Patient/17".
storage::Result<std::vector<fhir::DocumentPtr>> active_orders(storage::Reader& reader, std::string_view patient);
storage::Result<std::vector<fhir::DocumentPtr>> allergies_of(storage::Reader& reader, std::string_view patient);

/// Compares a MedicationRequest with the patient's active orders and allergies in the store: the same code, or for an
/// allergy its name as words in the drug's. A coded ingredient is not looked for: that needs a drug database (a CDS
/// Hooks service may have one).
storage::Result<std::vector<PrescriptionWarning>> check_prescription(storage::Reader& reader, std::string_view id,
                                                                     const fhir::Document& prescription);

}  // namespace causeway::exchange
