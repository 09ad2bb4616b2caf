// How many ORU^R01 a second are stored, mapped, indexed, matched and routed, durably, and acknowledged, over 1, 8 and 32
// connections; and where does the time of one go?
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "gateway/mllp/send_run.hpp"
#include "tests/bench/inbound_gateway.hpp"

namespace {

using namespace causeway;
using bench::InboundGateway;

constexpr std::size_t people = 2'000;

/// One person's lipid panel, as a laboratory sends it: five results. Names, birth dates, streets and telephones differ as
/// those of a town's people do; the first result of a person is of a new patient, the next ones of a known one.
std::string result_of(std::size_t person) {
    constexpr std::array<const char*, 20> given = {"Jane",   "Mary", "Linda", "Susan", "Karen", "Carol", "Ruth",
                                                   "Sharon", "Anna", "Laura", "James", "John",  "Peter", "Mark",
                                                   "Paul",   "Carl", "Henry", "Ralph", "Jack",  "Bruce"};
    constexpr std::array<const char*, 12> first = {"Hal", "Wes", "Lin", "Bor", "Mar", "Ast",
                                                   "Ven", "Kor", "Dun", "Eck", "Fis", "Gra"};
    constexpr std::array<const char*, 12> middle = {"va",  "ter", "der", "ni", "lo", "ken",
                                                    "ber", "sti", "man", "re", "wi", "do"};
    constexpr std::array<const char*, 8> last = {"son", "sen", "ley", "ton", "mann", "er", "ski", "ez"};
    const auto hash = person * 2654435761u;
    const auto pick = [hash](const auto& names, std::size_t salt) { return names[(hash / salt) % names.size()]; };
    const auto family = std::string(pick(first, 7)) + pick(middle, 101) + pick(last, 1009);
    return fmt::format(
        "MSH|^~\\&|LAB|NORTH|CW|C|${{now}}||ORU^R01^ORU_R01|${{control_id}}|P|2.5.1\r"
        "PID|1||{0}^^^NORTH&1.2.3&ISO^MR||{1}^{2}||19{3:02}{4:02}{5:02}|{6}|||{7} {8} ST^^SPRINGFIELD^IL^627{9:02}||"
        "(217)55{10}-{11:04}\r"
        "PV1|1|O|CLINIC^3^^NORTH\r"
        "ORC|RE|P${{control_id}}^EMR|F${{control_id}}^LAB|||CM||||||1740283947^HALVORSEN^INGRID\r"
        "OBR|1|P${{control_id}}^EMR|F${{control_id}}^LAB|24331-1^Lipid 1996 "
        "panel^LN|||20260302080000||||||||||||||||20260302090000|||F\r"
        "OBX|1|NM|2093-3^Cholesterol^LN||182|mg/dL^mg/dL^UCUM|<200||||F|||20260302080000\r"
        "OBX|2|NM|2571-8^Triglyceride^LN||150.0|mg/dL^mg/dL^UCUM|<150|H|||F|||20260302080000\r"
        "OBX|3|NM|2085-9^HDL^LN||48|mg/dL^mg/dL^UCUM|>40||||F|||20260302080000\r"
        "OBX|4|NM|13457-7^LDL^LN||104|mg/dL^mg/dL^UCUM|<130||||F|||20260302080000\r"
        "OBX|5|ST|8251-1^Comment^LN||fasting||||||F|||20260302080000\r",
        person, family, pick(given, 3), 30 + hash / 11 % 70, 1 + hash / 13 % 12, 1 + hash / 17 % 28,
        person % 2 == 0 ? 'F' : 'M', 1 + hash / 19 % 4000, pick(middle, 23), hash / 29 % 20, hash / 31 % 10,
        hash / 37 % 10'000);
}

std::vector<std::string> results() {
    std::vector<std::string> all;
    for (std::size_t i = 0; i < people; ++i) all.push_back(result_of(i));
    return all;
}

/// Processor time of all threads, the sender's included.
double processor_us() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

std::shared_ptr<const exchange::ExchangeSettings> settings() {
    auto made = std::make_shared<exchange::ExchangeSettings>();
    exchange::Partner emr;
    emr.name = "emr";
    emr.application = "EMR";
    emr.mllp = exchange::MllpEndpoint{.host = "127.0.0.1", .port = 1};
    made->partners = {emr};
    exchange::RoutingRule relay;
    relay.name = "results";
    relay.messages = {"ORU^R01"};
    relay.to = "emr";
    relay.ordering_key = "patient";
    made->rules = {relay};
    return made;
}

void oru_ack(benchmark::State& state) {
    InboundGateway gateway(InboundGateway::Parts::all, settings());
    mllp::SendOptions options;
    options.host = "127.0.0.1";
    options.port = gateway.port;
    options.connections = static_cast<std::size_t>(state.range(0));
    const auto messages = results();
    const auto processor_before = processor_us();
    std::uint64_t run = 0, sent = 0, wrong = 0;
    std::uint32_t p50 = 0, p99 = 0;
    for (auto _ : state) {
        options.control_id_prefix = "B" + std::to_string(++run) + "-";
        boost::asio::io_context io(1);
        const auto report = mllp::send_all(io, options, messages, {});
        sent += report.sent;
        wrong += report.sent - report.positive;
        p50 = report.percentile_us(0.5);
        p99 = report.percentile_us(0.99);
    }
    if (wrong > 0) state.SkipWithError("some messages were not acknowledged with AA");
    state.SetItemsProcessed(static_cast<std::int64_t>(sent));
    state.counters["p50_us"] = p50;
    state.counters["p99_us"] = p99;
    state.counters["processor_us"] = (processor_us() - processor_before) / static_cast<double>(sent);
    const auto metrics = gateway.store->metrics();
    state.counters["messages_per_commit"] = static_cast<double>(metrics.jobs) / static_cast<double>(metrics.groups);
    state.counters["commit_us"] = static_cast<double>(metrics.commit_us) / static_cast<double>(metrics.groups);
}
BENCHMARK(oru_ack)->Arg(1)->Arg(8)->Arg(32)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(2);

/// One message at a time, without sockets: preparing (decode, parse, map, bind, index, compress), the transaction
/// (match, write, route, audit), the commit.
void oru_stages(benchmark::State& state) {
    using Clock = std::chrono::steady_clock;
    InboundGateway gateway(InboundGateway::Parts::all, settings());
    const auto us = [](Clock::duration time) { return std::chrono::duration<double, std::micro>(time).count(); };
    const auto messages = results();
    double prepare = 0, run = 0, all = 0;
    std::uint64_t count = 0, resources = 0;
    for (auto _ : state) {
        auto bytes = messages[count % people];
        const auto id = "S" + std::to_string(++count);
        for (const auto& [name, value] :
             {std::pair<std::string, std::string>{"${control_id}", id}, {"${now}", "20260302090000"}})
            for (auto at = bytes.find(name); at != std::string::npos; at = bytes.find(name, at + value.size()))
                bytes.replace(at, name.size(), value);
        const auto began = Clock::now();
        const auto intake = gateway.inbox.open(std::move(bytes), {"bench", "127.0.0.1"});
        intake->prepare();
        prepare += us(Clock::now() - began);
        const auto spent = std::make_shared<double>(0);
        const auto outcome = storage::transact_blocking(
            *gateway.store,
            [intake, spent, us](storage::Transaction& transaction) {
                const auto from = Clock::now();
                auto done = intake->run(transaction);
                *spent = us(Clock::now() - from);
                return done;
            },
            intake->bytes());
        if (!intake->conclude(outcome)) state.SkipWithError("a message was not processed");
        resources += std::move(*intake).receipt().resources;
        run += *spent;
        all += us(Clock::now() - began);
    }
    const auto each = static_cast<double>(count);
    const auto metrics = gateway.store->metrics();
    state.counters["resources"] = static_cast<double>(resources) / each;
    state.counters["prepare_us"] = prepare / each;
    state.counters["transaction_us"] = run / each;
    state.counters["commit_us"] = static_cast<double>(metrics.commit_us) / each;
    state.counters["all_us"] = all / each;
}
BENCHMARK(oru_stages)->Unit(benchmark::kMicrosecond)->UseRealTime()->Iterations(4'000);

}  // namespace
