#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "gateway/main/commands.hpp"
#include "gateway/main/gateway.hpp"
#include "gateway/main/startup.hpp"
#include "gateway/main/store_place.hpp"
#include "gateway/storage/maintenance.hpp"

namespace causeway {
namespace {

struct Options {
    std::string config;
    std::string file;
};

Exit verify(const Options& options) {
    const Startup startup = read_startup(options.config);
    if (!startup.faults.empty()) {
        print_faults(startup.faults);
        return Exit::usage;
    }
    try {
        const auto secrets = read_secrets(startup.config);
        const auto found =
            storage::check_audit_file(options.file.empty() ? startup.config.storage.path : options.file, secrets);
        if (found.has_error()) {
            fmt::print(stderr, "causeway: audit verify: {}\n", found.error().message);
            return Exit::failed;
        }
        for (const auto& each : found->faults) fmt::print(stderr, "causeway: {}\n", each);
        fmt::print("{{\"rows\":{},\"faults\":{},\"keyed\":{}}}\n", found->rows, found->faults.size(),
                   !secrets.audit.empty());
        return found->faults.empty() ? Exit::good : Exit::bad_data;
    } catch (const StartFailure& failure) {
        fmt::print(stderr, "causeway: {}\n", failure.message);
        return Exit::failed;
    }
}

}  // namespace

void add_audit_command(CLI::App& app, Exit& exit_code) {
    const auto options = std::make_shared<Options>();
    auto* const command = app.add_subcommand("audit", "The audit trail");
    command->require_subcommand(1);
    auto* const verifying = command->add_subcommand(
        "verify", "Walk the chain of audit rows: every changed, removed or reordered row is found");
    verifying->add_option("--config", options->config, "configuration file (TOML)");
    verifying->add_option("file", options->file, "a store or a backup; without it the configured store");
    verifying->callback([options, &exit_code] { exit_code = verify(*options); });
}

}  // namespace causeway
