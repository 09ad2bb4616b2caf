// What does security cost? The same reads and creates through nothing at all (plain text, nobody asks who it is, reads
// leave no row) and through everything (TLS 1.3 with kept connections, an opaque token looked up, a scope's filter over
// what may be seen, an audit row for each access). Look at server_us: the processor time of all threads but the client's,
// per request. The bar: reads with all of it at least 60 % of those with none, creates 85 %. (Creates leave their audit
// row in both: it is a part of the write.)
// Measured with release flags on two cores that others used too (5 alternating rounds, medians): a read costs the server
// 12.8 us of processor time with none of it and 19.3 us with all (66 %; it was 53 %). The parts: TLS 3.3, the token 1.1,
// its filter nothing that can be measured, the audit row 2.8. The same token on the same connection is not digested
// again, what a grant may see is remembered, and rows wait for the writer in one buffer.
#include <benchmark/benchmark.h>
#include <openssl/ssl.h>

#include <boost/asio/thread_pool.hpp>
#include <filesystem>

#include "fhir/json/json.hpp"
#include "gateway/http/server.hpp"
#include "gateway/main/authentication.hpp"
#include "gateway/rest/operations.hpp"
#include "gateway/rest/resource_writer.hpp"
#include "gateway/rest/rest.hpp"
#include "gateway/security/trail/handler.hpp"
#include "gateway/storage/sqlite/sqlite_store.hpp"
#include "gateway/tls/context.hpp"
#include "tests/bench/http_load.hpp"
#include "tests/gateway/tls/authority.hpp"

namespace {

namespace net = boost::asio;
using namespace causeway;

constexpr std::string_view token = "a-token-of-43-characters-as-they-are-minted";

/// What is switched on.
struct Switches {
    bool tls = false, token = false, filter = false, audit = false;
};

std::string patient_json(std::string_view id) {
    std::string json = R"({"resourceType":"Patient",)";
    if (!id.empty()) json.append("\"id\":\"").append(id).append("\",");
    json += R"("text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">)";
    json.append(800, 'x');
    return json + R"(</div>"},"name":[{"family":"Rocha","given":["Ines"]}],"birthDate":"1962-05-20"})";
}

class Served {
public:
    explicit Served(const Switches& on)
        : folder_(make_folder()),
          store_(open(folder_)),
          reads_(*store_),
          writer_(*store_),
          services_{*store_, door_,       on.audit ? &reads_ : nullptr, clock_,
                    writer_, operations_, cpu_.get_executor(),          {}},
          rest_(services_),
          trail_(rest_, services_),
          tokens_(*store_, clock_, settings(on)),
          issuer_({}, {}, clock_),
          throttle_(clock_, 1'000'000, 1'000'000),
          identities_{tokens_, issuer_, throttle_, reads_, clock_, cpu_.get_executor(), true, false, {}},
          authentication_(trail_, identities_),
          server_(io_, on.token ? static_cast<http::Handler&>(authentication_) : rest_,
                  {{}, cpu_.get_executor(), false, on.tls ? source() : nullptr}),
          port_(server_.listen("127.0.0.1", 0).value()) {
        const auto draft = writer_.prepare(fhir::parse_json(patient_json("read-me")).value(), "read-me").value();
        const auto scopes = on.filter ? "system/Patient.cruds system/Observation.rs" : "system/*.cruds";
        storage::transact_blocking(*store_, [&](storage::Transaction& transaction) -> storage::Result<void> {
            auto written = writer_.write(transaction, draft, {{}, storage::WriteKind::create, {}, 0, {}, true});
            if (written.has_error()) return written.error();
            const auto expires_s = clock_.now_us() / 1'000'000 + 3600;
            auto added = transaction.add_note("token/" + security::encode_base64url(security::sha256(token)),
                                              std::string(R"({"client":"bench","scope":")") + scopes +
                                                  R"(","patient":"","expires":)" + std::to_string(expires_s) + "}",
                                              expires_s * 1'000'000);
            if (added.has_error()) return added.error();
            return {};
        }).value();
        thread_ = std::thread([this] { io_.run(); });
    }
    ~Served() {
        server_.stop({});
        thread_.join();
        cpu_.join();
        store_->close();
        store_.reset();
        std::filesystem::remove_all(folder_);
    }
    std::uint16_t port() const { return port_; }

private:
    static std::filesystem::path make_folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "causeway-bench-XXXXXX").string();
        return mkdtemp(pattern.data());
    }
    static std::unique_ptr<storage::Store> open(const std::filesystem::path& folder) {
        storage::SqliteOptions options;
        options.file = folder / "store.db";
        options.secrets.audit = "a key of the audit chain";
        return storage::open_sqlite(std::move(options)).value();
    }
    static security::TokenService::Settings settings(const Switches&) {
        security::TokenService::Settings out;
        security::Client client;
        client.registered.id = "bench";
        out.clients.emplace("bench", std::move(client));
        return out;
    }
    std::shared_ptr<tls::Source> source() {
        const auto files = authority_.issue("gateway");
        tls::ServerSettings settings;
        settings.certificate = files.certificate;
        settings.key = files.key;
        return tls::Source::server(std::move(settings), tls::now_s()).value();
    }

    std::filesystem::path folder_;
    tls::test::Authority authority_;
    std::unique_ptr<storage::Store> store_;
    security::Door door_;
    security::ReadAudit reads_;
    ops::SystemClock clock_;
    rest::ResourceWriter writer_;
    rest::Operations operations_;
    net::thread_pool cpu_{2};
    rest::Services services_;
    rest::Rest rest_;
    security::TrailHandler trail_;
    security::TokenService tokens_;
    security::ExternalIssuer issuer_;
    security::Throttle throttle_;
    Identities identities_;
    Authentication authentication_;
    net::io_context io_{1};
    http::Server server_;
    std::uint16_t port_;
    std::thread thread_;
};

