#include <cstdio>

#include "tests/fhir/conformance/count.hpp"

/// Prints what the FHIR core passes and what not; fails if anything fails that is not listed.
int main() {
    using causeway::test::Count;
    std::vector<Count> counts;
    for (const auto& part : {causeway::test::count_round_trips, causeway::test::count_instances,
                             causeway::test::count_refusals, causeway::test::count_paths, causeway::test::count_patches,
                             causeway::test::count_search_parameters, causeway::test::count_validation}) {
        auto found = part();
        counts.insert(counts.end(), found.begin(), found.end());
    }
    std::size_t failed = 0;
    std::printf("%-58s %8s %8s %8s\n", "part", "passed", "listed", "failed");
    for (const Count& count : counts) {
        std::printf("%-58s %8zu %8zu %8zu\n", count.part.c_str(), count.passed, count.listed.size(),
                    count.failed.size());
        failed += count.failed.size();
    }
    for (const Count& count : counts)
        for (const auto& line : count.failed) std::printf("FAILED %s: %s\n", count.part.c_str(), line.c_str());
    for (const Count& count : counts)
        for (const auto& line : count.listed) std::printf("listed %s: %s\n", count.part.c_str(), line.c_str());
    return failed == 0 ? 0 : 1;
}
