#include <doctest/doctest.h>

#include "gateway/patient_index/match/train.hpp"

using namespace causeway::patient_index::match;

namespace {

struct Dice {
    std::uint64_t state;
    std::uint32_t below(std::uint32_t n) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        return static_cast<std::uint32_t>((state >> 33U) % n);
    }
    std::string word(std::uint32_t kinds) {
        static constexpr const char* syllables[] = {"MA", "RO",  "LI",  "KEN", "DOR", "TA",
                                                    "SI", "BEL", "GAR", "NO",  "VI",  "HUT"};
        auto number = below(kinds);
        std::string out;
        for (int i = 0; i < 3; ++i) {
            out += syllables[number % 12];
            number /= 12;
        }
        return out;
    }
};

/// People with one record or two, the second with errors at known rates.
std::vector<Features> people(std::uint64_t seed, int count, bool duplicates) {
    Dice dice{seed};
    std::vector<Features> out;
    for (int i = 0; i < count; ++i) {
        Record record;
        record.names.push_back({dice.word(400), {}, dice.word(1500), {}, {}});
        record.birth_dates = {std::to_string(19400101 + static_cast<int>(dice.below(60)) * 10000 +
                                             static_cast<int>(dice.below(12)) * 100 +
                                             static_cast<int>(dice.below(28)))};
        record.sex = dice.below(2) ? "M" : "F";
        record.addresses.push_back({std::to_string(1 + dice.below(200)), dice.word(900) + " STREET", dice.word(60),
                                    std::to_string(48000 + dice.below(80))});
        record.phones = {std::to_string(2480000000ULL + dice.below(9000000))};
        record.ssns = {std::to_string(200000000 + dice.below(500000000))};
        out.push_back(normalise(record));
        if (!duplicates || dice.below(2)) continue;
        if (dice.below(10) == 0) record.names[0].given = dice.word(400);
        if (dice.below(20) == 0) record.names[0].family = dice.word(1500);
        if (dice.below(20) == 0) record.birth_dates = {"19550505"};
        if (dice.below(2) == 0) record.phones = {std::to_string(7340000000ULL + dice.below(9000000))};
        if (dice.below(2) == 0) record.ssns.clear();
        out.push_back(normalise(record));
    }
    return out;
}

Model learn(const std::vector<Features>& records, TrainingReport& report) {
    CountedPopulation population;
    for (const auto& record : records) population.add(record);
    const BlockIndex blocks(records);
    TrainingOptions options;
    options.random_pairs_max = 100'000;
    return train(records, {}, blocks, population, shipped_model(), options, report);
}

}  // namespace

TEST_SUITE("gateway/patient_index/match/train") {
    TEST_CASE("learns the rates it was not told") {
        const auto records = people(11, 2000, true);
        TrainingReport report;
        const auto model = learn(records, report);
        CHECK(report.refused.empty());
        REQUIRE(report.rounds.size() == 4);
        CHECK(report.rounds.back().largest_change < report.rounds.front().largest_change);
        const double n = static_cast<double>(records.size());
        const double found = model.match_rate * n * (n - 1) / 2;
        CHECK(found > 800);
        CHECK(found < 1200);
        const auto m = [&](Field field, std::int8_t level) {
            return model[field].levels[static_cast<std::size_t>(level)].m;
        };
        CHECK(m(Field::phone, phone_level::equal) == doctest::Approx(.5).epsilon(.15));
        CHECK(m(Field::given, given_level::exact) == doctest::Approx(.9).epsilon(.05));
        const auto u = model[Field::given].levels[static_cast<std::size_t>(given_level::exact)].u;
        CHECK(u == doctest::Approx(1. / 400).epsilon(.5));
    }
    TEST_CASE("the same records and seed give the same model") {
        const auto records = people(12, 800, true);
        TrainingReport report;
        CHECK(write_model(learn(records, report)) == write_model(learn(records, report)));
    }
    TEST_CASE("refuses what has nothing to learn from") {
        TrainingReport report;
        learn(people(13, 1000, false), report);
        CHECK_FALSE(report.refused.empty());
        learn(people(14, 20, true), report);
        CHECK(report.refused == "fewer than 200 records");
    }
}
