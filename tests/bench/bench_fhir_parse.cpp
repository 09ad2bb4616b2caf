// What does taking a resource in cost before it is stored: parse, structural validation, search rows? And loading what
// is known of FHIR?
#include <benchmark/benchmark.h>
#include <malloc.h>

#include "fhir/json/json.hpp"
#include "fhir/model/builder.hpp"
#include "fhir/r4/tables.hpp"
#include "fhir/search/compiled.hpp"
#include "fhir/search/extract.hpp"
#include "fhir/terminology/terminology.hpp"
#include "fhir/validate/structure.hpp"
#include "fhir/xml/xml.hpp"
#include "tests/bench/count_allocations.hpp"
#include "tests/bench/fhir_samples.hpp"

using namespace causeway::fhir;

namespace {

std::string sample(std::int64_t which) {
    return which == 0 ? sample_patient() : which == 1 ? sample_observation() : sample_bundle();
}

/// Items are resources: 1, 1, 100.
class Run {
public:
    explicit Run(benchmark::State& state)
        : bytes(sample(state.range(0))),
          state_(state),
          resources_(state.range(0) == 2 ? 100 : 1),
          before_(allocations) {}
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;
    ~Run() {
        const auto iterations = static_cast<double>(state_.iterations());
        state_.counters["allocations/resource"] =
            static_cast<double>(allocations - before_) / (iterations * static_cast<double>(resources_));
        state_.SetItemsProcessed(static_cast<std::int64_t>(state_.iterations()) * resources_);
        state_.SetBytesProcessed(static_cast<std::int64_t>(state_.iterations() * bytes.size()));
    }
    const std::string bytes;

private:
    benchmark::State& state_;
    std::int64_t resources_;
    std::size_t before_;
};

std::size_t rows_of(const DocumentPtr& document) { return search::extract(document).values.size(); }

/// The bundle's resources are stored one by one, each as a document of its own.
std::size_t all_rows_of(const DocumentPtr& document) {
    if (document->resource_type() != "Bundle") return rows_of(document);
    std::size_t rows = 0;
    for (const Element entry : document->root()["entry"].items())
        rows += rows_of(DocumentBuilder::copy_of(entry["resource"]).finish());
    return rows;
}

void parse(benchmark::State& state) {
    const Run run(state);
    for (auto _ : state) benchmark::DoNotOptimize(parse_json(run.bytes).value());
}
BENCHMARK(parse)->Arg(0)->Arg(1)->Arg(2);

void validate(benchmark::State& state) {
    const Run run(state);
    const auto document = parse_json(run.bytes).value();
    for (auto _ : state) benchmark::DoNotOptimize(validate_structure(*document).size());
}
BENCHMARK(validate)->Arg(0)->Arg(1)->Arg(2);

void parse_validate_and_index(benchmark::State& state) {
    const Run run(state);
    for (auto _ : state) {
        const auto document = parse_json(run.bytes).value();
        benchmark::DoNotOptimize(validate_structure(*document).size());
        benchmark::DoNotOptimize(all_rows_of(document));
    }
}
BENCHMARK(parse_validate_and_index)->Arg(0)->Arg(1)->Arg(2);

void write_as_json(benchmark::State& state) {
    const Run run(state);
    const auto document = parse_json(run.bytes).value();
    for (auto _ : state) benchmark::DoNotOptimize(to_json(document->root()).size());
}
BENCHMARK(write_as_json)->Arg(0)->Arg(1)->Arg(2);

void read_xml(benchmark::State& state) {
    const Run run(state);
    const std::string xml = to_xml(parse_json(run.bytes).value()->root()).value();
    for (auto _ : state) benchmark::DoNotOptimize(parse_xml(xml).value());
}
BENCHMARK(read_xml)->Arg(0)->Arg(1)->Arg(2);

/// Terminology and the compiled search parameters of all 146 types; the types themselves are constants in the binary.
void load_definitions(benchmark::State& state) {
    double bytes = 0;
    for (auto _ : state) {
        const auto before = mallinfo2().uordblks;
        const auto terminology = Terminology::built_in();
        std::size_t parameters = 0;
        for (const auto type : r4::resource_types()) parameters += search::compiled_type(type)->parameters.size();
        benchmark::DoNotOptimize(parameters);
        bytes = static_cast<double>(mallinfo2().uordblks - before);
    }
    state.counters["MB"] = bytes / 1e6;
}
BENCHMARK(load_definitions)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
