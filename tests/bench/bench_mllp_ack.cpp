// How many ADT messages a second are stored with all their effects and acknowledged, over 1 and 32 connections?
#include <benchmark/benchmark.h>

#include <string>

#include "gateway/mllp/send_run.hpp"
#include "tests/bench/inbound_gateway.hpp"

namespace {

using namespace causeway;
using bench::InboundGateway;

const std::string admission =
    "MSH|^~\\&|DESK|NORTH|CW|C|${now}||ADT^A04^ADT_A01|${control_id}|P|2.5.1\rEVN|A04|${now}\r"
    "PID|1||${control_id}^^^NORTH&1.2.3&ISO^MR||DOE^JANE||19800101|F|||1 A ST^^X^IL^62704||(217)544-0148\r"
    "PV1|1|O|CLINIC^3^^NORTH\r";

void mllp_ack(benchmark::State& state) {
    InboundGateway gateway(InboundGateway::Parts::alone);
    mllp::SendOptions options;
    options.host = "127.0.0.1";
    options.port = gateway.port;
    options.connections = static_cast<std::size_t>(state.range(0));
    options.repeat = static_cast<std::uint64_t>(state.range(0)) * 64;
    std::uint64_t run = 0, sent = 0, wrong = 0;
    std::uint32_t p50 = 0, p99 = 0;
    for (auto _ : state) {
        options.control_id_prefix = "B" + std::to_string(++run) + "-";
        boost::asio::io_context io(1);
        const auto report = mllp::send_all(io, options, {admission}, {});
        sent += report.sent;
        wrong += report.sent - report.positive;
        p50 = report.percentile_us(0.5);
        p99 = report.percentile_us(0.99);
    }
    if (wrong > 0) state.SkipWithError("some messages were not acknowledged with AA");
    state.SetItemsProcessed(static_cast<std::int64_t>(sent));
    state.SetBytesProcessed(static_cast<std::int64_t>(sent * admission.size()));
    state.counters["p50_us"] = p50;
    state.counters["p99_us"] = p99;
}
BENCHMARK(mllp_ack)->Arg(1)->Arg(32)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
