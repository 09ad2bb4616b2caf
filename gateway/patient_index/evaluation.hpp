#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gateway/patient_index/batch.hpp"

namespace causeway::patient_index {

struct Quality {
    std::uint64_t found = 0, right = 0,
                  all = 0;  ///< pairs called a match, those that are one, and those that should be called
    double precision() const { return found ? static_cast<double>(right) / static_cast<double>(found) : 1; }
    double recall() const { return all ? static_cast<double>(right) / static_cast<double>(all) : 1; }
    double f1() const { return precision() + recall() > 0 ? 2 * precision() * recall() / (precision() + recall()) : 0; }
};

/// How good scored pairs are against known persons. Never one number: what is linked, what is more likely than not,
/// what a better threshold would give, and what reaches a person at all are reported apart.
struct Evaluation {
    std::uint64_t true_pairs = 0;
    Quality automatic, probable, best, reached;  ///< reached: automatic and review together
    double best_weight = 0;
    std::uint64_t reviews = 0, wrong_reviews = 0;
};

/// `truth[i]` is the person of record i, 0 = not known (such a record has no true pairs). `source` as for BlockIndex.
Evaluation evaluate(std::span<const ScoredPair> pairs, std::span<const std::uint32_t> truth,
                    std::span<const std::uint8_t> source, double probable_weight);

std::string describe(const Evaluation& evaluation, std::uint64_t records);

}  // namespace causeway::patient_index
