#pragma once
#include <memory>
#include <string>
#include <vector>

#include "gateway/main/commands.hpp"
#include "mappings/engine/mapset.hpp"

/// What the subcommands of `causeway maps` share; each family of them has its own command_maps_<name>.cpp.
namespace causeway::maps_command {

/// Which maps a command is about.
struct Choice {
    std::string library;  ///< a folder in place of the shipped maps; empty = the shipped ones
    std::string maps;     ///< a folder of the operator's own maps on top; empty = none
    std::string site;

    void add_options(CLI::App& command);
};

/// The plan chosen, or null after the faults were printed.
mappings::PlanPtr load_plan(const Choice& choice);
/// The maps chosen, with diagnostics that are warnings; null after printing when there are errors.
std::shared_ptr<const mappings::MapSet> load_maps(const Choice& choice);
mappings::MapSet::Loaded load_all(const Choice& choice);

/// Files with that extension, in the folder and those in it, by name. A file given itself is the answer.
std::vector<std::string> files_below(const std::string& path, const std::string& extension);
bool read_text(const std::string& file, std::string& out);
/// A message as people keep it: lines may end in LF.
std::string as_message(std::string text);

/// Adds `coverage` and `test`, which run messages, and `preview`, which runs stored ones.
void add_coverage(CLI::App& maps, Exit& exit_code);
void add_test(CLI::App& maps, Exit& exit_code);
void add_preview(CLI::App& maps, Exit& exit_code);

}  // namespace causeway::maps_command
