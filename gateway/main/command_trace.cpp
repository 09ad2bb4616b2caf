#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "gateway/main/admin_client.hpp"
#include "gateway/main/commands.hpp"
#include "gateway/main/startup.hpp"

namespace causeway {
namespace {

struct Options {
    std::string config;
    std::int64_t message = 0;
    bool lineage = false, provenance = false;
};

Exit trace(const Options& options) {
    const Startup startup = read_startup(options.config);
    if (!startup.faults.empty()) {
        print_faults(startup.faults);
        return Exit::usage;
    }
    const auto answer = ask_gateway(startup.config, fmt::format("/admin/messages/{}{}", options.message,
                                                                options.lineage      ? "/lineage"
                                                                : options.provenance ? "/provenance"
                                                                                     : ""));
    if (answer.status == 200) {
        fmt::print("{}\n", answer.body);
        return Exit::good;
    }
    fmt::print(stderr, "causeway: trace: {}\n",
               answer.status == 0     ? "the gateway cannot be asked: " + answer.body
               : answer.status == 404 ? "there is no such message"
                                      : fmt::format("the gateway answered {}", answer.status));
    return answer.status == 404 ? Exit::bad_data : Exit::failed;
}

}  // namespace

void add_trace_command(CLI::App& app, Exit& exit_code) {
    const auto options = std::make_shared<Options>();
    auto* const command = app.add_subcommand(
        "trace",
        "What became of a received message: its bytes, answer, resources, map trace, residue and what it sent");
    command->add_option("--config", options->config, "configuration file (TOML) of the running gateway");
    command->add_option("id", options->message, "the message's number in the inbox")->required();
    auto* const lineage =
        command->add_flag("--lineage", options->lineage, "which field made which element by which line of the maps");
    command->add_flag("--provenance", options->provenance, "the same as a Bundle of Provenance")->excludes(lineage);
    command->callback([options, &exit_code] { exit_code = trace(*options); });
}

}  // namespace causeway
