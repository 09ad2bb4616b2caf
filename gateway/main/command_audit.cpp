#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>

#include "fhir/json/json.hpp"
#include "gateway/main/commands.hpp"
#include "gateway/main/gateway.hpp"
#include "gateway/main/startup.hpp"
#include "gateway/main/store_place.hpp"
#include "gateway/security/trail/anchor.hpp"
#include "gateway/security/trail/event.hpp"
#include "gateway/security/trail/keeper.hpp"
#include "gateway/storage/maintenance.hpp"
#include "gateway/storage/sqlite/sqlite_store.hpp"

namespace causeway {
namespace {

struct Options {
    std::string config;
    std::string file;
    std::string anchors, anchor_key;
    std::int64_t older_than_days = 0;
};

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(file)), {});
    if (!file) throw StartFailure{path + " cannot be read"};
    return text;
}

/// The anchors to hold the chain against: of the options, else of the configuration; none if neither names any.
security::Anchors anchors_of(const Options& options, const ops::Config& config) {
    const auto& file = options.anchors.empty() ? config.audit.anchor_file : options.anchors;
    if (file.empty()) return {};
    const auto& key_file = options.anchor_key.empty() ? config.audit.anchor_key_file : options.anchor_key;
    if (key_file.empty())
        throw StartFailure{"anchors are worth nothing without the key that checks them (--anchor-key)"};
    auto key = security::AnchorKey::read(key_file);
    if (const auto* fault = std::get_if<std::string>(&key)) throw StartFailure{*fault};
    auto anchors = security::read_anchors(read_file(file), &std::get<security::AnchorKey>(key));
    if (anchors.marks.empty() && anchors.faults.empty()) anchors.faults.push_back("anchors: " + file + " holds none");
    return anchors;
}

template <class Job>
Exit with_configuration(const Options& options, Job job) {
    const Startup startup = read_startup(options.config);
    if (!startup.faults.empty()) {
        print_faults(startup.faults);
        return Exit::usage;
    }
    try {
        return job(startup.config);
    } catch (const StartFailure& failure) {
        fmt::print(stderr, "causeway: {}\n", failure.message);
        return Exit::failed;
    }
}

Exit verify(const Options& options, const ops::Config& config) {
    const auto secrets = read_secrets(config);
    const auto anchors = anchors_of(options, config);
    const auto found =
        storage::check_audit_file(options.file.empty() ? config.storage.path : options.file, secrets, anchors.marks);
    if (found.has_error()) {
        fmt::print(stderr, "causeway: audit verify: {}\n", found.error().message);
        return Exit::failed;
    }
    for (const auto* const list : {&anchors.faults, &found->faults})
        for (const auto& each : *list) fmt::print(stderr, "causeway: {}\n", each);
    const auto faults = anchors.faults.size() + found->faults.size();
    fmt::print("{{\"rows\":{},\"faults\":{},\"keyed\":{},\"anchors\":{}}}\n", found->rows, faults,
               !secrets.audit.empty(), anchors.marks.size());
    return faults == 0 ? Exit::good : Exit::bad_data;
}

/// The store, opened as the gateway opens it: no other process may have it.
std::unique_ptr<storage::Store> open_alone(const ops::Config& config) {
    storage::SqliteOptions options;
    options.file = config.storage.path;
    options.secrets = read_secrets(config);
    auto store = storage::open_sqlite(std::move(options));
    if (store.has_error()) throw StartFailure{store.error().message};
    return std::move(*store);
}

Exit purge(const Options& options, const ops::Config& config) {
    const auto store = open_alone(config);
    const ops::SystemClock clock;
    constexpr std::int64_t day_us = std::int64_t{86'400} * 1'000'000;
    const auto gone = security::purge_trail(*store, clock.now_us() - options.older_than_days * day_us, "command-line");
    store->close();
    if (gone.has_error()) {
        fmt::print(stderr, "causeway: audit purge: {}\n", gone.error().message);
        return Exit::failed;
    }
    fmt::print("{{\"rows\":{}}}\n", *gone);
    return Exit::good;
}

}  // namespace

void add_audit_command(CLI::App& app, Exit& exit_code) {
    const auto options = std::make_shared<Options>();
    auto* const command = app.add_subcommand("audit", "The audit trail");
    command->require_subcommand(1);
    auto* const verifying = command->add_subcommand(
        "verify", "Walk the chain of audit rows: every changed, removed or reordered row is found");
    verifying->add_option("--config", options->config, "configuration file (TOML)");
    verifying->add_option("--anchors", options->anchors,
                          "file of anchors: a cut end is found too; without it audit.anchor_file");
    verifying->add_option("--anchor-key", options->anchor_key,
                          "PEM file of the key that signed them, or its public half; without it audit.anchor_key_file");
    verifying->add_option("file", options->file, "a store or a backup; without it the configured store");
    verifying->callback([options, &exit_code] {
        exit_code = with_configuration(*options, [&](const ops::Config& config) { return verify(*options, config); });
    });
    auto* const purging = command->add_subcommand(
        "purge", "Remove old rows; the chain then begins after them, signed; the gateway must not be running");
    purging->add_option("--config", options->config, "configuration file (TOML)");
    purging->add_option("--older-than-days", options->older_than_days, "rows older than this go")
        ->required()
        ->check(CLI::Range(1, 36'500));
    purging->callback([options, &exit_code] {
        exit_code = with_configuration(*options, [&](const ops::Config& config) { return purge(*options, config); });
    });
}

}  // namespace causeway