/// Kept connections like bench::Load, over TLS where it is wanted.
class Client {
public:
    Client(std::uint16_t port, std::size_t connections, bool encrypted) : context_(SSL_CTX_new(TLS_client_method())) {
        for (std::size_t i = 0; i < connections; ++i) {
            const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
            sockaddr_in address{};
            address.sin_family = AF_INET;
            address.sin_port = htons(port);
            address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
                throw std::runtime_error("connect");
            const int on = 1;
            ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            SSL* session = nullptr;
            if (encrypted) {
                session = SSL_new(context_);
                SSL_set_fd(session, fd);
                if (SSL_connect(session) != 1) throw std::runtime_error("handshake");
            }
            connections_.push_back({fd, session});
        }
    }
    ~Client() {
        for (const auto& each : connections_) {
            SSL_free(each.session);
            ::close(each.fd);
        }
        SSL_CTX_free(context_);
    }
    std::size_t connections() const { return connections_.size(); }
    /// A request on every connection.
    void begin(std::string_view request) {
        for (const auto& each : connections_) send(each, request);
    }
    /// One answer of every connection, and the next request on it: the server always has work.
    void round(std::string_view request, int status) {
        for (const auto& each : connections_) {
            if (receive(each) != status) throw std::runtime_error("status");
            send(each, request);
        }
    }
    void end(int status) {
        for (const auto& each : connections_)
            if (receive(each) != status) throw std::runtime_error("status");
    }

private:
    struct Connection {
        int fd;
        SSL* session;
    };
    static void send(const Connection& to, std::string_view request) {
        const auto size = static_cast<int>(request.size());
        const auto sent = to.session ? SSL_write(to.session, request.data(), size)
                                     : static_cast<int>(::send(to.fd, request.data(), request.size(), MSG_NOSIGNAL));
        if (sent != size) throw std::runtime_error("send");
    }
    int receive(const Connection& from) {
        std::size_t have = 0;
        for (;;) {
            const auto room = static_cast<int>(sizeof room_ - have);
            const auto size = from.session
                                  ? SSL_read(from.session, room_ + have, room)
                                  : static_cast<int>(::recv(from.fd, room_ + have, static_cast<std::size_t>(room), 0));
            if (size <= 0) throw std::runtime_error("recv");
            have += static_cast<std::size_t>(size);
            const std::string_view got(room_, have);
            const auto end = got.find("\r\n\r\n");
            if (end == std::string_view::npos) continue;
            std::size_t length = 0;
            if (const auto at = got.find("Content-Length: "); at < end)
                std::from_chars(room_ + at + 16, room_ + end, length);
            if (have < end + 4 + length) continue;
            int status = 0;
            std::from_chars(room_ + 9, room_ + 12, status);
            return status;
        }
    }

    SSL_CTX* context_;
    std::vector<Connection> connections_;
    char room_[64 * 1024];
};

double seconds_of(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// Processor time of everything in this process but the thread that asks.
double server_seconds() { return seconds_of(CLOCK_PROCESS_CPUTIME_ID) - seconds_of(CLOCK_THREAD_CPUTIME_ID); }

void measure(benchmark::State& state, const Switches& on, std::string request, int status) {
    Served served(on);
    if (on.token) request.insert(request.find("\r\n") + 2, "Authorization: Bearer " + std::string(token) + "\r\n");
    Client client(served.port(), 32, on.tls);
    client.begin(request);
    for (int i = 0; i < 10; ++i) client.round(request, status);
    const double before = server_seconds();
    for (auto _ : state) client.round(request, status);
    const double after = server_seconds();
    client.end(status);
    const auto requests = static_cast<double>(state.iterations()) * static_cast<double>(client.connections());
    state.counters["server_us"] = (after - before) * 1e6 / requests;
    state.counters["requests/s"] = benchmark::Counter(requests, benchmark::Counter::kIsRate);
}

const std::string read_request =
    "GET /fhir/Patient/read-me HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/fhir+json\r\n\r\n";

std::string create_request() {
    const auto body = patient_json({});
    return "POST /fhir/Patient HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/fhir+json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
}

constexpr Switches everything{true, true, true, true};

void read_none(benchmark::State& state) { measure(state, {}, read_request, 200); }
void read_tls(benchmark::State& state) { measure(state, {true, false, false, false}, read_request, 200); }
void read_token(benchmark::State& state) { measure(state, {false, true, false, false}, read_request, 200); }
void read_token_filter(benchmark::State& state) { measure(state, {false, true, true, false}, read_request, 200); }
void read_audit(benchmark::State& state) { measure(state, {false, false, false, true}, read_request, 200); }
void read_everything(benchmark::State& state) { measure(state, everything, read_request, 200); }
void create_none(benchmark::State& state) { measure(state, {}, create_request(), 201); }
void create_everything(benchmark::State& state) { measure(state, everything, create_request(), 201); }

BENCHMARK(read_none)->UseRealTime();
BENCHMARK(read_tls)->UseRealTime();
BENCHMARK(read_token)->UseRealTime();
BENCHMARK(read_token_filter)->UseRealTime();
BENCHMARK(read_audit)->UseRealTime();
BENCHMARK(read_everything)->UseRealTime();
BENCHMARK(create_none)->UseRealTime();
BENCHMARK(create_everything)->UseRealTime();

}  // namespace
