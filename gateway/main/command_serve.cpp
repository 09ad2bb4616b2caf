#include <fmt/core.h>
#include <malloc.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "gateway/main/commands.hpp"
#include "gateway/main/gateway.hpp"
#include "gateway/main/process.hpp"
#include "gateway/ops/log.hpp"

namespace causeway {
namespace {

Exit serve(const std::string& path) {
    harden_process();
    Startup startup = read_startup(path);
    if (!startup.faults.empty()) {
        print_faults(startup.faults);
        return Exit::usage;
    }
    ops::log::configure(ops::log::level_of(startup.config.log.level),
                        startup.config.log.format == "json" ? ops::log::Format::json : ops::log::Format::text);
    if (::geteuid() == 0)
        ops::log::warning("root", {{"note", "serve as a user of its own; see packaging/causeway.service"}});
    for (const ops::Setting& each : ops::settings())
        ops::log::info("setting", {{"name", each.name}, {"value", each.value(startup.config)}});
    try {
        Gateway gateway(std::move(startup));
        ::malloc_trim(0);  // reading definitions and maps has left some tens of megabytes that nobody needs
        gateway.run();
        return Exit::good;
    } catch (const StartFailure& failure) {
        fmt::print(stderr, "causeway: {}\n", failure.message);
        return Exit::failed;
    }
}

}  // namespace

void add_serve_command(CLI::App& app, Exit& exit_code) {
    auto path = std::make_shared<std::string>();
    CLI::App* command = app.add_subcommand("serve", "Serve FHIR over HTTP and HL7 v2 over MLLP");
    command->add_option("--config", *path, "configuration file (TOML); without it, loopback and defaults");
    command->callback([path, &exit_code] { exit_code = serve(*path); });
}

}  // namespace causeway
