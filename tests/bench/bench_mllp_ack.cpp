// How many ADT messages a second are stored with all their effects and acknowledged, over 1 and 32 connections?
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <filesystem>
#include <future>
#include <thread>

#include "gateway/exchange/control_ids.hpp"
#include "gateway/exchange/identity_keys.hpp"
#include "gateway/mllp/inbox_handler.hpp"
#include "gateway/mllp/send_run.hpp"
#include "gateway/storage/sqlite/sqlite_store.hpp"

namespace {

using namespace causeway;

const std::string admission =
    "MSH|^~\\&|DESK|NORTH|CW|C|${now}||ADT^A04^ADT_A01|${control_id}|P|2.5.1\rEVN|A04|${now}\r"
    "PID|1||${control_id}^^^NORTH&1.2.3&ISO^MR||DOE^JANE||19800101|F|||1 A ST^^X^IL^62704||(217)544-0148\r"
    "PV1|1|O|CLINIC^3^^NORTH\r";

/// The gateway's inbound side on a store of its own.
struct Gateway {
    std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("causeway-bench-" + std::to_string(::getpid()));
    ops::SystemClock clock;
    exchange::ControlIds ids{clock};
    security::Door door;
    std::unique_ptr<storage::Store> store = open();
    rest::ResourceWriter writer{*store};
    exchange::IdentityRegistrar registrar;
    std::shared_ptr<const mappings::MapSet> maps = mappings::MapSet::load(mappings::MapSet::builtin()).maps;
    exchange::Inbox inbox{{*store, writer, door, clock, [this] { return ids.next(); }, nullptr, nullptr},
                          std::make_shared<exchange::ExchangeSettings>(),
                          maps};
    boost::asio::thread_pool cpu{2};
    mllp::InboxEvents events;
    boost::asio::io_context io;
    mllp::InboxHandler handler{inbox, *store, cpu, events};
    mllp::Listener listener{io, handler, {}};
    std::uint16_t port = *listener.listen("127.0.0.1", 0);
    std::thread thread{[this] { io.run(); }};

    Gateway() { writer.add_observer(registrar); }
    ~Gateway() {
        std::promise<void> stopped;
        listener.stop([&] { stopped.set_value(); });
        stopped.get_future().wait();
        io.stop();
        thread.join();
        cpu.join();
        store->close();
        store.reset();
        std::filesystem::remove_all(folder);
    }
    std::unique_ptr<storage::Store> open() {
        std::filesystem::remove_all(folder);
        std::filesystem::create_directories(folder);
        storage::SqliteOptions options;
        options.file = folder / "bench.db";
        return std::move(*storage::open_sqlite(std::move(options)));
    }
};

void mllp_ack(benchmark::State& state) {
    Gateway gateway;
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
