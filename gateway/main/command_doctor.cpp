#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "gateway/main/commands.hpp"
#include "gateway/ops/config.hpp"

namespace causeway {
namespace {

struct DoctorOptions {
    bool settings = false;
};

/// The reference page of the settings, in Markdown: docs/configuration.md holds it, and a test compares.
void print_settings() {
    const ops::Config defaults;
    fmt::print("| setting | environment | default | meaning |\n|---|---|---|---|\n");
    for (const ops::Setting& each : ops::settings()) {
        std::string limits;
        if (each.max != 0) limits = fmt::format(" ({} to {})", each.min, each.max);
        if (!each.choices.empty()) limits = fmt::format(" ({})", fmt::join(each.choices, ", "));
        const std::string value = each.value(defaults);
        fmt::print("| `{}` | `{}` | {} | {}{} |\n", each.name, each.environment_name(),
                   value.empty() ? std::string("(empty)") : fmt::format("`{}`", value), each.help, limits);
    }
}

}  // namespace

void add_doctor_command(CLI::App& app, Exit& exit_code) {
    auto options = std::make_shared<DoctorOptions>();
    CLI::App* command = app.add_subcommand("doctor", "Say what is installed, configured and stored, and what to mend");
    command->add_flag("--settings", options->settings, "print the reference table of the settings (Markdown) and end");
    command->callback([options, &exit_code] {
        print_settings();
        exit_code = Exit::good;
    });
}

}  // namespace causeway
