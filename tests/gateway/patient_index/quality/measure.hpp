#pragma once
#include <string>

#include "gateway/patient_index/evaluation.hpp"
#include "gateway/patient_index/match/train.hpp"
#include "tests/gateway/patient_index/generator/records.hpp"

namespace causeway::patient_index::quality {

/// Records with known persons, as a batch run sees them.
struct Data {
    std::vector<match::Features> records;
    std::vector<std::uint32_t> truth;
    match::CountedPopulation population;

    void add(const match::Record& record, std::uint32_t person);
};

struct Run {
    BatchResult result;
    Evaluation evaluation;
    match::Model model;
    match::Rates rates;
    double seconds = 0;  ///< blocks, training and comparison
};

/// Trains on the records themselves, without looking at the truth, and judges every candidate pair with what ships.
Run judge_all(const Data& data, unsigned threads = 2);

/// Wrong automatic links by what they joined.
struct WrongLinks {
    std::uint64_t twins_of_other_names = 0, twins_of_one_name = 0, household = 0, namesakes = 0, others = 0;
    std::uint64_t all() const { return twins_of_other_names + twins_of_one_name + household + namesakes + others; }
};
WrongLinks wrong_links(const Data& data, const Run& run, const std::vector<generator::Human>& people);

/// For people: why true pairs wait for a person, and what wrong links and wrong reviews look like, most frequent first.
std::string causes(const Data& data, const Run& run, std::size_t lines);

}  // namespace causeway::patient_index::quality
