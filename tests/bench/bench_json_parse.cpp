// How far is our reading of JSON (checked text, unique names, `x` and `_x` merged, numbers as written) from RapidJSON's
// bare DOM, which does none of that?
#include <benchmark/benchmark.h>
#include <rapidjson/document.h>

#include "fhir/json/json.hpp"
#include "tests/bench/count_allocations.hpp"
#include "tests/bench/fhir_samples.hpp"

namespace {

std::string sample(std::int64_t which) {
    return which == 0 ? sample_patient() : which == 1 ? sample_observation() : sample_bundle();
}

void finish(benchmark::State& state, const std::string& bytes, std::size_t before) {
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes.size()));
    state.counters["allocations/document"] =
        static_cast<double>(allocations - before) / static_cast<double>(state.iterations());
}

void ours(benchmark::State& state) {
    const std::string bytes = sample(state.range(0));
    const std::size_t before = allocations;
    for (auto _ : state) benchmark::DoNotOptimize(causeway::fhir::parse_json(bytes).value());
    finish(state, bytes, before);
}
BENCHMARK(ours)->Arg(0)->Arg(1)->Arg(2);

void rapidjson_dom(benchmark::State& state) {
    const std::string bytes = sample(state.range(0));
    const std::size_t before = allocations;
    for (auto _ : state) {
        rapidjson::Document document;
        document.Parse(bytes.data(), bytes.size());
        benchmark::DoNotOptimize(document.MemberCount());
    }
    finish(state, bytes, before);
}
BENCHMARK(rapidjson_dom)->Arg(0)->Arg(1)->Arg(2);

void rapidjson_dom_in_place(benchmark::State& state) {
    const std::string bytes = sample(state.range(0));
    const std::size_t before = allocations;
    for (auto _ : state) {
        std::string copy = bytes;
        rapidjson::Document document;
        document.ParseInsitu<rapidjson::kParseInsituFlag | rapidjson::kParseValidateEncodingFlag>(copy.data());
        benchmark::DoNotOptimize(document.MemberCount());
    }
    finish(state, bytes, before);
}
BENCHMARK(rapidjson_dom_in_place)->Arg(0)->Arg(1)->Arg(2);

}  // namespace
