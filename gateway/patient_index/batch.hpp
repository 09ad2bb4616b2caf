#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "gateway/patient_index/match/block_index.hpp"
#include "gateway/patient_index/match/decide.hpp"

namespace causeway::patient_index {

/// A compared pair that is worth keeping.
struct ScoredPair {
    std::uint32_t a = 0, b = 0;  ///< a < b
    float weight = 0;
    match::Outcome outcome = match::Outcome::no_match;
    bool truncated = false;  ///< a block of one of the two was too large and was refined
    std::string_view rule;
};

struct BatchOptions {
    unsigned threads = 1;
    double weight_min = -3;                                             ///< pairs below are counted, not kept
    std::function<void(std::string_view step, double share)> progress;  ///< called by one thread only
};

struct BatchResult {
    std::vector<ScoredPair> pairs;  ///< by a, then b; the same for any number of threads
    std::uint64_t compared = 0;
};

/// Compares every record with every record it shares a block with.
BatchResult score_candidates(std::span<const match::Features> records, const match::BlockIndex& blocks,
                             const match::Model& model, const match::Population& population, const match::Rates& rates,
                             const BatchOptions& options);

}  // namespace causeway::patient_index
