#include "gateway/patient_index/batch.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

namespace causeway::patient_index {
namespace {

constexpr std::uint32_t chunk = 2048;

/// One worker's part: takes chunks of records until none is left.
struct Worker {
    std::vector<ScoredPair> pairs;
    std::uint64_t compared = 0;

    void run(std::span<const match::Features> records, const match::BlockIndex& blocks, const match::Model& model,
             const match::Population& population, const match::Rates& rates, const BatchOptions& options,
             std::atomic<std::uint32_t>& next, bool speaks) {
        std::vector<match::BlockIndex::RecordNumber> found;
        const auto count = static_cast<std::uint32_t>(records.size());
        for (;;) {
            const std::uint32_t from = next.fetch_add(chunk);
            if (from >= count) return;
            if (speaks && options.progress) options.progress("comparing", static_cast<double>(from) / count);
            for (std::uint32_t b = from; b < std::min(count, from + chunk); ++b) {
                found.clear();
                const bool truncated = blocks.candidates(b, found);
                compared += found.size();
                for (const auto a : found) {
                    const auto comparison = match::compare(records[a], records[b]);
                    const auto scored = match::score(comparison, model, population, rates);
                    if (scored.weight < options.weight_min) continue;
                    const auto decision = match::decide(comparison, scored, model);
                    pairs.push_back(
                        {a, b, static_cast<float>(scored.weight), decision.outcome, truncated, decision.rule});
                }
            }
        }
    }
};

}  // namespace

BatchResult score_candidates(std::span<const match::Features> records, const match::BlockIndex& blocks,
                             const match::Model& model, const match::Population& population, const match::Rates& rates,
                             const BatchOptions& options) {
    std::atomic<std::uint32_t> next{0};
    const unsigned count = std::clamp(options.threads, 1U, 64U);
    std::vector<Worker> workers(count);
    std::vector<std::thread> threads;
    for (unsigned i = 1; i < count; ++i)
        threads.emplace_back(
            [&, i] { workers[i].run(records, blocks, model, population, rates, options, next, false); });
    workers[0].run(records, blocks, model, population, rates, options, next, true);
    for (auto& thread : threads) thread.join();
    BatchResult out;
    for (auto& worker : workers) {
        out.compared += worker.compared;
        out.pairs.insert(out.pairs.end(), worker.pairs.begin(), worker.pairs.end());
        worker.pairs = {};
    }
    std::sort(out.pairs.begin(), out.pairs.end(),
              [](const ScoredPair& x, const ScoredPair& y) { return x.a != y.a ? x.a < y.a : x.b < y.b; });
    return out;
}

}  // namespace causeway::patient_index
