#include <doctest/doctest.h>

#include "tests/gateway/exchange/simulation.hpp"

using namespace causeway::exchange::test;

// SCHEDULES: how many, from the build (the fast suite plays a sample).
TEST_SUITE("gateway/exchange/simulation") {
    TEST_CASE("no schedule of faults and crashes breaks a promise") {
        std::uint64_t crashes = 0, storage_faults = 0, wire_faults = 0, resends = 0;
        for (std::uint64_t seed = 1; seed <= SCHEDULES; ++seed) {
            const auto report = play_schedule(seed);
            crashes += report.crashes;
            storage_faults += report.storage_faults;
            wire_faults += report.wire_faults;
            resends += report.resends;
            if (report.broken.empty()) continue;
            std::string text;
            for (const auto& each : report.broken) text += "\n  " + each;
            FAIL_CHECK("seed " << seed << ": " << text);
        }
        MESSAGE(SCHEDULES << " schedules: " << crashes << " crashes, " << storage_faults << " storage faults, "
                          << wire_faults << " wire faults, " << resends << " answers lost");
        CHECK(crashes > 0);
        CHECK(storage_faults > 0);
        CHECK(wire_faults > 0);
    }
}
