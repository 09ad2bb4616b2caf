#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "gateway/main/commands.hpp"
#include "gateway/mllp/stand_in.hpp"

namespace causeway {
namespace {

struct ListenCommand {
    std::string address = "127.0.0.1";
    std::uint16_t port = 2576;
    std::string out, script, reply_to;
    std::uint64_t count = 0;
    bool quiet = false;
};

Exit run(const ListenCommand& command) {
    mllp::ListenScript script;
    if (!command.script.empty()) {
        std::ifstream file(command.script, std::ios::binary);
        std::ostringstream text;
        text << file.rdbuf();
        if (!file) {
            fmt::print(stderr, "causeway listen: cannot read {}\n", command.script);
            return Exit::usage;
        }
        auto parsed = mllp::ListenScript::parse(text.str());
        if (parsed.has_error()) {
            fmt::print(stderr, "{}:{}: {}\n", command.script, parsed.error().line, parsed.error().text);
            return Exit::usage;
        }
        script = std::move(*parsed);
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
    mllp::StandIn stand_in(io, std::move(script), std::move(options), [&](std::string_view line) {
        if (command.quiet) return;
        fmt::print("{}\n", line);
        std::fflush(stdout);
    });
    mllp::Listener::Options listening;
    listening.name = "listen";
    listening.allow_plaintext = true;  // a tool for tests; what it hears is made up
    mllp::Listener listener(io, stand_in, listening);
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
        "send FILE [to HOST:PORT] [after TIME]. In files ${control_id}, ${now} and paths such as ${ORC-2} are filled "
        "in.");
    sub->add_option("--address", command->address, "address to listen on")->capture_default_str();
    sub->add_option("--port", command->port, "port to listen on; 0 takes a free one")->capture_default_str();
    sub->add_option("--out", command->out, "folder for the messages received, one file each");
    sub->add_option("--script", command->script, "what to answer");
    sub->add_option("--reply-to", command->reply_to, "HOST:PORT for `send` without `to`");
    sub->add_option("--count", command->count, "end after this many messages");
    sub->add_flag("--quiet", command->quiet, "do not print what is received");
    sub->callback([command, &exit_code] { exit_code = run(*command); });
}

}  // namespace causeway
