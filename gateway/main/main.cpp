#include <fmt/core.h>
#include <malloc.h>

#include <CLI/CLI.hpp>

#include "gateway/main/commands.hpp"
#include "gateway/main/version.hpp"

namespace causeway {
void add_audit_command(CLI::App& app, Exit& exit_code);
void add_backup_command(CLI::App& app, Exit& exit_code);
void add_convert_command(CLI::App& app, Exit& exit_code);
void add_doctor_command(CLI::App& app, Exit& exit_code);
void add_fhirpath_command(CLI::App& app, Exit& exit_code);
void add_hl7_command(CLI::App& app, Exit& exit_code);
void add_listen_command(CLI::App& app, Exit& exit_code);
void add_load_command(CLI::App& app, Exit& exit_code);
void add_maps_command(CLI::App& app, Exit& exit_code);
void add_match_command(CLI::App& app, Exit& exit_code);
void add_partner_command(CLI::App& app, Exit& exit_code);
void add_restore_command(CLI::App& app, Exit& exit_code);
void add_rekey_command(CLI::App& app, Exit& exit_code);
void add_route_command(CLI::App& app, Exit& exit_code);
void add_serve_command(CLI::App& app, Exit& exit_code);
void add_send_command(CLI::App& app, Exit& exit_code);
void add_trace_command(CLI::App& app, Exit& exit_code);
void add_validate_command(CLI::App& app, Exit& exit_code);
void add_terminology_command(CLI::App& app, Exit& exit_code);
}  // namespace causeway

namespace {

using causeway::AddCommand;
using causeway::Exit;

/// Every command of the program, in the order in which `--help` lists them.
// clang-format off
constexpr AddCommand commands[] = {
    causeway::add_serve_command,
    causeway::add_doctor_command,
    causeway::add_load_command,
    causeway::add_convert_command,
    causeway::add_maps_command,
    causeway::add_send_command,
    causeway::add_listen_command,
    causeway::add_hl7_command,      causeway::add_validate_command,
    causeway::add_fhirpath_command, causeway::add_terminology_command,
    causeway::add_match_command,
    causeway::add_backup_command,
    causeway::add_restore_command,
    causeway::add_rekey_command,
    causeway::add_audit_command,
    causeway::add_route_command,
    causeway::add_partner_command,
    causeway::add_trace_command,
};
// clang-format on

/// A document is some hundreds of kilobytes that live for one request. glibc gives such memory back to the kernel at
/// once and has it faulted in again page by page, which costs as much as the parsing; up to 16 MB of it stay.
void keep_freed_memory() {
    constexpr int map_from_bytes = 2 << 20;
    constexpr int kept_bytes = 16 << 20;
    mallopt(M_MMAP_THRESHOLD, map_from_bytes);
    mallopt(M_TRIM_THRESHOLD, kept_bytes);
}

}  // namespace

int main(int argc, char** argv) {
    keep_freed_memory();
    CLI::App app("Causeway: a FHIR R4 / HL7 v2 interoperability gateway", "causeway");
    app.require_subcommand(1);
    app.set_version_flag(
        "--version", [] { return causeway::version_text(); }, "versions of the program and its libraries");
    Exit exit_code = Exit::good;
    for (const AddCommand add : commands) add(app, exit_code);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : static_cast<int>(Exit::usage);
    } catch (const std::exception& error) {
        fmt::print(stderr, "causeway: {}\n", error.what());
        return static_cast<int>(Exit::failed);
    }
    return static_cast<int>(exit_code);
}
