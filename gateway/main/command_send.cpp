#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

#include "gateway/main/commands.hpp"
#include "gateway/main/tls_options.hpp"
#include "gateway/mllp/message_template.hpp"
#include "gateway/mllp/send_run.hpp"
#include "gateway/mllp/stand_in.hpp"

namespace causeway {
namespace {

struct SendCommand {
    std::string to;
    std::vector<std::string> files;
    mllp::SendOptions options;
    std::uint64_t timeout_s = 30;
    std::uint64_t connect_timeout_s = 10;
    bool no_wait = false, show_answers = false, quiet = false;
    ClientTlsOptions tls;
};

bool read_messages(const std::string& name, std::vector<std::string>& out) {
    std::ostringstream text;
    if (name == "-") {
        text << std::cin.rdbuf();
    } else {
        std::ifstream file(name, std::ios::binary);
        if (!file) {
            fmt::print(stderr, "causeway send: cannot read {}\n", name);
            return false;
        }
        text << file.rdbuf();
    }
    auto found = mllp::split_messages(text.str());
    if (found.empty()) {
        fmt::print(stderr, "causeway send: no message (MSH) in {}\n", name);
        return false;
    }
    std::move(found.begin(), found.end(), std::back_inserter(out));
    return true;
}

void print_result(const mllp::SendResult& result, bool with_answer) {
    fmt::print(stderr, "{:>6}  {:<20} {:<6} {:>8.1f} ms  {}\n", result.number, result.control_id, result.code,
               static_cast<double>(result.time.count()) / 1000.0, result.text);
    if (!with_answer) return;
    std::string lines = result.answer;
    std::replace(lines.begin(), lines.end(), '\r', '\n');
    fmt::print(stderr, "{}", lines);
}

Exit run(SendCommand& command) {
    if (!mllp::split_host_port(command.to, command.options.host, command.options.port)) {
        fmt::print(stderr, "causeway send: --to must be HOST:PORT, not {}\n", command.to);
        return Exit::usage;
    }
    std::vector<std::string> messages;
    for (const auto& file : command.files) {
        if (!read_messages(file, messages)) return Exit::usage;
    }
    auto tls = command.tls.open();
    if (tls.has_error()) {
        fmt::print(stderr, "causeway send: {}\n", tls.error().message);
        return Exit::usage;
    }
    command.options.tls = std::move(*tls);
    command.options.connect_timeout = std::chrono::seconds(command.connect_timeout_s);
    command.options.answer_timeout = std::chrono::seconds(command.timeout_s);
    command.options.wait_for_answer = !command.no_wait;
    const auto us =
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count();
    command.options.control_id_prefix = fmt::format("S{}-", us / 1000 % 10'000'000'000);
    boost::asio::io_context io(1);
    const bool each = !command.quiet && (command.show_answers || messages.size() * command.options.repeat <= 100);
    const auto report = mllp::send_all(io, command.options, messages, [&](const mllp::SendResult& result) {
        if (each) print_result(result, command.show_answers);
    });
    fmt::print("{}\n", report.json());
    if (report.sent == 0) return Exit::failed;
    return report.positive == messages.size() * command.options.repeat ? Exit::good : Exit::bad_data;
}

}  // namespace

void add_send_command(CLI::App& app, Exit& exit_code) {
    auto command = std::make_shared<SendCommand>();
    auto* sub = app.add_subcommand("send", "Send HL7 v2 messages over MLLP and report the answers");
    sub->footer(
        "Files hold one or more messages, with any line ends. In them ${control_id}, ${now} and ${n} are filled in.\n"
        "Statistics go to the standard output as one line of JSON; results and answers to the standard error.\n"
        "Exit code: 0 if every answer was AA or CA, 1 if not, 3 if nothing could be sent.");
    sub->add_option("--to", command->to, "HOST:PORT of the listener")->required();
    sub->add_option("files", command->files, "files of messages; - is the standard input")->required();
    sub->add_option("--connections,--concurrency", command->options.connections, "connections at once")
        ->check(CLI::Range(1, 10'000))
        ->capture_default_str();
    sub->add_option("--rate", command->options.per_second,
                    "messages per second over all connections; 0 = as fast as answers come")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    sub->add_option("--repeat", command->options.repeat, "send the whole list this often")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    sub->add_flag("--fresh", command->options.fresh,
                  "give each message a control id (MSH-10) and a time (MSH-7) of its own");
    sub->add_option("--timeout", command->timeout_s, "seconds to wait for an answer")
        ->check(CLI::Range(1, 86'400))
        ->capture_default_str();
    sub->add_option("--connect-timeout", command->connect_timeout_s, "seconds to wait for a connection")
        ->check(CLI::Range(1, 3'600))
        ->capture_default_str();
    sub->add_option("--release", command->options.release, "of MLLP: 2 waits for commit blocks and sends them")
        ->check(CLI::IsMember({1, 2}))
        ->capture_default_str();
    command->tls.add_to(*sub);
    sub->add_flag("--no-wait", command->no_wait, "do not wait for answers");
    sub->add_flag("--show", command->show_answers, "print the answers");
    sub->add_flag("--quiet", command->quiet, "print the statistics only");
    sub->callback([command, &exit_code] { exit_code = run(*command); });
}

}  // namespace causeway
