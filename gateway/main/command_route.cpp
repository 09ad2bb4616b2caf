#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>

#include "gateway/exchange/router.hpp"
#include "gateway/main/commands.hpp"
#include "gateway/main/startup.hpp"
#include "gateway/storage/memory/memory_store.hpp"
#include "mappings/engine/mapset.hpp"

namespace causeway {
namespace {

struct Options {
    std::string config;
    std::string file;
};

Exit explain(const Options& options) {
    const Startup startup = read_startup(options.config);
    if (!startup.faults.empty()) {
        print_faults(startup.faults);
        return Exit::usage;
    }
    std::ifstream file;
    if (options.file != "-") {
        file.open(options.file, std::ios::binary);
        if (!file) {
            fmt::print(stderr, "causeway: {}: cannot be read\n", options.file);
            return Exit::usage;
        }
    }
    std::istream& in = options.file == "-" ? std::cin : file;
    const std::string bytes((std::istreambuf_iterator<char>(in)), {});
    const auto settings = std::make_shared<const exchange::ExchangeSettings>(startup.exchange);
    const auto envelope = exchange::open_envelope(bytes, *settings);
    if (envelope.refusal) {
        fmt::print(stderr, "causeway: {}: {}\n", options.file, envelope.refusal->text);
        return Exit::bad_data;
    }
    // The rules look at nothing of the store for a v2 message: an empty one stands in for it.
    const auto store = storage::make_memory_store();
    auto maps = mappings::MapSet::load(mappings::MapSet::builtin()).maps;
    std::vector<exchange::ConfigurationFault> faults;
    const exchange::Router router(settings, {*store, std::move(maps), [] { return std::string("0"); }, {}}, faults);
    for (const auto& fault : faults) fmt::print(stderr, "causeway: {}: {}\n", fault.where, fault.text);
    if (!faults.empty()) return Exit::usage;
    for (const auto& line : router.explain(envelope)) fmt::print("{}\n", line);
    return Exit::good;
}

}  // namespace

void add_route_command(CLI::App& app, Exit& exit_code) {
    const auto options = std::make_shared<Options>();
    auto* const command = app.add_subcommand("route", "The routing rules");
    command->require_subcommand(1);
    auto* const explaining = command->add_subcommand("explain", "Which rules a message fires, and why not the others");
    explaining->add_option("--config", options->config, "configuration file (TOML)");
    explaining->add_option("file", options->file, "an HL7 v2 message; - reads standard input")->required();
    explaining->callback([options, &exit_code] { exit_code = explain(*options); });
}

}  // namespace causeway
