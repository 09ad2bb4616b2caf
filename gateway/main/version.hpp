#pragma once
#include <string>

namespace causeway {

/// What `causeway --version` prints: the program, and each library it was compiled with and runs with, a line each. Where
/// the two differ both are said.
std::string version_text();

}  // namespace causeway
