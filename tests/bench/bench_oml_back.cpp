// How many laboratory orders a second are made from their resources?
#include "tests/bench/map_samples.hpp"

using namespace causeway;

namespace {

void oml_back(benchmark::State& state) {
    const auto& plan = *bench::shipped_plan();
    const auto message = hl7v2::MessageView::parse(std::string_view(bench::sample_order()));
    const auto read = mappings::forward(plan, *message, bench::at_noon());
    std::vector<mappings::SourceResource> resources;
    for (const auto& resource : read.resources)
        resources.push_back({resource.doc->root(), std::string(resource.full_url)});
    mappings::BackwardContext context;
    context.now = bench::at_noon().now;
    context.control_id = "1";
    const std::size_t before = allocations;
    std::size_t made = 0;
    for (auto _ : state) {
        auto result = mappings::backward(plan, resources, "OML_O21", context);
        made = result.er7.size();
        benchmark::DoNotOptimize(result);
    }
    if (made < 500) state.SkipWithError("the order was not made");
    bench::report(state, before, made);
}
BENCHMARK(oml_back);

}  // namespace
