/// fill_patient_store FOLDER PEOPLE [--resources]: a store whose patient index knows that many people, for the benchmarks
/// that name its folder in CAUSEWAY_BENCH_STORE. --resources writes their Patients too. --rows stops before the sorted keys,
/// which `fill_patient_store FOLDER --keys` then adds: two steps of a few minutes each for ten million.
#include <fmt/core.h>

#include <cstdlib>
#include <exception>
#include <string_view>
#include <vector>

#include "tests/bench/patient_crowd.hpp"

namespace {

void print(std::string_view step, const causeway::bench::FillReport& report, const std::filesystem::path& folder) {
    fmt::print("{}: {} records, {} keys, {:.0f} s, {:.2f} GB\n", step, report.records, report.blocks, report.seconds,
               static_cast<double>(std::filesystem::file_size(folder / "store.db")) / 1e9);
}

}  // namespace

int main(int argc, char** argv) {
    using namespace causeway::bench;
    const std::vector<std::string_view> words(argv + 1, argv + argc);
    const auto has = [&](std::string_view word) {
        for (const auto each : words)
            if (each == word) return true;
        return false;
    };
    if (words.size() < 2) {
        fmt::print(stderr, "fill_patient_store FOLDER PEOPLE [--resources] [--rows], or FOLDER --keys\n");
        return 2;
    }
    try {
        const std::filesystem::path folder(words[0]);
        if (!has("--keys"))
            print("rows",
                  fill_rows(folder, PatientCrowd(static_cast<std::uint32_t>(std::strtoul(argv[2], nullptr, 10))),
                            has("--resources")),
                  folder);
        if (!has("--rows")) print("keys", fill_blocks(folder), folder);
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 1;
    }
    return 0;
}
