// How many admissions a second become the bytes of a Bundle on one core?
#include "fhir/json/json.hpp"
#include "tests/bench/map_samples.hpp"

using namespace causeway;

namespace {

void adt_to_bundle(benchmark::State& state) { bench::to_bundle_bytes(state, bench::sample_adt()); }
BENCHMARK(adt_to_bundle);

}  // namespace
