#pragma once
#include "fhir/search/custom_parameters.hpp"
#include "fhir/search/extract.hpp"
#include "fhir/search/plan.hpp"
#include "gateway/storage/resource.hpp"

#include <functional>
#include <string>
#include <vector>

namespace causeway::storage {

/// How the bodies were read when their keys were made; a check must read them the same way.
struct BodyReading {
    std::int32_t zone_offset_minutes = 0;
    std::string base_url;
    std::function<fhir::search::CustomParametersPtr()> custom = {};  ///< may be empty
};

/// Search values of a stored body. Throws FailureException (corrupt) if it is not JSON.
fhir::search::Extraction values_of(const StoredResource& resource, const BodyReading& reading = {});

/// Texts of a parameter's values by which a search sorts where the keys hold only hashes.
std::vector<std::string> sortable_texts(const StoredResource& resource, fhir::search::ParameterId parameter,
                                        const BodyReading& reading);

}  // namespace causeway::storage
