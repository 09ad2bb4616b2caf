#pragma once

namespace CLI {
class App;
}

namespace causeway {

/// What a command ends with (README, "Exit codes").
enum class Exit : int { good = 0, bad_data = 1, usage = 2, failed = 3 };

/// Each adds one subcommand, with its options and its action, to the program. A command's action stores its exit code
/// through `exit_code`, which outlives the parse. One file per command: command_<name>.cpp.
using AddCommand = void (*)(CLI::App& app, Exit& exit_code);

}  // namespace causeway
