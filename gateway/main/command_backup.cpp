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
    std::string file;  ///< the backup
    std::string key;   ///< of rekey: the new one's source
    bool replace = false;
};

Exit report(const storage::Result<storage::BackupReport>& outcome, const char* what) {
    if (outcome.has_error()) {
        fmt::print(stderr, "causeway: {}: {}\n", what, outcome.error().message);
        return outcome.error().code == storage::FailureCode::corrupt ? Exit::bad_data : Exit::failed;
    }
    fmt::print("{{\"bytes\":{},\"sha256\":\"{}\",\"lastVersion\":{}}}\n", outcome->bytes, outcome->sha256,
               outcome->last_vid);
    return Exit::good;
}

template <class Job>
Exit with_store(const Options& options, Job job) {
    const Startup startup = read_startup(options.config);
    if (!startup.faults.empty()) {
        print_faults(startup.faults);
        return Exit::usage;
    }
    try {
        return job(startup.config.storage.path, read_secrets(startup.config));
    } catch (const StartFailure& failure) {
        fmt::print(stderr, "causeway: {}\n", failure.message);
        return Exit::failed;
    }
}

}  // namespace

void add_backup_command(CLI::App& app, Exit& exit_code) {
    const auto options = std::make_shared<Options>();
    auto* const command = app.add_subcommand(
        "backup", "Copy the store to a new file and check the copy; the gateway may be running meanwhile");
    command->add_option("--config", options->config, "configuration file (TOML)");
    command->add_option("file", options->file, "where the copy goes; must not exist")->required();
    command->callback([options, &exit_code] {
        exit_code = with_store(*options, [&](const std::string& store, const storage::StoreSecrets& secrets) {
            return report(storage::backup_file(store, options->file, secrets), "backup");
        });
    });
}

void add_restore_command(CLI::App& app, Exit& exit_code) {
    const auto options = std::make_shared<Options>();
    auto* const command = app.add_subcommand(
        "restore", "Put a checked copy of a backup in the place of the store; the gateway must not be running");
    command->add_option("--config", options->config, "configuration file (TOML)");
    command->add_option("file", options->file, "the backup")->required();
    command->add_flag("--replace", options->replace, "rename a store that is there (it is kept)");
    command->callback([options, &exit_code] {
        exit_code = with_store(*options, [&](const std::string& store, const storage::StoreSecrets& secrets) {
            return report(storage::restore_file(options->file, store, secrets, options->replace), "restore");
        });
    });
}

void add_rekey_command(CLI::App& app, Exit& exit_code) {
    const auto options = std::make_shared<Options>();
    auto* const command = app.add_subcommand(
        "rekey", "Encrypt the store under another key, or make it plain; the gateway must not be running");
    command->add_option("--config", options->config, "configuration file (TOML); its storage.page_key opens the store");
    command
        ->add_option("--to", options->key, "the new key: file:PATH, env:NAME or command:LINE; none for a plain store")
        ->required();
    command->callback([options, &exit_code] {
        exit_code = with_store(*options, [&](const std::string& store, const storage::StoreSecrets& secrets) {
            const auto key = options->key == "none" ? std::string() : read_page_key(options->key, "--to");
            return report(storage::rekey_file(store, secrets, key), "rekey");
        });
    });
}

}  // namespace causeway
