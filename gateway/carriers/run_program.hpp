#pragma once
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::carriers {

/// How a program ended.
struct Ended {
    int code = -1;  ///< exit code; -1: it could not be started, was killed, or took too long (`failure` says which)
    std::string output;  ///< standard output, at most 4 MB
    std::string failure;
};

/// Runs a program without a shell, its standard input from a string, standard error thrown away. Kills it when the time
/// is up. Blocking.
Ended run_program_blocking(const std::vector<std::string>& arguments, std::string_view input,
                           std::chrono::milliseconds time_max);

}  // namespace causeway::carriers
