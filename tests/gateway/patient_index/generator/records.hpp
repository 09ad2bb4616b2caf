#pragma once
#include <functional>
#include <iosfwd>

#include "gateway/patient_index/match/record.hpp"
#include "tests/gateway/patient_index/generator/people.hpp"

namespace causeway::patient_index::generator {

/// One to six records of a human, mean 1.8, with the errors of registration desks; later ones after marriages and
/// moves. Calls `each` for every record.
void make_records(const Human& human, const Options& options, Dice& dice,
                  const std::function<void(match::Record&&)>& each);

/// A whole file: truth of each record and what a wrong link would have joined.
struct Population {
    std::vector<Human> people;
    std::vector<match::Record> records;
    std::vector<std::uint32_t> truth;  ///< number of the human; people[truth - 1]
};
Population make_population(const Options& options);

/// The columns that `causeway match` guesses, and `cluster`.
void write_csv_header(std::ostream& out);
void write_csv(std::ostream& out, std::uint64_t id, const match::Record& record, std::uint32_t truth);

}  // namespace causeway::patient_index::generator
