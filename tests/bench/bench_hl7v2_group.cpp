// Does taking a message apart by its structure cost the same for each segment, however many there are?
#include <benchmark/benchmark.h>

#include "hl7v2/group.hpp"
#include "tests/bench/count_allocations.hpp"
#include "tests/bench/hl7v2_samples.hpp"

using namespace causeway::hl7v2;

namespace {

void parse_and_group(benchmark::State& state) {
    // 5,000 results of 200 bytes are a message of a megabyte
    std::string bytes = sample_oru(static_cast<int>(state.range(0)));
    std::string padded;
    for (const char c : bytes) {
        if (c == '\r' && bytes.size() > 200'000)
            padded += "||||LONGER^Reference text of the laboratory, as some send it^L||||||||||||";
        padded += c;
    }
    bytes = padded;
    const auto structure = *dictionary::version("2.5.1").structure("ORU_R01");
    const std::size_t before = allocations;
    for (auto _ : state) {
        const auto message = MessageView::parse(bytes);
        const GroupTree tree = group(*message, structure);
        benchmark::DoNotOptimize(tree.size());
    }
    state.counters["allocations/message"] =
        static_cast<double>(allocations - before) / static_cast<double>(state.iterations());
    state.counters["message_bytes"] = static_cast<double>(bytes.size());
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes.size()));
    state.SetComplexityN(state.range(0));
}
BENCHMARK(parse_and_group)->Arg(1)->Arg(10)->Arg(100)->Arg(1000)->Arg(5000)->Arg(10000)->Complexity(benchmark::oN);

}  // namespace
