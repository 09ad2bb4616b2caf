// How many messages a second does the listener take from 32 connections and answer with AA, nothing stored, beside a
// bare Asio server that moves the same bytes? And over TLS? One thread serves, one thread plays all clients; a client
// sends its next message when the answer to the last is complete. server_us_per_message is the processor time of the
// serving thread: what to compare on a machine that does other things too.
#include <benchmark/benchmark.h>
#include <pthread.h>

#include <ctime>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <thread>

#include "gateway/mllp/listener.hpp"
#include "gateway/mllp/sender_connection.hpp"
#include "hl7v2/acknowledge.hpp"
#include "hl7v2/mllp.hpp"
#include "tests/bench/hl7v2_samples.hpp"
#include "tests/gateway/tls/authority.hpp"

namespace {

using namespace causeway;
namespace net = boost::asio;
using Tcp = net::ip::tcp;

constexpr std::size_t connections = 32;
constexpr std::size_t messages_per_connection = 400;

const std::string& request() {
    static const std::string message = sample_oru(20);
    return message;
}

std::string answer_to(std::string_view bytes) {
    const auto message = hl7v2::MessageView::parse(bytes);
    if (message.has_error()) return {};
    return hl7v2::acknowledge(*message, hl7v2::AckCode::aa, {}, {.now = "20260302140207.250+0000", .control_id = "A1"});
}

/// An io_context with one thread.
struct Io {
    net::io_context context{1};
    net::executor_work_guard<net::io_context::executor_type> guard{context.get_executor()};
    std::thread thread{[this] { context.run(); }};
    /// Processor time of the thread, which other programs on the machine do not change as they change the clock's.
    std::int64_t cpu_ns() {
        clockid_t clock{};
        timespec time{};
        if (pthread_getcpuclockid(thread.native_handle(), &clock) != 0 || clock_gettime(clock, &time) != 0) return 0;
        return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
    }
    void stop() {
        guard.reset();
        context.stop();
        if (thread.joinable()) thread.join();
    }
    ~Io() { stop(); }
};

class Accepting final : public mllp::MessageHandler {
public:
    mllp::Awaitable<mllp::Reply> handle(std::string message, const mllp::SessionInfo&) override {
        mllp::Reply reply;
        reply.messages.push_back(answer_to(message));
        co_return reply;
    }
};

/// Reads as many bytes as a framed request has and writes as many as a framed answer has: what the sockets allow.
class BareSession : public std::enable_shared_from_this<BareSession> {
public:
    BareSession(Tcp::socket socket, std::size_t request_bytes, const std::string& answer)
        : socket_(std::move(socket)), request_bytes_(request_bytes), answer_(answer), room_(64 * 1024) {}
    void read() {
        socket_.async_read_some(net::buffer(room_), [self = shared_from_this()](auto error, std::size_t size) {
            if (error) return;
            self->got_ += size;
            if (self->got_ < self->request_bytes_) return self->read();
            self->got_ -= self->request_bytes_;
            net::async_write(self->socket_, net::buffer(self->answer_), [self](auto failed, std::size_t) {
                if (!failed) self->read();
            });
        });
    }

private:
    Tcp::socket socket_;
    const std::size_t request_bytes_;
    const std::string& answer_;
    std::vector<char> room_;
    std::size_t got_ = 0;
};

class BareServer {
public:
    explicit BareServer(net::io_context& io)
        : acceptor_(io, Tcp::endpoint(net::ip::address_v4::loopback(), 0)),
          answer_(hl7v2::mllp::encode_frame(answer_to(request()))) {
        accept();
    }
    std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

private:
    void accept() {
        acceptor_.async_accept([this](auto error, Tcp::socket socket) {
            if (error) return;
            socket.set_option(Tcp::no_delay(true));
            std::make_shared<BareSession>(std::move(socket), request().size() + 3, answer_)->read();
            accept();
        });
    }
    Tcp::acceptor acceptor_;
    std::string answer_;
};

/// As light as a client can be, so that it is the server that is measured.
class BareClient : public std::enable_shared_from_this<BareClient> {
public:
    BareClient(net::io_context& io, std::uint16_t port, const std::string& frame, std::size_t& finished)
        : socket_(io), frame_(frame), finished_(finished), room_(16 * 1024) {
        socket_.connect({net::ip::address_v4::loopback(), port});
        socket_.set_option(Tcp::no_delay(true));
    }
    void send() {
        net::async_write(socket_, net::buffer(frame_), [self = shared_from_this()](auto error, std::size_t) {
            if (!error) self->receive();
        });
    }

private:
    void receive() {
        socket_.async_read_some(net::buffer(room_), [self = shared_from_this()](auto error, std::size_t size) {
            if (error) return;
            // Nothing follows an answer before the next request: its last byte is the last of the read.
            if (self->room_[size - 1] != '\r' || size < 2 || self->room_[size - 2] != '\x1c') return self->receive();
            if (++self->answered_ < messages_per_connection) return self->send();
            ++self->finished_;
        });
    }
    Tcp::socket socket_;
    const std::string& frame_;
    std::size_t& finished_;
    std::vector<char> room_;
    std::size_t answered_ = 0;
};

bool run_bare_clients(std::uint16_t port) {
    static const std::string frame = hl7v2::mllp::encode_frame(request());
    net::io_context io(1);
    std::size_t finished = 0;
    for (std::size_t i = 0; i < connections; ++i) std::make_shared<BareClient>(io, port, frame, finished)->send();
    io.run();
    return finished == connections;
}

mllp::Awaitable<bool> play(net::io_context& io, std::uint16_t port, std::shared_ptr<tls::Source> tls) {
    mllp::SenderConnection connection(net::make_strand(io), {.message_bytes_max = 1 << 20, .tls = std::move(tls)});
    if (co_await connection.connect("127.0.0.1", port, std::chrono::seconds(10))) co_return false;
    for (std::size_t i = 0; i < messages_per_connection; ++i) {
        if (co_await connection.send(request(), std::chrono::seconds(30))) co_return false;
        const auto received = co_await connection.receive(std::chrono::steady_clock::now() + std::chrono::seconds(30));
        if (received.kind != mllp::SenderConnection::Received::Kind::message) co_return false;
    }
    co_return true;
}

/// Our own sender, with its deadlines.
bool run_senders(std::uint16_t port, const std::shared_ptr<tls::Source>& tls) {
    net::io_context io(1);
    std::size_t good = 0;
    for (std::size_t i = 0; i < connections; ++i)
        net::co_spawn(net::make_strand(io), play(io, port, tls), [&good](const std::exception_ptr& failure, bool done) {
            if (!failure && done) ++good;
        });
    io.run();
    return good == connections;
}

template <class Run>
void measure(benchmark::State& state, Io& server, Run run) {
    const auto before_ns = server.cpu_ns();
    for (auto _ : state)
        if (!run()) state.SkipWithError("a client did not get its answers");
    const auto count = static_cast<std::int64_t>(connections * messages_per_connection) *
                       static_cast<std::int64_t>(state.iterations());
    state.counters["server_us_per_message"] =
        static_cast<double>(server.cpu_ns() - before_ns) / 1e3 / static_cast<double>(count);
    state.SetItemsProcessed(count);
    state.SetBytesProcessed(count * static_cast<std::int64_t>(request().size()));
}

void bare_asio(benchmark::State& state) {
    Io io;
    BareServer server(io.context);
    measure(state, io, [port = server.port()] { return run_bare_clients(port); });
    io.stop();
}
BENCHMARK(bare_asio)->Unit(benchmark::kMillisecond)->UseRealTime();

/// A listener that answers everything with AA.
struct Answering {
    Io io;
    Accepting handler;
    mllp::Listener listener;
    std::uint16_t port;
    explicit Answering(const std::shared_ptr<tls::Source>& tls = nullptr)
        : listener(io.context, handler, {.tls = tls}), port(*listener.listen("127.0.0.1", 0)) {}
    ~Answering() {
        std::promise<void> stopped;
        listener.stop([&] { stopped.set_value(); });
        stopped.get_future().wait();
    }
};

void listener(benchmark::State& state) {
    Answering server;
    measure(state, server.io, [&] { return run_bare_clients(server.port); });
}
BENCHMARK(listener)->Unit(benchmark::kMillisecond)->UseRealTime();

void listener_and_sender(benchmark::State& state) {
    Answering server;
    measure(state, server.io, [&] { return run_senders(server.port, nullptr); });
}
BENCHMARK(listener_and_sender)->Unit(benchmark::kMillisecond)->UseRealTime();

void listener_and_sender_tls(benchmark::State& state) {
    const tls::test::Authority authority;
    const auto files = authority.issue("server");
    tls::ServerSettings own;
    own.certificate = files.certificate;
    own.key = files.key;
    tls::ClientSettings settings;
    settings.ca = authority.file();
    const auto client = *tls::Source::client(settings, tls::now_s());
    Answering server(*tls::Source::server(own, tls::now_s()));
    measure(state, server.io, [&] { return run_senders(server.port, client); });
}
BENCHMARK(listener_and_sender_tls)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
