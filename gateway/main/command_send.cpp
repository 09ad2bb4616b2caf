#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

#include "gateway/main/commands.hpp"
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
    bool no_wait = false, show_answers = false, quiet = false;
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
    fmt::print("{:>6}  {:<20} {:<6} {:>8.1f} ms  {}\n", result.number, result.control_id, result.code,
               static_cast<double>(result.time.count()) / 1000.0, result.text);
    if (!with_answer) return;
    std::string lines = result.answer;
    std::replace(lines.begin(), lines.end(), '\r', '\n');
    fmt::print("{}", lines);
}

void print_report(const mllp::SendReport& report) {
    fmt::print("{} sent in {:.3f} s, {:.1f}/s: {} positive, {} negative, {} with a wrong MSA-2, {} failed\n",
               report.sent, static_cast<double>(report.elapsed.count()) / 1e6, report.per_second(), report.positive,
               report.negative, report.mismatched, report.failed);
    if (report.times_us.empty()) return;
    fmt::print("answer after, ms: min {:.2f}, p50 {:.2f}, p90 {:.2f}, p99 {:.2f}, max {:.2f}\n",
               report.percentile_us(0) / 1e3, report.percentile_us(0.5) / 1e3, report.percentile_us(0.9) / 1e3,
               report.percentile_us(0.99) / 1e3, report.percentile_us(1) / 1e3);
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
    print_report(report);
    if (report.sent == 0) return Exit::failed;
    return report.positive == messages.size() * command.options.repeat ? Exit::good : Exit::bad_data;
}

}  // namespace

void add_send_command(CLI::App& app, Exit& exit_code) {
    auto command = std::make_shared<SendCommand>();
    auto* sub = app.add_subcommand("send", "Send HL7 v2 messages over MLLP and report the answers");
    sub->footer(
        "Files hold one or more messages, with any line ends. In them ${control_id}, ${now} and ${n} are filled in.\n"
        "Exit code: 0 if every answer was AA or CA, 1 if not, 3 if nothing could be sent.");
    sub->add_option("--to", command->to, "HOST:PORT of the listener")->required();
    sub->add_option("files", command->files, "files of messages; - is the standard input")->required();
    sub->add_option("--connections", command->options.connections, "connections at once")
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
    sub->add_flag("--no-wait", command->no_wait, "do not wait for answers");
    sub->add_flag("--show", command->show_answers, "print the answers");
    sub->add_flag("--quiet", command->quiet, "print the summary only");
    sub->callback([command, &exit_code] { exit_code = run(*command); });
}

}  // namespace causeway
