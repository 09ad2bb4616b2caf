// How fast does the store write, and how many bytes does that cost? Groups of 1, 8 and 64 single creates, bundles of
// 300.
#include "fhir/json/json.hpp"
#include "fhir/search/extract.hpp"
#include "gateway/storage/sqlite/sqlite_store.hpp"

#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <future>
#include <random>

namespace {

using namespace causeway::storage;

std::string body_of(std::mt19937& random, std::size_t number) {
    char text[2048];
    const auto pick = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
    if (number % 10 == 0) {
        std::snprintf(
            text, sizeof text,
            R"({"resourceType":"Patient","identifier":[{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}]},"system":"urn:oid:1.2.3","value":"%zu"}],"name":[{"use":"official","family":"Family%u","given":["Given%u"]}],"gender":"%s","birthDate":"19%02u-%02u-%02u","address":[{"line":["%u Main Street"],"city":"City%u","postalCode":"%05u"}]})",
            number, pick(5000), pick(3000), pick(2) ? "male" : "female", pick(100), 1 + pick(12), 1 + pick(28),
            pick(900), pick(300), pick(99999));
    } else {
        std::snprintf(
            text, sizeof text,
            R"({"resourceType":"Observation","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory","display":"Laboratory"}]}],"code":{"coding":[{"system":"http://loinc.org","code":"%u-%u","display":"Measured thing %u"}],"text":"Measured thing"},"subject":{"reference":"Patient/p%zu"},"encounter":{"reference":"Encounter/e%zu"},"effectiveDateTime":"20%02u-%02u-%02uT%02u:%02u:00Z","issued":"2024-01-01T00:00:00Z","valueQuantity":{"value":%u.%u,"unit":"mg/dL","system":"http://unitsofmeasure.org","code":"mg/dL"}})",
            1000 + pick(200) * pick(4), pick(10), pick(200), number / 10 * 10, number / 10, 14 + pick(10), 1 + pick(12),
            1 + pick(28), pick(24), pick(60), pick(300), pick(10));
    }
    return text;
}

std::uint64_t written_bytes() {
    std::ifstream io("/proc/self/io");
    std::string name;
    std::uint64_t value = 0;
    while (io >> name >> value) {
        if (name == "write_bytes:") return value;
    }
    return 0;
}

struct Input {
    std::string type, id, json;
    causeway::fhir::search::Extraction extraction;
};

/// `range(0)` resources a job, `range(1)` jobs in flight at once.
void ingest(benchmark::State& state) {
    const auto per_job = static_cast<std::size_t>(state.range(0));
    const auto in_flight = static_cast<std::size_t>(state.range(1));
    const auto folder = std::filesystem::temp_directory_path() / "causeway-bench-ingest";
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    SqliteOptions options;
    options.file = folder / "store.db";
    auto store = open_sqlite(options).value();
    std::mt19937 random(1);
    std::vector<Input> inputs(20'000);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        auto& input = inputs[i];
        input.type = i % 10 == 0 ? "Patient" : "Observation";
        input.id = store->new_id();
        input.json = body_of(random, i);
        input.extraction = causeway::fhir::search::extract(
            causeway::fhir::parse_json(prepare_body(input.json, input.type, input.id)->json).value());
    }
    std::size_t next = 0;
    std::uint64_t resources = 0;
    const auto before = written_bytes();
    for (auto _ : state) {
        std::atomic<std::size_t> left{in_flight};
        std::promise<void> done;
        for (std::size_t job = 0; job < in_flight; ++job) {
            std::vector<PreparedResource> prepared;
            for (std::size_t i = 0; i < per_job; ++i) {
                auto& input = inputs[next++ % inputs.size()];
                if (next > inputs.size()) input.id = store->new_id();
                prepared.push_back(store->prepare(input.type, input.id,
                                                  std::move(*prepare_body(input.json, input.type, input.id)),
                                                  input.extraction.values.values()));
            }
            transact(
                *store,
                [prepared = std::move(prepared)](Transaction& t) -> Result<void> {
                    for (const auto& resource : prepared) t.put({resource, WriteKind::update, 0, 0}).value();
                    return {};
                },
                [&](Result<void> outcome) {
                    if (outcome.has_error()) std::abort();
                    if (--left == 0) done.set_value();
                });
        }
        done.get_future().wait();
        resources += per_job * in_flight;
    }
    const auto metrics = store->metrics();
    state.SetItemsProcessed(static_cast<std::int64_t>(resources));
    const auto amount = static_cast<double>(resources);
    state.counters["KB_written/res"] = static_cast<double>(written_bytes() - before) / 1024 / amount;
    state.counters["res/commit"] = amount / static_cast<double>(metrics.groups);
    state.counters["commit_us"] = static_cast<double>(metrics.commit_us) / static_cast<double>(metrics.groups);
    store.reset();
    state.counters["B_file/res"] = static_cast<double>(std::filesystem::file_size(options.file)) / amount;
    std::filesystem::remove_all(folder);
}

}  // namespace

BENCHMARK(ingest)
    ->Args({1, 1})
    ->Args({1, 8})
    ->Args({1, 64})
    ->Args({300, 1})
    ->Args({300, 4})
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond)
    ->MinTime(2);
