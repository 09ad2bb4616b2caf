#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/patient_index/match/block_index.hpp"
#include "gateway/patient_index/match/model.hpp"
#include "gateway/patient_index/match/score.hpp"

namespace causeway::patient_index::match {

/// One pass of expectation-maximisation over the candidate pairs that satisfy a condition.
struct Session {
    std::string_view name;
    std::uint64_t pairs = 0;
    double match_rate = 0;  ///< share of matches among them that was learned
    unsigned rounds = 0;
    bool used = false;
};

/// What training did, for people: whether it converged, and if it was refused, why.
struct TrainingReport {
    std::uint64_t records = 0, random_pairs = 0, candidate_pairs = 0, patterns = 0;
    double start_match_rate = 0;  ///< from exact rules
    struct Round {
        double match_rate = 0, household_rate = 0;
        double largest_change = 0;  ///< of any m or u
        std::vector<Session> sessions;
    };
    std::vector<Round> rounds;
    std::string refused;  ///< empty if the model may be used
};

struct TrainingOptions {
    std::uint64_t seed = 1;
    std::uint64_t random_pairs_max = 1'200'000;
    std::uint64_t candidate_pairs_max = 3'000'000;
    unsigned rounds = 4;
    std::string version = "trained";
    /// Called now and then with what is done and how far.
    std::function<void(std::string_view step, double share)> progress;
};

/// Learns m, u and the rates from unlabelled records: u from random pairs with the expected matches taken out, m by EM
/// in sessions that each leave out the fields which chose their pairs. `start` gives the priors. The same records,
/// options and start give the same model. Read `report.refused` before using it.
Model train(std::span<const Features> records, std::span<const std::uint8_t> source, const BlockIndex& blocks,
            const Population& population, const Model& start, const TrainingOptions& options, TrainingReport& report);

}  // namespace causeway::patient_index::match
