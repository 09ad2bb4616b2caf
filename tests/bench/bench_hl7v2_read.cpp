// How fast is a message read, from bytes to the thirty fields that a mapping looks at?
#include <benchmark/benchmark.h>

#include "hl7v2/message_view.hpp"
#include "tests/bench/count_allocations.hpp"
#include "tests/bench/hl7v2_samples.hpp"

using namespace causeway::hl7v2;

namespace {

constexpr Path thirty[] = {"MSH-3"_v2,   "MSH-4"_v2,   "MSH-7"_v2,     "MSH-9.1"_v2,    "MSH-9.2"_v2, "MSH-10"_v2,
                           "MSH-12"_v2,  "PID-3.1"_v2, "PID-3.4.2"_v2, "PID-3(2).1"_v2, "PID-5.1"_v2, "PID-5.2"_v2,
                           "PID-7"_v2,   "PID-8"_v2,   "PID-11.3"_v2,  "PID-13"_v2,     "PV1-2"_v2,   "PV1-3.1"_v2,
                           "PV1-7.1"_v2, "PV1-19"_v2,  "ORC-1"_v2,     "ORC-2"_v2,      "ORC-5"_v2,   "OBR-2"_v2,
                           "OBR-4.1"_v2, "OBR-7"_v2,   "OBR-22"_v2,    "OBR-25"_v2,     "OBX-5"_v2,   "OBX-11"_v2};
static_assert(std::size(thirty) == 30);

void read_thirty_fields(benchmark::State& state) {
    const std::string bytes = sample_oru(static_cast<int>(state.range(0)));
    std::string scratch;
    std::size_t before = allocations;
    for (auto _ : state) {
        const auto message = MessageView::parse(bytes);
        std::size_t sum = 0;
        for (const Path& path : thirty) sum += message->at(path).text_into(scratch).size();
        benchmark::DoNotOptimize(sum);
    }
    state.counters["allocations/message"] =
        static_cast<double>(allocations - before) / static_cast<double>(state.iterations());
    state.counters["message_bytes"] = static_cast<double>(bytes.size());
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes.size()));
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(read_thirty_fields)->Arg(1)->Arg(18)->Arg(200)->Arg(10000);

void read_every_field(benchmark::State& state) {
    const std::string bytes = sample_oru(static_cast<int>(state.range(0)));
    for (auto _ : state) {
        const auto message = MessageView::parse(bytes);
        std::size_t sum = 0;
        for (const SegmentView segment : *message) {
            for (const NumberedField numbered : segment.fields()) sum += numbered.field.raw().size();
        }
        benchmark::DoNotOptimize(sum);
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes.size()));
}
BENCHMARK(read_every_field)->Arg(18);

}  // namespace
