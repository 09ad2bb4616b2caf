#pragma once
#include <optional>
#include <string>
#include <vector>

#include "gateway/patient_index/authorities.hpp"
#include "gateway/storage/storage.hpp"
#include "hl7v2/message_view.hpp"

namespace causeway::patient_index::v2 {

/// What QPD-3 of a patient demographics query (ITI-21) asks for; empty members are not asked.
struct DemographicsQuery {
    struct Id {
        std::string value, namespace_id, universal_id, universal_type;
        bool asked() const { return !value.empty(); }
    };
    Id patient, mother, account;
    std::string family, given, middle, suffix;
    std::string mother_family, mother_given;
    std::string birth_date;  ///< FHIR form, as precise as it was asked
    std::string gender;      ///< FHIR code
    std::string street, city, state, postal_code, country, phone;
    bool fuzzy = false;  ///< QPD-4 to 7 name an algorithm or a confidence
    double confidence_min = 0;

    /// Where QPD cannot be read: the repetition of QPD-3 (from 1) and whether a parameter is unknown.
    std::uint16_t fault_repetition = 0;

    static DemographicsQuery read(const hl7v2::SegmentView& qpd);
    bool empty() const;
};

/// A Patient that fits, and how well.
struct DemographicsHit {
    storage::Rid record = 0;
    double confidence = 1;
};

struct DemographicsAnswer {
    std::vector<DemographicsHit> hits;
    bool too_many = false;
};

/// `patient_system` and so on: the systems of the asked ids where their domain is known, else empty (any system).
/// Throws storage::FailureException.
DemographicsAnswer find_patients(storage::Reader& reader, const DemographicsQuery& query,
                                 const Authorities& authorities);

}  // namespace causeway::patient_index::v2
