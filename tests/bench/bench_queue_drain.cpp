// How fast do 100,000 queued messages drain to a fast partner while a dead partner's queue grows, over one lane and over
// several; how fast would a sender be that keeps nothing; and how much memory does a process with a million queued
// messages need?
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include "gateway/exchange/lanes.hpp"
#include "gateway/mllp/delivery_worker.hpp"
#include "gateway/mllp/listener.hpp"
#include "gateway/mllp/send_run.hpp"
#include "gateway/storage/sqlite/sqlite_store.hpp"
#include "hl7v2/acknowledge.hpp"

namespace {

using namespace causeway;
namespace net = boost::asio;

double resident_mb() {
    std::ifstream file("/proc/self/statm");
    double pages = 0;
    file >> pages >> pages;
    return pages * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

/// Answers everything AA.
class Fast final : public mllp::MessageHandler {
public:
    std::atomic<std::uint64_t> got{0};
    mllp::Awaitable<mllp::Reply> handle(std::string message, const mllp::SessionInfo&) override {
        ++got;
        mllp::Reply reply;
        const auto view = hl7v2::MessageView::parse(message);
        if (view.has_value())
            reply.messages.push_back(hl7v2::acknowledge(*view, hl7v2::AckCode::aa, {},
                                                        {.now = "20260302140207.250+0000", .control_id = "A1"}));
        co_return reply;
    }
};

std::shared_ptr<const exchange::Partner> partner(const char* name, std::uint16_t port, std::uint32_t lanes) {
    auto made = std::make_shared<exchange::Partner>();
    made->name = name;
    made->lanes = lanes;
    made->mllp = exchange::MllpEndpoint{.host = "127.0.0.1", .port = port, .connect_timeout_ms = 500};
    made->retry.first_ms = 20;
    made->retry.max_ms = 200;
    return made;
}

std::string message_of(const std::string& control_id) {
    return "MSH|^~\\&|CW|C|X|Y|20260302||ADT^A08^ADT_A01|" + control_id +
           "|P|2.5.1\rPID|1||7^^^N^MR||DOE^JANE||19800101|F\rPV1|1|O\r";
}

/// `keys`: of how many patients the messages are; 0: all go in one order.
void enqueue(storage::Store& store, const char* name, std::uint64_t count, std::uint64_t first,
             std::uint64_t keys = 0) {
    constexpr std::uint64_t per_job = 1'000;
    for (std::uint64_t at = 0; at < count; at += per_job) {
        const auto done = storage::transact_blocking(
            store, [name, at, first, keys](storage::Transaction& transaction) -> storage::Result<void> {
                for (std::uint64_t i = 0; i < per_job; ++i) {
                    storage::OutboxMessage message;
                    message.partner = name;
                    message.kind = "ADT^A08";
                    message.control_id = "Q" + std::to_string(first + at + i);
                    if (keys > 0) message.ordering_key = "patient " + std::to_string((first + at + i) % keys);
                    message.payload = message_of(message.control_id);
                    if (const auto id = transaction.enqueue(message); id.has_error()) return id.error();
                }
                return {};
            });
        if (done.has_error()) std::abort();
    }
}

struct Bench {
    std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("causeway-queue-" + std::to_string(::getpid()));
    ops::SystemClock clock;
    std::unique_ptr<storage::Store> store;
    net::io_context io;
    net::executor_work_guard<net::io_context::executor_type> guard{io.get_executor()};
    std::thread thread{[this] { io.run(); }};
    net::thread_pool pool{2};
    exchange::DeliveryEvents events;

    Bench() {
        std::filesystem::remove_all(folder);
        std::filesystem::create_directories(folder);
        storage::SqliteOptions options;
        options.file = folder / "bench.db";
        store = std::move(*storage::open_sqlite(std::move(options)));
    }
    ~Bench() {
        guard.reset();
        io.stop();
        thread.join();
        pool.join();
        store->close();
        store.reset();
        std::filesystem::remove_all(folder);
    }
};

/// The workers of one partner, as the gateway makes them.
std::shared_ptr<exchange::QueueWorker> worker(Bench& bench, const char* name, std::uint16_t port, std::uint32_t lanes) {
    auto to = partner(name, port, lanes);
    mllp::DeliveryWorker::Context context{
        .store = *bench.store, .clock = bench.clock, .blocking = bench.pool, .events = bench.events};
    if (lanes == 1) return std::make_shared<mllp::DeliveryWorker>(bench.io, std::move(to), context);
    context.claims = std::make_shared<exchange::Claims>();
    const auto all = std::make_shared<std::weak_ptr<exchange::QueueWorker>>();
    context.next = [all] {
        if (const auto there = all->lock()) there->wake();
    };
    std::vector<std::shared_ptr<exchange::QueueWorker>> made;
    for (std::uint32_t i = 0; i < lanes; ++i)
        made.push_back(std::make_shared<mllp::DeliveryWorker>(bench.io, to, context));
    auto together = std::make_shared<exchange::Lanes>(std::move(made));
    *all = together;
    return together;
}

void drain(benchmark::State& state) {
    const auto count = static_cast<std::uint64_t>(state.range(0));
    const auto lanes = static_cast<std::uint32_t>(state.range(1));
    for (auto _ : state) {
        state.PauseTiming();
        Bench bench;
        Fast fast;
        mllp::Listener listener(bench.io, fast, {});
        const auto port = *listener.listen("127.0.0.1", 0);
        enqueue(*bench.store, "fast", count, 0, lanes == 1 ? 0 : 1'000);
        enqueue(*bench.store, "dead", 10'000, count);
        const auto to_fast = worker(bench, "fast", port, lanes);
        const auto to_dead = worker(bench, "dead", 1, 1);
        std::atomic<bool> growing{true};
        std::uint64_t grown = 0;
        state.ResumeTiming();
        to_dead->start();
        to_fast->start();
        std::thread grower([&] {
            while (growing) {
                enqueue(*bench.store, "dead", 1'000, 10'000'000 + grown);
                grown += 1'000;
                to_dead->wake();
                std::this_thread::sleep_for(std::chrono::milliseconds(100));
            }
        });
        while (to_fast->status().counters.delivered < count) std::this_thread::sleep_for(std::chrono::milliseconds(5));
        growing = false;
        state.PauseTiming();
        grower.join();
        state.counters["dead_queue_grew"] = static_cast<double>(grown);
        state.counters["resident_mb"] = resident_mb();
        for (const auto& each : {to_fast, to_dead}) {
            std::promise<void> stopped;
            each->stop(std::chrono::seconds(2), [&] { stopped.set_value(); });
            stopped.get_future().wait();
        }
        std::promise<void> stopped;
        listener.stop([&] { stopped.set_value(); });
        stopped.get_future().wait();
        state.ResumeTiming();
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(count) * static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(drain)
    ->ArgNames({"messages", "lanes"})
    ->Args({100'000, 1})
    ->Args({100'000, 4})
    ->Args({100'000, 16})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->Iterations(1);

/// A sender that keeps nothing, against the same listener: the speed of the wire.
void bare_sender(benchmark::State& state) {
    Bench bench;
    Fast fast;
    mllp::Listener listener(bench.io, fast, {});
    mllp::SendOptions options;
    options.host = "127.0.0.1";
    options.port = *listener.listen("127.0.0.1", 0);
    options.connections = static_cast<std::size_t>(state.range(0));
    const std::vector<std::string> messages(20'000, message_of("${control_id}"));
    std::uint64_t sent = 0;
    for (auto _ : state) {
        net::io_context io(1);
        const auto report = mllp::send_all(io, options, messages, {});
        if (report.positive != report.sent) state.SkipWithError("some messages were not acknowledged with AA");
        sent += report.sent;
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(sent));
    std::promise<void> stopped;
    listener.stop([&] { stopped.set_value(); });
    stopped.get_future().wait();
}
BENCHMARK(bare_sender)->ArgName("connections")->Arg(1)->Arg(4)->Arg(16)->UseRealTime()->Iterations(1);

/// Resident memory with 100,000 and with 1,000,000 queued, and how long it takes to find the first.
void queued(benchmark::State& state) {
    Bench bench;
    const auto count = static_cast<std::uint64_t>(state.range(0));
    enqueue(*bench.store, "dead", count, 0);
    for (auto _ : state) {
        auto snapshot = bench.store->snapshot();
        auto rows = (*snapshot)->due("dead", bench.clock.now_us(), 1);
        benchmark::DoNotOptimize(rows);
    }
    state.counters["resident_mb"] = resident_mb();
    state.counters["file_mb"] = static_cast<double>(bench.store->metrics().file_bytes) / (1 << 20);
}
BENCHMARK(queued)->Arg(100'000)->Arg(1'000'000)->Unit(benchmark::kMicrosecond)->Iterations(1'000);

}  // namespace
