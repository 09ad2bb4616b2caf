// How fast does the index register records, and how long does a look-up take, idle and while half as many come in as it
// can take? Alone: no FHIR, no sockets, a store on disk, every transaction durable.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "gateway/patient_index/patient_index.hpp"
#include "tests/bench/filled_store.hpp"

namespace {

using namespace causeway;
using namespace causeway::patient_index;
using Clock = std::chrono::steady_clock;

constexpr std::size_t arrivals = 40'000;
constexpr std::size_t measured = 10'000;  // records of one measurement
constexpr std::size_t per_job = 50;       // records of one transaction, as a busy store groups them

class Desk {
public:
    Desk() {
        index_.load(filled_.store()).value();
        for (const auto& record : bench::PatientCrowd(filled_.people()).arrivals(arrivals))
            records_.push_back(match::normalise(record));
        first_ = static_cast<storage::Rid>(2 * filled_.people()) + 1'000'000;
    }
    /// The next `per_job` arrivals, in one transaction.
    void register_some() {
        const auto from = next_.fetch_add(per_job);
        storage::transact_blocking(filled_.store(), [&](storage::Transaction& transaction) -> storage::Result<void> {
            index_.with_registry(transaction, [&](Registry& registry) {
                for (std::size_t i = from; i < from + per_job; ++i) {
                    const auto done = registry.put(first_ + static_cast<storage::Rid>(i), records_[i % records_.size()],
                                                   transaction.now_us());
                    linked_ += done.decision == EventKind::linked;
                    truncated_ += done.truncated;
                }
                return 0;
            });
            return {};
        }).value();
    }
    double look_up_ms() {
        const auto& features = records_[(looked_up_++ * 7919) % records_.size()];
        const auto began = Clock::now();
        const auto snapshot = filled_.store().snapshot().value();
        const auto found = index_.find(snapshot->patients(), features);
        benchmark::DoNotOptimize(found.candidates.data());
        compared_ += found.compared;
        return std::chrono::duration<double, std::milli>(Clock::now() - began).count();
    }
    void note(benchmark::State& state) const {
        state.counters["people"] = filled_.people();
        state.counters["file_gb"] = filled_.file_gb();
        state.counters["memory_gb"] = bench::FilledStore::memory_gb();
        state.counters["linked"] = static_cast<double>(linked_);
        state.counters["truncated"] = static_cast<double>(truncated_);
    }
    double compared_per_look_up() const { return static_cast<double>(compared_) / static_cast<double>(looked_up_); }
    double registrations_per_s = 0;

private:
    bench::FilledStore filled_{false};
    PatientIndex index_{{}};
    std::vector<match::Features> records_;
    storage::Rid first_ = 0;
    std::atomic<std::size_t> next_{0}, looked_up_{0};
    std::uint64_t linked_ = 0, truncated_ = 0, compared_ = 0;
};

Desk& desk() {
    static Desk one;
    return one;
}

void note_times(benchmark::State& state, std::vector<double>& ms) {
    std::sort(ms.begin(), ms.end());
    state.counters["p50_ms"] = ms[ms.size() / 2];
    state.counters["p99_ms"] = ms[ms.size() * 99 / 100];
    state.counters["compared"] = desk().compared_per_look_up();
}

/// Registrations in a row.
void register_records(benchmark::State& state) {
    auto& index = desk();
    const auto began = Clock::now();
    for (auto _ : state) index.register_some();
    const auto count = static_cast<std::int64_t>(state.iterations() * per_job);
    index.registrations_per_s =
        static_cast<double>(count) / std::chrono::duration<double>(Clock::now() - began).count();
    state.SetItemsProcessed(count);
    index.note(state);
}
BENCHMARK(register_records)->Unit(benchmark::kMillisecond)->Iterations(measured / per_job)->UseRealTime();

/// Look-ups as $match does them, one after the other.
void look_up(benchmark::State& state) {
    std::vector<double> ms;
    for (auto _ : state) ms.push_back(desk().look_up_ms());
    note_times(state, ms);
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(look_up)->Unit(benchmark::kMillisecond)->Iterations(4000)->UseRealTime();

/// The same while half as many registrations come in as register_records found to be the most.
void look_up_at_half_load(benchmark::State& state) {
    auto& index = desk();
    std::atomic<bool> stop{false};
    std::atomic<std::size_t> jobs{0};
    const auto began = Clock::now();
    std::thread writer([&] {
        const auto every = std::chrono::duration<double>(2 * per_job / std::max(1., index.registrations_per_s));
        for (std::size_t i = 0; !stop; ++i, ++jobs) {
            std::this_thread::sleep_until(began + std::chrono::duration_cast<Clock::duration>(every * i));
            index.register_some();
        }
    });
    std::vector<double> ms;
    for (auto _ : state) ms.push_back(index.look_up_ms());
    stop = true;
    writer.join();
    note_times(state, ms);
    state.counters["registrations/s"] =
        static_cast<double>(jobs * per_job) / std::chrono::duration<double>(Clock::now() - began).count();
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(look_up_at_half_load)->Unit(benchmark::kMillisecond)->Iterations(4000)->UseRealTime();

}  // namespace
