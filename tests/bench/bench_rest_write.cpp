// How many writes does the FHIR side take, each durable before its answer? Creates of one resource at 1 and 32 clients,
// and transaction bundles of 300 entries at 1 and 4, with where a bundle's time goes: parsing, checking, indexing, and
// the rest, which is the store.
#include <benchmark/benchmark.h>

#include <boost/asio/thread_pool.hpp>
#include <filesystem>

#include "fhir/json/json.hpp"
#include "fhir/search/extract.hpp"
#include "fhir/validate/validate.hpp"
#include "gateway/http/server.hpp"
#include "gateway/rest/operations.hpp"
#include "gateway/rest/resource_writer.hpp"
#include "gateway/rest/rest.hpp"
#include "gateway/storage/sqlite/sqlite_store.hpp"
#include "tests/bench/http_load.hpp"
#include "tests/bench/patient_bundles.hpp"

namespace {

namespace net = boost::asio;
using namespace causeway;

constexpr std::size_t bundle_entries = 300;

/// A server over a store in a folder of its own.
class Served {
public:
    Served()
        : folder_(make_folder()),
          store_(open(folder_)),
          writer_(*store_),
          services_{*store_, door_, nullptr, clock_, writer_, operations_, cpu_.get_executor(), {}},
          rest_(services_),
          server_(io_, rest_, {}),
          port_(server_.listen("127.0.0.1", 0).value()),
          thread_([this] { io_.run(); }) {}
    ~Served() {
        server_.stop({});
        thread_.join();
        cpu_.join();
        store_->close();
        store_.reset();
        std::filesystem::remove_all(folder_);
    }
    std::uint16_t port() const { return port_; }
    storage::Store& store() { return *store_; }

private:
    static std::filesystem::path make_folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "causeway-bench-XXXXXX").string();
        return mkdtemp(pattern.data());
    }
    static std::unique_ptr<storage::Store> open(const std::filesystem::path& folder) {
        storage::SqliteOptions options;
        options.file = folder / "store.db";
        return storage::open_sqlite(std::move(options)).value();
    }
    std::filesystem::path folder_;
    std::unique_ptr<storage::Store> store_;
    security::Door door_;
    ops::SystemClock clock_;
    rest::ResourceWriter writer_;
    rest::Operations operations_;
    net::thread_pool cpu_{2};
    rest::Services services_;
    rest::Rest rest_;
    net::io_context io_{1};
    http::Server server_;
    std::uint16_t port_;
    std::thread thread_;
};

std::string post(std::string_view path, std::string_view body) {
    return "POST /fhir" + std::string(path) +
           " HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nContent-Type: application/fhir+json\r\nPrefer: return=minimal\r\n"
           "Content-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

void rest_create(benchmark::State& state) {
    Served served;
    bench::Load load(served.port(), static_cast<std::size_t>(state.range(0)));
    const std::string request = post(
        "/Observation",
        R"({"resourceType":"Observation","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],"code":{"coding":[{"system":"http://loinc.org","code":"2093-3","display":"Cholesterol"}],"text":"Cholesterol"},"subject":{"reference":"Patient/0192f0c1-7b5e-7cc3-9e1b-2f1d6c1f0a01"},"effectiveDateTime":"2026-03-02T15:05:00-06:00","issued":"2026-03-02T15:05:00-06:00","valueQuantity":{"value":182.5,"unit":"mg/dL","system":"http://unitsofmeasure.org","code":"mg/dL"}})");
    load.round(request, 201);
    const auto groups = served.store().metrics().groups;
    for (auto _ : state) load.round(request, 201);
    const auto requests = static_cast<double>(state.iterations()) * static_cast<double>(load.connections());
    state.counters["creates/s"] = benchmark::Counter(requests, benchmark::Counter::kIsRate);
    state.counters["per_commit"] = requests / static_cast<double>(served.store().metrics().groups - groups);
}

void rest_transaction(benchmark::State& state) {
    Served served;
    bench::Load load(served.port(), static_cast<std::size_t>(state.range(0)));
    bench::PatientBundles bundles(bundle_entries);
    std::uint32_t number = 0;
    std::vector<std::string> requests;
    for (int i = 0; i < 8; ++i) requests.push_back(post("", bundles.make(number++)));
    load.round(requests[0], 200);
    std::size_t at = 0;
    for (auto _ : state) load.round(requests[at++ % requests.size()], 200);
    const auto count = static_cast<double>(state.iterations()) * static_cast<double>(load.connections());
    state.counters["bundles/s"] = benchmark::Counter(count, benchmark::Counter::kIsRate);
    state.counters["resources/s"] =
        benchmark::Counter(count * static_cast<double>(bundle_entries), benchmark::Counter::kIsRate);
}

/// The stages of a bundle that need no store, each over all resources of one bundle.
void bundle_stage(benchmark::State& state) {
    bench::PatientBundles bundles(bundle_entries);
    const std::string text = bundles.make(1);
    const auto bundle = fhir::parse_json(text).value();
    std::vector<fhir::DocumentPtr> resources;
    for (const auto entry : bundle->root()["entry"].items())
        resources.push_back(fhir::parse_json(fhir::to_json(entry["resource"])).value());
    for (auto _ : state) {
        if (state.range(0) == 0) benchmark::DoNotOptimize(fhir::parse_json(text));
        for (const auto& resource : resources) {
            if (state.range(0) == 1) benchmark::DoNotOptimize(fhir::validate_structure(*resource));
            if (state.range(0) == 2) benchmark::DoNotOptimize(fhir::search::extract(resource));
            if (state.range(0) == 3) benchmark::DoNotOptimize(fhir::to_json(resource->root()));
        }
    }
    state.counters["resources/s"] =
        benchmark::Counter(static_cast<double>(state.iterations() * static_cast<std::int64_t>(resources.size())),
                           benchmark::Counter::kIsRate);
    constexpr std::array<const char*, 4> names = {"parse", "check", "extract", "write JSON"};
    state.SetLabel(names[static_cast<std::size_t>(state.range(0))]);
}

BENCHMARK(rest_create)->Arg(1)->Arg(32)->UseRealTime();
BENCHMARK(rest_transaction)->Arg(1)->Arg(4)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(bundle_stage)->DenseRange(0, 3)->Unit(benchmark::kMillisecond);

}  // namespace
