#pragma once
#include <string>

#include "gateway/patient_index/match/decide.hpp"

namespace causeway::patient_index {

/// A table for people: per field the level and its bits, then the sums, the decision and the test that made it. Holds
/// no value of either record, only levels: it may be logged and kept.
std::string explain(const match::Score& score, const match::Decision& decision, const match::Model& model);

/// The same on one line, for the event that records the decision: `w t s; field level bits bits; ...`.
std::string evidence_line(const match::Score& score);

}  // namespace causeway::patient_index
