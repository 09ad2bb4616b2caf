#include <doctest/doctest.h>
#include <fmt/core.h>

#include <cstdlib>

#include "tests/gateway/patient_index/quality/measure.hpp"

using namespace causeway::patient_index;
using quality::Data;

namespace {

struct Case {
    std::uint64_t seed;
    double dirt;
    double recall_min;
};

/// CAUSEWAY_MATCH_HUMANS=555000 makes a million records, and then of the first seed only.
std::uint32_t humans() {
    const char* wanted = std::getenv("CAUSEWAY_MATCH_HUMANS");
    return wanted ? static_cast<std::uint32_t>(std::strtoul(wanted, nullptr, 10)) : 40'000;
}

}  // namespace

TEST_SUITE("gateway/patient_index/quality/generated") {
    TEST_CASE("households, twins and errors: who is linked, and who waits for a person") {
        for (const auto& each : {Case{1, 1, .80}, Case{2, 1, .80}, Case{3, 3, .55}}) {
            if (std::getenv("CAUSEWAY_MATCH_HUMANS") && each.seed != 1) continue;
            CAPTURE(each.seed);
            CAPTURE(each.dirt);
            generator::Options options;
            options.seed = each.seed;
            options.humans = humans();
            options.dirt = each.dirt;
            const auto people = generator::make_population(options);
            Data data;
            for (std::size_t i = 0; i < people.records.size(); ++i) data.add(people.records[i], people.truth[i]);
            const auto run = quality::judge_all(data);
            const auto wrong = quality::wrong_links(data, run, people.people);
            MESSAGE("seed " << each.seed << ", errors x " << each.dirt << ", " << data.records.size() << " records, "
                            << run.seconds << " s\n"
                            << describe(run.evaluation, data.records.size())
                            << fmt::format("wrong links: {} twins of other names, {} twins of one name, {} household, "
                                           "{} namesakes, {} others\n",
                                           wrong.twins_of_other_names, wrong.twins_of_one_name, wrong.household,
                                           wrong.namesakes, wrong.others)
                            << (std::getenv("CAUSEWAY_MATCH_CAUSES") ? quality::causes(data, run, 60) : std::string()));
            const auto& e = run.evaluation;
            CHECK(wrong.twins_of_other_names == 0);
            CHECK(e.automatic.precision() >= .9999);
            CHECK(e.automatic.recall() >= each.recall_min);
            CHECK(e.reached.recall() >= (each.dirt > 1 ? .98 : .99));
            CHECK(static_cast<double>(e.wrong_reviews) <= static_cast<double>(e.reviews) / 3);
        }
    }
}
