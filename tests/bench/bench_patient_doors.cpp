// How many Patients does the whole way by REST take (HTTP, checks, index rows, matching, audit; each durable before its
// answer), and how long does $match take while half as many come in?
#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <chrono>

#include "gateway/exchange/identity_keys.hpp"
#include "gateway/http/server.hpp"
#include "gateway/patient_index/match_operation.hpp"
#include "gateway/patient_index/patient_index.hpp"
#include "gateway/rest/operations.hpp"
#include "gateway/rest/resource_writer.hpp"
#include "gateway/rest/rest.hpp"
#include "tests/bench/filled_store.hpp"
#include "tests/bench/http_load.hpp"

namespace {

namespace net = boost::asio;
using namespace causeway;
using Clock = std::chrono::steady_clock;

constexpr std::uint32_t arrivals = 40'000;
constexpr std::size_t clients = 32;

class Desk {
public:
    Desk() : records_(bench::PatientCrowd(filled_.people()).arrivals(arrivals)) {
        index_.load(filled_.store()).value();
        writer_.add_observer(index_);
        writer_.add_observer(registrar_);
        patient_index::add_match_operation(operations_, index_);
        port_ = server_.listen("127.0.0.1", 0).value();
        thread_ = std::thread([this] { io_.run(); });
    }
    ~Desk() {
        server_.stop({});
        thread_.join();
        cpu_.join();
    }
    std::uint16_t port() const { return port_; }
    std::string create() {
        const auto i = next_++;
        return post("/Patient", bench::patient_json(records_[i % records_.size()], 900'000'000 + i));
    }
    std::string match() {
        const auto i = (looked_up_++ * 7919) % records_.size();
        return post("/Patient/$match", R"({"resourceType":"Parameters","parameter":[{"name":"resource","resource":)" +
                                           bench::patient_json(records_[i], 0) + "}]}");
    }
    void note(benchmark::State& state) const {
        state.counters["people"] = filled_.people();
        state.counters["file_gb"] = filled_.file_gb();
        state.counters["memory_gb"] = bench::FilledStore::memory_gb();
        state.counters["linked"] = static_cast<double>(index_.counters().linked);
    }
    double creates_per_s = 0;

private:
    static std::string post(std::string_view path, std::string_view body) {
        return "POST /fhir" + std::string(path) +
               " HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nContent-Type: application/fhir+json\r\nPrefer: return=minimal\r\n"
               "Content-Length: " +
               std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
    }

    bench::FilledStore filled_{true};
    std::vector<patient_index::match::Record> records_;
    patient_index::PatientIndex index_{{}};
    exchange::IdentityRegistrar registrar_;
    security::Door door_;
    ops::SystemClock clock_;
    rest::ResourceWriter writer_{filled_.store()};
    rest::Operations operations_;
    net::thread_pool cpu_{2};
    rest::Services services_{filled_.store(), door_, nullptr, clock_, writer_, operations_, cpu_.get_executor(), {}};
    rest::Rest rest_{services_};
    net::io_context io_{1};
    http::Server server_{io_, rest_, {}};
    std::uint16_t port_ = 0;
    std::thread thread_;
    std::atomic<std::uint64_t> next_{0}, looked_up_{0};
};

Desk& desk() {
    static Desk one;
    return one;
}

/// One new Patient on every connection, each of another person.
void create_round(bench::Load& load) {
    for (std::size_t i = 0; i < load.connections(); ++i) load.send(i, desk().create());
    for (std::size_t i = 0; i < load.connections(); ++i)
        if (load.receive(i) != 201) throw std::runtime_error("a Patient was not created");
}

void rest_register(benchmark::State& state) {
    bench::Load load(desk().port(), clients);
    create_round(load);
    const auto began = Clock::now();
    for (auto _ : state) create_round(load);
    const auto count = static_cast<std::int64_t>(state.iterations() * clients);
    desk().creates_per_s = static_cast<double>(count) / std::chrono::duration<double>(Clock::now() - began).count();
    state.SetItemsProcessed(count);
    desk().note(state);
}
BENCHMARK(rest_register)->Unit(benchmark::kMillisecond)->Iterations(300)->UseRealTime();

void match_at_half_load(benchmark::State& state) {
    std::atomic<bool> stop{false};
    std::atomic<std::size_t> rounds{0};
    const auto began = Clock::now();
    constexpr std::size_t few = 8;
    std::thread writer([&] {
        bench::Load load(desk().port(), few);
        const auto every = std::chrono::duration<double>(2 * few / std::max(1., desk().creates_per_s));
        for (std::size_t i = 0; !stop; ++i, ++rounds) {
            std::this_thread::sleep_until(began + std::chrono::duration_cast<Clock::duration>(every * i));
            create_round(load);
        }
    });
    bench::Load load(desk().port(), 1);
    std::vector<double> ms;
    for (auto _ : state) {
        const auto request = desk().match();
        const auto asked = Clock::now();
        load.round(request, 200);
        ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - asked).count());
    }
    stop = true;
    writer.join();
    std::sort(ms.begin(), ms.end());
    state.counters["p50_ms"] = ms[ms.size() / 2];
    state.counters["p99_ms"] = ms[ms.size() * 99 / 100];
    state.counters["creates/s"] =
        static_cast<double>(rounds * few) / std::chrono::duration<double>(Clock::now() - began).count();
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
    desk().note(state);
}
BENCHMARK(match_at_half_load)->Unit(benchmark::kMillisecond)->Iterations(4000)->UseRealTime();

}  // namespace
