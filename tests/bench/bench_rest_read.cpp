// What does a read cost over a bare Beast server that sends the same bytes? Look at server_us, the processor time of
// the server's thread per request; the bar is bare / ours >= 0.8 without read audit and >= 0.6 with it.
#include <benchmark/benchmark.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <filesystem>

#include "fhir/json/json.hpp"
#include "gateway/http/server.hpp"
#include "gateway/rest/operations.hpp"
#include "gateway/rest/resource_writer.hpp"
#include "gateway/rest/rest.hpp"
#include "gateway/storage/sqlite/sqlite_store.hpp"
#include "tests/bench/http_load.hpp"

namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
using net::ip::tcp;
using namespace causeway;

constexpr auto as_result = net::as_tuple(net::use_awaitable);
constexpr std::string_view request =
    "GET /fhir/Patient/0192f0c1-7b5e-7cc3-9e1b-2f1d6c1f0a01 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAccept: "
    "application/fhir+json\r\nUser-Agent: bench\r\n\r\n";

std::string patient_json() {
    std::string json =
        R"({"resourceType":"Patient","id":"0192f0c1-7b5e-7cc3-9e1b-2f1d6c1f0a01","meta":{"versionId":"1","lastUpdated":"2026-01-31T08:15:30.123456Z"},"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">)";
    json.append(800, 'x');
    return json + R"(</div>"},"name":[{"family":"Rocha","given":["Ines"]}],"birthDate":"1962-05-20"})";
}

/// The tutorial's coroutine server: what a C++ programmer would write in an hour.
net::awaitable<void> bare_session(beast::tcp_stream stream, const std::string& body) {
    beast::flat_buffer buffer;
    for (;;) {
        beast::http::request<beast::http::string_body> incoming;
        stream.expires_after(std::chrono::seconds(30));
        const auto [read_error, read_size] = co_await beast::http::async_read(stream, buffer, incoming, as_result);
        if (read_error) co_return;
        beast::http::response<beast::http::string_body> answer(beast::http::status::ok, incoming.version());
        answer.set(beast::http::field::content_type, "application/fhir+json; charset=utf-8");
        answer.set(beast::http::field::etag, "W/\"1\"");
        answer.set(beast::http::field::last_modified, "Sat, 31 Jan 2026 08:15:30 GMT");
        answer.set(beast::http::field::date, "Sat, 31 Jan 2026 08:15:30 GMT");
        answer.set("X-Request-Id", "0123456789ab-1");
        answer.body() = body;
        answer.prepare_payload();
        answer.keep_alive(incoming.keep_alive());
        const auto [write_error, write_size] = co_await beast::http::async_write(stream, answer, as_result);
        if (write_error) co_return;
    }
}

net::awaitable<void> bare_listen(tcp::acceptor& acceptor, const std::string& body) {
    for (;;) {
        auto [error, socket] = co_await acceptor.async_accept(as_result);
        if (error) co_return;
        socket.set_option(tcp::no_delay(true));
        net::co_spawn(acceptor.get_executor(), bare_session(beast::tcp_stream(std::move(socket)), body),
                      [](std::exception_ptr) {});
    }
}

void measure(benchmark::State& state, std::uint16_t port, std::thread& server) {
    bench::Load load(port, static_cast<std::size_t>(state.range(0)));
    load.round(request, 200);
    const double before = bench::cpu_seconds(server);
    for (auto _ : state) load.round(request, 200);
    const auto requests = static_cast<double>(state.iterations()) * static_cast<double>(load.connections());
    state.counters["server_us"] = (bench::cpu_seconds(server) - before) * 1e6 / requests;
    state.counters["requests/s"] = benchmark::Counter(requests, benchmark::Counter::kIsRate);
    state.SetBytesProcessed(static_cast<std::int64_t>(load.bytes()));
}

void bare_beast(benchmark::State& state) {
    const std::string body = patient_json();
    net::io_context io(1);
    tcp::acceptor acceptor(io, {net::ip::make_address("127.0.0.1"), 0});
    net::co_spawn(io, bare_listen(acceptor, body), [](std::exception_ptr) {});
    std::thread thread([&] { io.run(); });
    measure(state, acceptor.local_endpoint().port(), thread);
    net::post(io, [&] { io.stop(); });
    thread.join();
}

/// The session alone: no routing, no store.
struct Constant : http::Handler {
    void handle(http::Request, http::Reply reply) override {
        http::Response response;
        response.headers.add("Content-Type", "application/fhir+json; charset=utf-8");
        response.headers.add("ETag", "W/\"1\"");
        response.headers.add("Last-Modified", "Sat, 31 Jan 2026 08:15:30 GMT");
        response.body.append_static(body);
        reply(std::move(response));
    }
    std::string body = patient_json();
};

void session_alone(benchmark::State& state) {
    Constant handler;
    net::io_context io(1);
    http::Server server(io, handler, {});
    const std::uint16_t port = server.listen("127.0.0.1", 0).value();
    std::thread thread([&] { io.run(); });
    measure(state, port, thread);
    server.stop({});
    thread.join();
}

/// The whole of it: routing, rights, snapshot, store; with and without an audit row for each read.
void rest_read(benchmark::State& state) {
    std::string pattern = (std::filesystem::temp_directory_path() / "causeway-bench-XXXXXX").string();
    const std::filesystem::path folder = mkdtemp(pattern.data());
    storage::SqliteOptions options;
    options.file = folder / "store.db";
    auto store = storage::open_sqlite(std::move(options)).value();
    {
        security::Door door;
        security::ReadAudit reads(*store);
        ops::SystemClock clock;
        rest::ResourceWriter writer(*store);
        rest::Operations operations;
        rest::Services services{*store,       door, state.range(1) != 0 ? &reads : nullptr, clock, writer, operations,
                                std::nullopt, {}};
        rest::Rest handler(services);
        const auto draft =
            writer.prepare(fhir::parse_json(patient_json()).value(), "0192f0c1-7b5e-7cc3-9e1b-2f1d6c1f0a01").value();
        const security::Principal principal;
        storage::transact_blocking(*store, [&](storage::Transaction& transaction) {
            return writer.write(transaction, draft, {principal, storage::WriteKind::create, {}, 0, {}, true});
        }).value();
        net::io_context io(1);
        http::Server server(io, handler, {});
        const std::uint16_t port = server.listen("127.0.0.1", 0).value();
        std::thread thread([&] { io.run(); });
        measure(state, port, thread);
        server.stop({});
        thread.join();
    }
    store->close();
    store.reset();
    std::filesystem::remove_all(folder);
}

BENCHMARK(bare_beast)->Arg(1)->Arg(32)->UseRealTime();
BENCHMARK(session_alone)->Arg(1)->Arg(32)->UseRealTime();

BENCHMARK(rest_read)->ArgNames({"connections", "audit"})->Args({1, 0})->Args({32, 0})->Args({32, 1})->UseRealTime();

}  // namespace
