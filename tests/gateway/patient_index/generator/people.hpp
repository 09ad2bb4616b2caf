#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace causeway::patient_index::generator {

/// Seeded, the same on every machine.
class Dice {
public:
    explicit Dice(std::uint64_t seed) : state_(seed) {
        state_ = next() * 0xD6E8FEB86659FD93ULL;  // else a seed's numbers are its neighbour's, one step on
    }
    std::uint64_t next() {
        std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
        z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
        return z ^ (z >> 31U);
    }
    std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>((next() >> 32U) * n >> 32U); }
    int between(int low, int high) { return low + static_cast<int>(below(static_cast<std::uint32_t>(high - low + 1))); }
    bool chance(double p) { return static_cast<double>(next() >> 11U) * 0x1p-53 < p; }
    template <class List>
    const auto& of(const List& list) {
        return list[below(static_cast<std::uint32_t>(list.size()))];
    }

private:
    std::uint64_t state_;
};

struct Place {
    std::string house, street, city, zip;
};

/// A human being as he or she is; records say it with errors.
struct Human {
    std::uint32_t number = 0;  ///< from 1: the truth
    std::uint32_t household = 0;
    std::uint32_t twin_of = 0;  ///< number of the twin
    std::uint32_t namesake_of = 0;
    bool female = false;
    std::string given, middle, family, former_family, suffix;
    int year = 1970, month = 1, day = 1;
    std::string ssn, phone, email, mother, guardian;
    Place home;
    int birth_order = 0;
};

struct Options {
    std::uint64_t seed = 1;
    std::uint32_t humans = 1000;
    double dirt = 1;  ///< factor on the error rates of records
    int this_year = 2025;
    std::uint32_t towns = 0;  ///< 0: one for every 4,000 people
};

/// Households by the rates of the design: singles, couples with one or two names, children, twins, sons named after
/// their father, grown children who moved, institutions, and namesakes.
std::vector<Human> make_people(const Options& options, Dice& dice);

}  // namespace causeway::patient_index::generator
