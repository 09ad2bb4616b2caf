#pragma once
#include "gateway/patient_index/patient_index.hpp"
#include "gateway/rest/operations.hpp"

namespace causeway::patient_index {

/// `Patient/$match`, with count, onlyCertainMatches, grades and scores. All records of each candidate person, persons
/// together, best first; records that a merge replaced are left out. Under onlyCertainMatches an answer has the records
/// of exactly one certain person, or none. `index` outlives the operations.
void add_match_operation(rest::Operations& operations, const PatientIndex& index);

/// The answer to a look-up, as JSON of a searchset Bundle. `readable(id)` says which patients the caller may see.
struct MatchRequest {
    std::size_t count = 100;
    bool only_certain = false;
    std::string_view base;  ///< absolute, without a slash at the end
    std::int64_t now_us = 0;
};
std::string match_bundle(storage::Reader& reader, const Found& found, const match::Model& model,
                         const MatchRequest& request, const std::function<bool(std::string_view id)>& readable);

}  // namespace causeway::patient_index
