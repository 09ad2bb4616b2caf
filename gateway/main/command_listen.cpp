#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>

#include "gateway/main/commands.hpp"
#include "gateway/main/tls_options.hpp"
#include "gateway/mllp/stand_in.hpp"

namespace causeway {
namespace {

struct ListenCommand {
    std::string address = "127.0.0.1";
    std::uint16_t port = 2576;
    std::string out, script, reply_to;
    std::uint64_t count = 0;
    bool quiet = false;
    int release = 1;
    ServerTlsOptions tls;
    ClientTlsOptions reply_tls;
};

/// Counts what went wrong on the wire; the messages are counted by the stand-in.
class Wire final : public mllp::ListenerEvents {
public:
    void handshake_failed(const std::string& address, const std::string& reason) override {
        ++handshakes_failed_;
        fmt::print(stderr, "causeway listen: TLS with {}: {}\n", address, reason);
    }
    void session_ended(const mllp::SessionInfo&, mllp::SessionEnd end) override {
        ++sessions_;
        if (end != mllp::SessionEnd::peer && end != mllp::SessionEnd::stopped && end != mllp::SessionEnd::reply)
            fmt::print(stderr, "causeway listen: a session was closed: {}\n", to_string(end));
    }
    void frame_damaged(const mllp::SessionInfo&, std::string_view reason) override {
        ++damaged_;
        fmt::print(stderr, "causeway listen: {}\n", reason);
    }
    void junk_skipped(const mllp::SessionInfo&, std::size_t bytes) override { junk_bytes_ += bytes; }

    std::string statistics() const {
        return fmt::format(R"({{"sessions":{},"damaged_frames":{},"junk_bytes":{},"handshakes_failed":{}}})", sessions_,
                           damaged_, junk_bytes_, handshakes_failed_);
    }

private:
    std::uint64_t sessions_ = 0, damaged_ = 0, junk_bytes_ = 0, handshakes_failed_ = 0;  // one thread runs it all
};

/// Null if the script can be used.
std::optional<Exit> read_script(const std::string& name, mllp::ListenScript& script) {
    if (name.empty()) return std::nullopt;
    std::ifstream file(name, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file) {
        fmt::print(stderr, "causeway listen: cannot read {}\n", name);
        return Exit::usage;
    }
    auto parsed = mllp::ListenScript::parse(text.str());
    if (parsed.has_error()) {
        fmt::print(stderr, "{}:{}: {}\n", name, parsed.error().line, parsed.error().text);
        return Exit::usage;
    }
    script = std::move(*parsed);
    return std::nullopt;
}

Exit run(const ListenCommand& command) {
    mllp::ListenScript script;
    if (const auto fault = read_script(command.script, script)) return *fault;
    auto tls = command.tls.open();
    auto reply_tls = command.reply_tls.open();
    if (tls.has_error() || reply_tls.has_error()) {
        fmt::print(stderr, "causeway listen: {}\n", (tls.has_error() ? tls : reply_tls).error().message);
        return Exit::usage;
    }
    std::error_code error;
    if (!command.out.empty()) std::filesystem::create_directories(command.out, error);
    if (error) {
        fmt::print(stderr, "causeway listen: cannot make {}: {}\n", command.out, error.message());
        return Exit::failed;
    }
    boost::asio::io_context io(1);
    mllp::StandIn::Options options;
    options.out = command.out;
    options.scripts = std::filesystem::path(command.script).parent_path();
    options.reply_to = command.reply_to;
    options.tls = std::move(*reply_tls);
    mllp::StandIn stand_in(io, std::move(script), std::move(options), [&](std::string_view line) {
        if (command.quiet) return;
        fmt::print("{}\n", line);
        std::fflush(stdout);
    });
    mllp::Listener::Options listening;
    listening.name = "listen";
    listening.allow_plaintext = true;  // a tool for tests; what it hears is made up
    listening.limits.connections_max = listening.limits.connections_per_peer_max = 10'000;
    listening.tls = std::move(*tls);
    listening.release = command.release;
    Wire wire;
    mllp::Listener listener(io, stand_in, listening, &wire);
    const auto port = listener.listen(command.address, command.port);
    if (port.has_error()) {
        fmt::print(stderr, "causeway listen: {}\n", port.error().message);
        return Exit::failed;
    }
    fmt::print("listening on {}:{}\n", command.address, *port);
    std::fflush(stdout);
    boost::asio::signal_set signals(io, SIGINT, SIGTERM);
    const auto stop = [&] { listener.stop([&] { io.stop(); }); };
    signals.async_wait([&](const boost::system::error_code&, int) { stop(); });
    boost::asio::steady_timer timer(io);
    std::function<void()> watch = [&] {
        timer.expires_after(std::chrono::milliseconds(50));
        timer.async_wait([&](const boost::system::error_code&) {
            if (stand_in.received() >= command.count) return stop();
            watch();
        });
    };
    if (command.count > 0) watch();
    io.run();
    fmt::print("{{\"messages\":{},\"wire\":{}}}\n", stand_in.statistics(), wire.statistics());
    return Exit::good;
}

}  // namespace

void add_listen_command(CLI::App& app, Exit& exit_code) {
    auto command = std::make_shared<ListenCommand>();
    auto* sub = app.add_subcommand("listen", "Play a partner: receive HL7 v2 over MLLP, keep it, answer by a script");
    sub->footer(
        "A script has one rule per line; the first that fits decides, and without one the answer is AA:\n"
        "  on OML^O21 times 1: delay 3s; answer AA\n"
        "  on OML^O21 where OBR-4.1 not in (24331-1): answer AE 103\n"
        "  on OML^O21: answer AA; send results/final.hl7 after 2s to 127.0.0.1:2575\n"
        "Actions: answer CODE [ERROR], answer file NAME, delay TIME, silence, close, wrong-id, garbage, half,\n"
        "pieces N TIME, send FILE [to HOST:PORT] [after TIME], acknowledge CODE [ERROR] [to HOST:PORT] [after TIME].\n"
        "docs/mllp.md describes them. At the end statistics are printed as one line of JSON. In files ${control_id}, "
        "${now} and paths such as ${ORC-2} are filled "
        "in.");
    sub->add_option("--address", command->address, "address to listen on")->capture_default_str();
    sub->add_option("--port", command->port, "port to listen on; 0 takes a free one")->capture_default_str();
    sub->add_option("--out", command->out, "folder for the messages received, one file each");
    sub->add_option("--script", command->script, "what to answer");
    sub->add_option("--reply-to", command->reply_to, "HOST:PORT for `send` without `to`");
    sub->add_option("--release", command->release, "of MLLP: 2 answers each block with a commit block")
        ->check(CLI::IsMember({1, 2}))
        ->capture_default_str();
    command->tls.add_to(*sub);
    auto* replies = sub->add_option_group("connections of send and acknowledge");
    replies->add_flag("--reply-tls", command->reply_tls.on, "speak TLS on them");
    replies->add_option("--reply-tls-ca", command->reply_tls.ca, "PEM file of the authorities of their servers");
    replies->add_option("--reply-tls-certificate", command->reply_tls.certificate, "PEM file of our certificate there");
    replies->add_option("--reply-tls-key", command->reply_tls.key, "PEM file of its key");
    sub->add_option("--count", command->count, "end after this many messages");
    sub->add_flag("--quiet", command->quiet, "do not print what is received");
    sub->callback([command, &exit_code] { exit_code = run(*command); });
}

}  // namespace causeway
