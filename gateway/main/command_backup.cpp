#include <fmt/core.h>
#include <pwd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "gateway/http/client.hpp"
#include "gateway/main/commands.hpp"
#include "gateway/main/gateway.hpp"
#include "gateway/main/startup.hpp"
#include "gateway/main/store_place.hpp"
#include "gateway/ops/clock.hpp"
#include "gateway/security/trail/note_handler.hpp"
#include "gateway/storage/maintenance.hpp"
#include "gateway/storage/sqlite/sqlite_store.hpp"

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

/// The command's row in the audit trail of the store it worked on: written by the gateway that has it open, else by us.
void note_in_trail(const ops::Config& config, std::string_view operation) {
    const auto* const entry = ::getpwuid(::getuid());
    const std::string user = entry && entry->pw_name ? entry->pw_name : std::to_string(::getuid());
    storage::SqliteOptions options;
    options.file = config.storage.path;
    options.secrets = read_secrets(config);
    auto store = storage::open_sqlite(std::move(options));
    if (store.has_value()) {
        const ops::SystemClock clock;
        const auto row = security::command_row(operation, user, clock.now_us());
        const auto written = storage::transact_blocking(
            **store, [&row](storage::Transaction& transaction) { return transaction.append_audit(row); });
        (*store)->close();
        if (written.has_value()) return;
    } else if (store.error().code == storage::FailureCode::locked) {
        http::ClientRequest request;
        request.method = "POST";
        request.url.encrypted = !config.http.tls_certificate.empty();
        request.url.host = config.http.address;
        request.url.port = static_cast<std::uint16_t>(config.http.port);
        request.url.target = fmt::format("/admin/audit?operation={}&user={}", operation, user);
        request.ca_file = config.security.fetch_ca;
        if (http::fetch_blocking(request).status == 204) return;
    }
    fmt::print(stderr, "causeway: {}: done, but no row of it could be written into the audit trail\n", operation);
}

template <class Job>
Exit with_store(const Options& options, Job job) {
    const Startup startup = read_startup(options.config);
    if (!startup.faults.empty()) {
        print_faults(startup.faults);
        return Exit::usage;
    }
    try {
        return job(startup.config, read_secrets(startup.config));
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
        exit_code = with_store(*options, [&](const ops::Config& config, const storage::StoreSecrets& secrets) {
            const auto done = report(storage::backup_file(config.storage.path, options->file, secrets), "backup");
            if (done == Exit::good) note_in_trail(config, "backup");
            return done;
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
        exit_code = with_store(*options, [&](const ops::Config& config, const storage::StoreSecrets& secrets) {
            const auto done =
                report(storage::restore_file(options->file, config.storage.path, secrets, options->replace), "restore");
            if (done == Exit::good) note_in_trail(config, "restore");
            return done;
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
        exit_code = with_store(*options, [&](const ops::Config& config, const storage::StoreSecrets& secrets) {
            const auto key = options->key == "none" ? std::string() : read_page_key(options->key, "--to");
            return report(storage::rekey_file(config.storage.path, secrets, key), "rekey");
        });
    });
}

}  // namespace causeway
