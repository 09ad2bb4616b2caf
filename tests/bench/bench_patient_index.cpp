// How fast does the index register records, and how long does a look-up take while it does? Alone: no FHIR, no sockets, a
// store on disk. CAUSEWAY_BENCH_HUMANS sets the population (default 20,000 people, 36,000 records; 555,000 make a million).
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "gateway/patient_index/registry.hpp"
#include "gateway/storage/sqlite/sqlite_store.hpp"
#include "tests/gateway/patient_index/generator/records.hpp"

namespace {

using namespace causeway;
using namespace causeway::patient_index;
using Clock = std::chrono::steady_clock;

constexpr std::size_t tail = 4'000;   // records that are measured, after all others are in
constexpr std::size_t per_job = 100;  // records of one transaction, as a busy inbox groups them

/// A filled index: everybody but the last records.
struct Filled {
    std::filesystem::path folder = std::filesystem::temp_directory_path() / "causeway-bench-patient-index";
    std::vector<match::Features> records;
    std::unique_ptr<storage::Store> store;
    Statistics statistics;
    Matcher matcher;
    double fill_seconds = 0;

    Filled() {
        generator::Options options;
        options.seed = 11;
        const char* humans = std::getenv("CAUSEWAY_BENCH_HUMANS");
        options.humans = humans ? static_cast<std::uint32_t>(std::strtoul(humans, nullptr, 10)) : 20'000;
        auto population = generator::make_population(options);
        for (const auto& record : population.records) records.push_back(match::normalise(record));
        std::filesystem::remove_all(folder);
        std::filesystem::create_directories(folder);
        storage::SqliteOptions sqlite;
        sqlite.file = folder / "store.db";
        store = storage::open_sqlite(sqlite).value();
        matcher.model = std::make_shared<match::Model>(match::shipped_model());
        matcher.statistics = &statistics;
        const auto began = Clock::now();
        for (std::size_t i = 0; i + tail < records.size(); i += per_job)
            put(i, std::min(i + per_job, records.size() - tail));
        fill_seconds = std::chrono::duration<double>(Clock::now() - began).count();
    }
    ~Filled() {
        store->close();
        store.reset();
        std::filesystem::remove_all(folder);
    }

    void put(std::size_t from, std::size_t to) {
        storage::transact_blocking(*store, [&](storage::Transaction& transaction) -> storage::Result<void> {
            Registry registry(transaction.patients(), matcher, statistics);
            for (std::size_t i = from; i < to; ++i)
                registry.put(transaction.resource_number("Patient", std::to_string(i + 1)).value(), records[i],
                             transaction.now_us());
            return {};
        }).value();
    }
};

Filled& filled() {
    static Filled index;
    return index;
}

void note(benchmark::State& state) {
    auto& index = filled();
    state.counters["records"] = static_cast<double>(index.records.size());
    state.counters["fill_records_per_s"] = static_cast<double>(index.records.size() - tail) / index.fill_seconds;
    state.counters["file_mb"] = static_cast<double>(std::filesystem::file_size(index.folder / "store.db")) / 1e6;
}

/// Registrations in a row, a hundred a transaction.
void register_records(benchmark::State& state) {
    auto& index = filled();
    std::size_t next = index.records.size() - tail;
    for (auto _ : state) {
        const auto to = std::min(next + per_job, index.records.size());
        index.put(next, to);
        next = to == index.records.size() ? index.records.size() - tail : to;
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * per_job));
    note(state);
}
BENCHMARK(register_records)->Unit(benchmark::kMillisecond)->Iterations(tail / per_job)->UseRealTime();

/// Look-ups as $match does them, one after the other.
void look_up(benchmark::State& state) {
    auto& index = filled();
    std::vector<double> ms;
    std::size_t next = 0;
    for (auto _ : state) {
        const auto began = Clock::now();
        auto snapshot = index.store->snapshot().value();
        const auto found = find_candidates(snapshot->patients(), index.records[next], index.matcher);
        benchmark::DoNotOptimize(found.candidates.data());
        ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - began).count());
        next = (next + 7919) % index.records.size();
    }
    std::sort(ms.begin(), ms.end());
    state.counters["p50_ms"] = ms[ms.size() / 2];
    state.counters["p99_ms"] = ms[ms.size() * 99 / 100];
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
    note(state);
}
BENCHMARK(look_up)->Unit(benchmark::kMillisecond)->Iterations(4000)->UseRealTime();

}  // namespace
