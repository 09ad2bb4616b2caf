// How many results a second become the bytes of a Bundle, is that linear in the results, and how far is it from RapidJSON
// doing nothing but writing the same Bundle?
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "fhir/json/json.hpp"
#include "mappings/engine/lineage.hpp"
#include "tests/bench/map_samples.hpp"

using namespace causeway;

namespace {

void oru_to_bundle(benchmark::State& state) {
    bench::to_bundle_bytes(state, bench::sample_results(static_cast<int>(state.range(0))));
    state.counters["time/result"] =
        benchmark::Counter(static_cast<double>(state.range(0)),
                           benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(oru_to_bundle)->Arg(10)->Arg(100)->Arg(1000)->Arg(5000)->Arg(10000);

/// The measure: a Bundle that is there already, written by RapidJSON.
void rapidjson_writes_the_bundle(benchmark::State& state) {
    const std::string bytes = bench::sample_results(static_cast<int>(state.range(0)));
    const auto message = hl7v2::MessageView::parse(std::string_view(bytes));
    std::string json;
    mappings::write_bundle(mappings::forward(*bench::shipped_plan(), *message, bench::at_noon()), bench::at_noon(),
                           json);
    rapidjson::Document document;
    document.Parse(json.data(), json.size());
    const std::size_t before = allocations;
    for (auto _ : state) {
        rapidjson::StringBuffer out;
        rapidjson::Writer<rapidjson::StringBuffer> writer(out);
        document.Accept(writer);
        benchmark::DoNotOptimize(out.GetString());
    }
    bench::report(state, before, bytes.size());
    state.counters["bundle_bytes"] = static_cast<double>(json.size());
}
BENCHMARK(rapidjson_writes_the_bundle)->Arg(10)->Arg(1000)->Arg(10000);

/// Where the time goes: the same without the bundle's bytes.
void oru_forward_only(benchmark::State& state) {
    const auto& plan = *bench::shipped_plan();
    const std::string bytes = bench::sample_results(10);
    const auto context = bench::at_noon();
    const std::size_t before = allocations;
    for (auto _ : state) {
        const auto message = hl7v2::MessageView::parse(std::string_view(bytes));
        benchmark::DoNotOptimize(mappings::forward(plan, *message, context));
    }
    bench::report(state, before, bytes.size());
}
BENCHMARK(oru_forward_only);

/// What it costs to keep which field made which element.
void oru_lineage(benchmark::State& state) {
    const auto& plan = *bench::shipped_plan();
    const std::string bytes = bench::sample_results(10);
    const auto message = hl7v2::MessageView::parse(std::string_view(bytes));
    const auto result = mappings::forward(plan, *message, bench::at_noon());
    const std::size_t before = allocations;
    std::size_t stored = 0;
    for (auto _ : state) {
        const auto lineage = mappings::lineage_of(plan, result, *message);
        stored = lineage.size();
        benchmark::DoNotOptimize(lineage);
    }
    bench::report(state, before, bytes.size());
    state.counters["stored_bytes"] = static_cast<double>(stored);
    state.counters["elements"] = static_cast<double>(result.trace.size());
}
BENCHMARK(oru_lineage);

void load_all_maps(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(mappings::MapSet::load(mappings::MapSet::builtin()));
}
BENCHMARK(load_all_maps)->Unit(benchmark::kMillisecond);

}  // namespace
