#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>

#include "fhir/json/json.hpp"
#include "gateway/exchange/router.hpp"
#include "gateway/main/commands.hpp"
#include "gateway/main/startup.hpp"
#include "gateway/ops/clock.hpp"
#include "gateway/storage/memory/memory_store.hpp"
#include "mappings/engine/mapset.hpp"

namespace causeway {
namespace {

struct Options {
    std::string config;
    std::string file;
    std::string on = "create";
    std::string from;
};

std::optional<std::string> bytes_of(const std::string& name) {
    std::ifstream file;
    if (name != "-") {
        file.open(name, std::ios::binary);
        if (!file) return std::nullopt;
    }
    std::istream& in = name == "-" ? std::cin : file;
    return std::string((std::istreambuf_iterator<char>(in)), {});
}

using Lines = std::optional<std::vector<std::string>>;

Lines explain_message(const Options& options, std::string bytes, const exchange::ExchangeSettings& settings,
                      const exchange::Router& router) {
    const auto envelope = exchange::open_envelope(std::move(bytes), settings);
    if (!envelope.refusal) return router.explain(envelope);
    fmt::print(stderr, "causeway: {}: {}\n", options.file, envelope.refusal->text);
    return std::nullopt;
}

Lines explain_resource(const Options& options, std::string bytes, const exchange::Router& router,
                       storage::Store& store) {
    const auto document = fhir::parse_json(std::move(bytes));
    if (document.has_error() || (*document)->resource_type().empty()) {
        fmt::print(stderr, "causeway: {}: {}\n", options.file,
                   document.has_error() ? document.error().message : "is no resource: resourceType is missing");
        return std::nullopt;
    }
    rest::Written written;
    written.type = (*document)->resource_type();
    written.id = (*document)->id();
    written.version.at_us = ops::SystemClock().now_us();
    written.created = options.on == "create";
    written.erased = options.on == "delete";
    if (!written.erased) written.document = *document;
    security::Principal principal;
    if (!options.from.empty()) principal = {security::Principal::Kind::partner, options.from, {}};
    auto snapshot = store.snapshot();
    if (snapshot.has_error()) return std::nullopt;
    return router.explain(written, principal, **snapshot);
}

Exit explain(const Options& options) {
    const Startup startup = read_startup(options.config);
    if (!startup.faults.empty()) {
        print_faults(startup.faults);
        return Exit::usage;
    }
    auto bytes = bytes_of(options.file);
    if (!bytes) {
        fmt::print(stderr, "causeway: {}: cannot be read\n", options.file);
        return Exit::usage;
    }
    const auto settings = std::make_shared<const exchange::ExchangeSettings>(startup.exchange);
    // What the store holds is not looked at: an empty one stands in for it.
    const auto store = storage::make_memory_store();
    auto maps = mappings::MapSet::load(mappings::MapSet::builtin()).maps;
    std::vector<exchange::ConfigurationFault> faults;
    const exchange::Router router(settings, {*store, std::move(maps), [] { return std::string("0"); }, {}}, faults);
    for (const auto& fault : faults) fmt::print(stderr, "causeway: {}: {}\n", fault.where, fault.text);
    if (!faults.empty()) return Exit::usage;
    const auto first = bytes->find_first_not_of(" \t\r\n\xEF\xBB\xBF");
    const bool resource = first != std::string::npos && (*bytes)[first] == '{';
    const auto lines = resource ? explain_resource(options, std::move(*bytes), router, *store)
                                : explain_message(options, std::move(*bytes), *settings, router);
    if (!lines) return Exit::bad_data;
    for (const auto& line : *lines) fmt::print("{}\n", line);
    return Exit::good;
}

}  // namespace

void add_route_command(CLI::App& app, Exit& exit_code) {
    const auto options = std::make_shared<Options>();
    auto* const command = app.add_subcommand("route", "The routing rules");
    command->require_subcommand(1);
    auto* const explaining =
        command->add_subcommand("explain", "Which rules a message or a resource fires, and why not the others");
    explaining->add_option("--config", options->config, "configuration file (TOML)");
    explaining
        ->add_option("file", options->file, "an HL7 v2 message or a FHIR resource in JSON; - reads standard input")
        ->required();
    explaining->add_option("--on", options->on, "of a resource: the write that is asked about")
        ->check(CLI::IsMember({"create", "update", "delete"}))
        ->capture_default_str();
    explaining->add_option("--from", options->from, "of a resource: the partner whose message wrote it");
    explaining->callback([options, &exit_code] { exit_code = explain(*options); });
}

}  // namespace causeway
