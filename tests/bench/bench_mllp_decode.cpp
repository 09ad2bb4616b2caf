// How many bytes of MLLP frames are told apart in a second, at the sizes in which a socket delivers them?
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstring>

#include "hl7v2/mllp.hpp"
#include "tests/bench/count_allocations.hpp"
#include "tests/bench/hl7v2_samples.hpp"

using namespace causeway::hl7v2;

namespace {

void decode_frames(benchmark::State& state) {
    std::string stream;
    for (int i = 0; i < 100; ++i) mllp::encode_frame(sample_oru(static_cast<int>(state.range(0))), stream);
    const auto read_bytes = static_cast<std::size_t>(state.range(1));
    mllp::FrameDecoder decoder;
    std::size_t frames = 0;
    const std::size_t before = allocations;
    for (auto _ : state) {
        for (std::size_t at = 0; at < stream.size();) {
            const std::size_t count = std::min(read_bytes, stream.size() - at);
            const auto room = decoder.prepare(read_bytes);
            std::memcpy(room.data(), stream.data() + at, count);  // what the kernel would do
            decoder.commit(count);
            at += count;
            while (decoder.next()) ++frames;
        }
    }
    state.counters["allocations"] = static_cast<double>(allocations - before);
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * stream.size()));
    state.SetItemsProcessed(static_cast<std::int64_t>(frames));
}
BENCHMARK(decode_frames)->Args({18, 65536})->Args({18, 4096})->Args({1, 65536})->Args({1000, 65536});

}  // namespace
