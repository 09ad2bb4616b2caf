#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>

#include "fhir/terminology/terminology.hpp"
#include "gateway/main/commands.hpp"
#include "gateway/ops/config.hpp"
#include "gateway/terminology/concept_files.hpp"
#include "gateway/terminology/import.hpp"

namespace causeway {
namespace {

struct Options {
    std::string config;
    std::string folder;
    std::string system;
    terminology::ImportOptions import;
    std::vector<std::string> files;
    std::string code;
};

/// --folder, or what the configuration says.
std::filesystem::path folder_of(const Options& options) {
    if (!options.folder.empty()) return options.folder;
    std::ostringstream text;
    if (!options.config.empty()) {
        std::ifstream in(options.config, std::ios::binary);
        if (!in) throw std::runtime_error(options.config + ": cannot be read");
        text << in.rdbuf();
    }
    const auto loaded = ops::load_config(text.str(), options.config, ops::process_environment());
    for (const auto& fault : loaded.faults) throw std::runtime_error(fault.where + ": " + fault.text);
    return loaded.config.terminology.path;
}

Exit import_files(const Options& options) {
    const auto* system = terminology::find_importable(options.system);
    std::vector<std::filesystem::path> files(options.files.begin(), options.files.end());
    try {
        const auto report = terminology::import_system(*system, files, folder_of(options), options.import);
        fmt::print("{} {}: {} codes, {} further names, {} properties, {} links to parents\n", system->title,
                   report.version, report.concepts, report.names, report.properties, report.links);
        for (const auto& note : report.notes) fmt::print("note: {}\n", note);
        return Exit::good;
    } catch (const std::runtime_error& error) {
        fmt::print(stderr, "{}\n", error.what());
        return Exit::bad_data;
    }
}

Exit list(const Options& options) {
    const terminology::ConceptFiles files(folder_of(options));
    const auto loaded = files.systems();
    for (const auto& system : loaded)
        fmt::print("{}\t{}\t{}\t{} codes\n", system.title, system.url, system.version, system.concepts);
    if (loaded.empty()) fmt::print("no code system is imported\n");
    return Exit::good;
}

Exit take_away(const Options& options) {
    if (terminology::remove_system(*terminology::find_importable(options.system), folder_of(options)))
        return Exit::good;
    fmt::print(stderr, "{} is not imported\n", options.system);
    return Exit::bad_data;
}

Exit lookup(const Options& options) {
    fhir::TerminologyBuilder builder(fhir::Terminology::built_in());
    builder.set_store(std::make_shared<terminology::ConceptFiles>(folder_of(options)));
    const auto all = std::move(builder).build();
    const auto* known = terminology::find_importable(options.system);
    const auto found = all->lookup({known ? known->url : std::string_view(options.system), options.code});
    if (found.has_error()) {
        fmt::print(stderr, "{}\n", found.error().message);
        return Exit::bad_data;
    }
    fmt::print("display\t{}\n", found->display);
    if (!found->version.empty()) fmt::print("version\t{}\n", found->version);
    if (!found->definition.empty()) fmt::print("definition\t{}\n", found->definition);
    if (found->is_inactive) fmt::print("inactive\ttrue\n");
    if (found->is_abstract) fmt::print("notSelectable\ttrue\n");
    for (const auto& name : found->designations)
        fmt::print("designation\t{}\t{}\t{}\n", name.language, name.use, name.value);
    for (const auto& code : found->parents) fmt::print("parent\t{}\n", code);
    for (const auto& code : found->children) fmt::print("child\t{}\n", code);
    for (const auto& property : found->properties)
        fmt::print("{}\t{}{}{}\n", property.code, property.value, property.description.empty() ? "" : "\t",
                   property.description);
    return Exit::good;
}

}  // namespace

void add_terminology_command(CLI::App& app, Exit& exit_code) {
    auto* const command = app.add_subcommand(
        "terminology", "code systems too large to be built in: imported from their publishers' files");
    command->require_subcommand(1);
    const auto options = std::make_shared<Options>();
    std::vector<std::string> names;
    std::string files_help = "the publisher's files:";
    for (const auto& system : terminology::importable_systems()) {
        names.emplace_back(system.name);
        files_help += fmt::format("\n  {}: {}", system.name, system.files);
    }
    const auto add = [&](const char* name, const char* help, Exit (*run)(const Options&)) {
        auto* const sub = command->add_subcommand(name, help);
        sub->add_option("--config", options->config, "the gateway's configuration, for [terminology] path");
        sub->add_option("--folder", options->folder, "the folder of imported systems, instead of the configured one");
        sub->callback([options, run, &exit_code] { exit_code = run(*options); });
        return sub;
    };
    auto* const import =
        add("import", "reads files and puts a system in the place of what was imported before", import_files);
    import->add_option("--system", options->system, "which system")->required()->check(CLI::IsMember(names));
    import->add_option("--version", options->import.version, "its version; without it as the files say");
    import->add_option("--language-refset", options->import.language_refset,
                       "SNOMED CT: the language reference set whose preferred terms are displayed (US English)");
    import->add_option("files", options->files, files_help)->required();
    add("list", "what is imported", list);
    add("remove", "takes an imported system away", take_away)
        ->add_option("--system", options->system, "which system")
        ->required()
        ->check(CLI::IsMember(names));
    auto* const find = add("lookup", "what is known of a code, built in or imported", lookup);
    find->add_option("system", options->system, "an importable system's name, or any system's URL")->required();
    find->add_option("code", options->code, "the code")->required();
}

}  // namespace causeway
