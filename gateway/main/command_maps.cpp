#include "gateway/main/command_maps.hpp"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "gateway/main/map_files.hpp"
#include "hl7v2/charset.hpp"
#include "mappings/engine/check.hpp"
#include "mappings/engine/explain.hpp"
#include "mappings/engine/plan.hpp"
#include "mappings/engine/reference.hpp"

namespace causeway {
namespace maps_command {

void Choice::add_options(CLI::App& command) {
    command.add_option("--maps", maps, "a folder of map files on top of the shipped ones")
        ->check(CLI::ExistingDirectory);
    command.add_option("--library", library, "a folder of map files in place of the shipped ones")
        ->check(CLI::ExistingDirectory);
    command.add_option("--site", site, "the maps as this site has them");
}

mappings::MapSet::Loaded load_all(const Choice& choice) {
    auto sources = choice.library.empty() ? mappings::MapSet::builtin() : read_map_files(choice.library);
    if (!choice.maps.empty())
        for (auto& each : read_map_files(choice.maps)) sources.push_back(std::move(each));
    return mappings::MapSet::load(std::move(sources));
}

std::shared_ptr<const mappings::MapSet> load_maps(const Choice& choice) {
    auto loaded = load_all(choice);
    for (const auto& diagnostic : loaded.diagnostics) fmt::print(stderr, "{}\n", diagnostic.to_string());
    return std::move(loaded.maps);
}

mappings::PlanPtr load_plan(const Choice& choice) {
    const auto maps = load_maps(choice);
    if (!maps) return nullptr;
    auto plan = maps->plan(choice.site);
    if (!plan) fmt::print(stderr, "causeway maps: there is no site {}\n", choice.site);
    return plan;
}

std::vector<std::string> files_below(const std::string& path, const std::string& extension) {
    std::vector<std::string> files;
    std::error_code error;
    if (std::filesystem::is_regular_file(path, error)) return {path};
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path, error))
        if (entry.is_regular_file() && entry.path().extension() == extension) files.push_back(entry.path().string());
    std::sort(files.begin(), files.end());
    return files;
}

bool read_text(const std::string& file, std::string& out) {
    std::ifstream in(file, std::ios::binary);
    if (!in) return false;
    out.assign(std::istreambuf_iterator<char>(in), {});
    return true;
}

std::string as_message(std::string text) {
    if (text.find('\r') == std::string::npos) {
        std::replace(text.begin(), text.end(), '\n', '\r');
    } else {
        std::erase(text, '\n');
    }
    while (text.size() > 1 && text[text.size() - 1] == '\r' && text[text.size() - 2] == '\r') text.pop_back();
    return hl7v2::decode_to_utf8(text).text;
}

}  // namespace maps_command

namespace {

using maps_command::Choice;

struct CheckCommand {
    Choice choice;
    bool quiet = false;
};

/// Faults first; what is only worth knowing after them, for the library and for each site.
Exit check(const CheckCommand& command) {
    const auto loaded = maps_command::load_all(command.choice);
    std::size_t errors = 0, warnings = 0;
    for (const auto& each : loaded.diagnostics) {
        fmt::print("{}\n", each.to_string());
        ++(each.is_error() ? errors : warnings);
    }
    if (loaded.maps && !command.quiet) {
        std::vector<std::string> sites = {command.choice.site};
        if (command.choice.site.empty())
            for (auto& site : loaded.maps->sites()) sites.push_back(std::move(site));
        mappings::Diagnostics said;
        for (const auto& site : sites) {
            const auto plan = loaded.maps->plan(site);
            if (!plan) {
                fmt::print(stderr, "causeway maps: there is no site {}\n", site);
                return Exit::usage;
            }
            for (auto& each : mappings::check(*plan)) {
                const bool known = std::any_of(said.begin(), said.end(), [&](const mappings::Diagnostic& old) {
                    return old.code == each.code && old.file == each.file && old.line == each.line;
                });
                if (known) continue;
                fmt::print("{}{}\n", each.to_string(), site.empty() ? "" : " (site " + site + ")");
                ++warnings;
                said.push_back(std::move(each));
            }
        }
    }
    if (loaded.maps) {
        const auto plan = loaded.maps->plan(command.choice.site);
        fmt::print("{} messages, {} maps, {} types, {} tables, {} lines; {} sites\n", plan->messages.size(),
                   plan->maps.size(), plan->types.size(), plan->tables.size(), plan->lines.size() - 1,
                   loaded.maps->sites().size());
    }
    fmt::print("{} errors, {} warnings\n", errors, warnings);
    return errors == 0 ? Exit::good : Exit::bad_data;
}

struct ExplainCommand {
    Choice choice;
    std::vector<std::string> places;
    std::string base;
    bool differences = false;
};

Exit explain(const ExplainCommand& command) {
    const auto maps = maps_command::load_maps(command.choice);
    if (!maps) return Exit::bad_data;
    const auto plan = maps->plan(command.choice.site);
    const auto base = maps->plan(command.base == "base" ? std::string() : command.base);
    if (!plan || !base) {
        fmt::print(stderr, "causeway maps: there is no site {}\n", plan ? command.base : command.choice.site);
        return Exit::usage;
    }
    if (!command.base.empty()) {
        fmt::print("{}", mappings::print_difference(*base, *plan));
        return Exit::good;
    }
    if (command.places.empty()) fmt::print("{}", mappings::print_lines(*plan));
    Exit result = Exit::good;
    for (const auto& place : command.places) {
        const auto text = mappings::explain(*plan, place);
        if (text.empty()) {
            fmt::print(stderr, "causeway maps: no map says anything about {}{}\n", place,
                       mappings::nearest_place(*plan, place));
            result = Exit::bad_data;
        } else {
            fmt::print("{}\n{}", place, text);
        }
    }
    return result;
}

}  // namespace

void add_maps_command(CLI::App& app, Exit& exit_code) {
    auto* maps = app.add_subcommand("maps", "Check, explain, test and compare the maps between HL7 v2 and FHIR");
    maps->require_subcommand(1);

    auto checking = std::make_shared<CheckCommand>();
    auto* sub = maps->add_subcommand("check", "Say everything that is wrong or doubtful in the maps");
    checking->choice.add_options(*sub);
    sub->add_flag("--quiet", checking->quiet, "errors only");
    sub->footer("Exit code: 0 if there is no error, 1 otherwise.");
    sub->callback([checking, &exit_code] { exit_code = check(*checking); });

    auto explaining = std::make_shared<ExplainCommand>();
    sub = maps->add_subcommand("explain", "Say which lines and tables a field or an element goes through");
    explaining->choice.add_options(*sub);
    sub->add_option("places", explaining->places, "PID-3, CX.4, Patient.identifier, or a name; none = every line");
    sub->add_option("--diff", explaining->base,
                    "instead, print what differs from this site ('base': from the library)");
    sub->callback([explaining, &exit_code] { exit_code = explain(*explaining); });

    auto referring = std::make_shared<Choice>();
    sub =
        maps->add_subcommand("reference", "Print the reference of codecs, functions, settings and messages (Markdown)");
    referring->add_options(*sub);
    sub->callback([referring, &exit_code] {
        const auto plan = maps_command::load_plan(*referring);
        if (plan) fmt::print("{}", mappings::reference(*plan));
        exit_code = plan ? Exit::good : Exit::bad_data;
    });

    maps_command::add_coverage(*maps, exit_code);
    maps_command::add_test(*maps, exit_code);
    maps_command::add_preview(*maps, exit_code);
}

}  // namespace causeway
