// How many admissions a second become the bytes of a Bundle on one core?
#include "fhir/json/json.hpp"
#include "tests/bench/map_samples.hpp"

using namespace causeway;

namespace {

void adt_to_bundle(benchmark::State& state) {
    const auto& plan = *bench::shipped_plan();
    const std::string& bytes = bench::sample_adt();
    const auto context = bench::at_noon();
    const std::size_t before = allocations;
    std::size_t made = 0;
    for (auto _ : state) {
        const auto message = hl7v2::MessageView::parse(std::string_view(bytes));
        const auto result = mappings::forward(plan, *message, context);
        std::string json;
        mappings::write_bundle(result, context, json);
        made = json.size();
        benchmark::DoNotOptimize(json);
    }
    bench::report(state, before, bytes.size());
    state.counters["bundle_bytes"] = static_cast<double>(made);
}
BENCHMARK(adt_to_bundle);

}  // namespace
