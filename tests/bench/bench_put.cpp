// How many edits a second go back into the message they belong to?
#include "fhir/model/builder.hpp"
#include "mappings/engine/put.hpp"
#include "tests/bench/map_samples.hpp"

using namespace causeway;

namespace {

void put_edit(benchmark::State& state, const std::string& bytes, const char* type, const char* element,
              const char* text) {
    const auto& plan = *bench::shipped_plan();
    const auto message = hl7v2::MessageView::parse(std::string_view(bytes));
    const auto read = mappings::forward(plan, *message, bench::at_noon());
    std::vector<mappings::SourceResource> resources;
    std::vector<fhir::DocumentPtr> kept;
    for (const auto& resource : read.resources) {
        kept.push_back(resource.doc);
        if (resource.type == type && text) {
            auto builder = fhir::DocumentBuilder::copy_of(resource.doc->root());
            builder.root().member(element).set_string(text);
            kept.back() = std::move(builder).finish();
            text = nullptr;
        }
        resources.push_back({kept.back()->root(), std::string(resource.full_url)});
    }
    const std::size_t before = allocations;
    for (auto _ : state) benchmark::DoNotOptimize(mappings::put(plan, resources, *message, {bench::at_noon(), true}));
    const auto result = mappings::put(plan, resources, *message, {bench::at_noon(), true});
    if (!result.issues.empty()) state.SkipWithError("the edit did not arrive");
    bench::report(state, before, bytes.size());
}

void put_order_edited(benchmark::State& state) {
    put_edit(state, bench::sample_order(), "Patient", "birthDate", "1961-11-06");
}
BENCHMARK(put_order_edited);
void put_order_unchanged(benchmark::State& state) {
    put_edit(state, bench::sample_order(), "Patient", "birthDate", nullptr);
}
BENCHMARK(put_order_unchanged);
void put_admission_edited(benchmark::State& state) {
    put_edit(state, bench::sample_adt(), "Patient", "birthDate", "1984-02-14");
}
BENCHMARK(put_admission_edited);

}  // namespace
