#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/gateway/patient_index/generator/records.hpp"

namespace causeway::bench {

/// A population too large to be held at once: made in chunks, the same every time.
class PatientCrowd {
public:
    explicit PatientCrowd(std::uint32_t people) : people_(people) {}

    static constexpr std::uint32_t chunk_people = 100'000;
    std::uint32_t chunks() const { return (people_ + chunk_people - 1) / chunk_people; }
    std::uint32_t people() const { return people_; }

    /// The first record of everybody in that chunk.
    std::vector<patient_index::match::Record> first_records(std::uint32_t chunk) const;
    /// Who comes to the desk when all these are known: of twenty, nine are known and eleven new.
    std::vector<patient_index::match::Record> arrivals(std::uint32_t count) const;

private:
    patient_index::generator::Options options(std::uint64_t seed, std::uint32_t people) const;
    std::uint32_t people_;
};

/// The record as a FHIR Patient, with `number` as its source's number.
std::string patient_json(const patient_index::match::Record& record, std::uint64_t number);

/// What a step of filling did.
struct FillReport {
    std::uint64_t records = 0, blocks = 0;
    double seconds = 0;
};

/// Makes a store in `folder` whose patient index holds the first record of everybody, but for the block table: its rows
/// wait beside the store. `resources`: the Patients too, by the way every write takes.
FillReport fill_rows(const std::filesystem::path& folder, const PatientCrowd& crowd, bool resources);
/// The second step: the block table from sorted runs, so that each of its pages is written once.
FillReport fill_blocks(const std::filesystem::path& folder);

}  // namespace causeway::bench
