#include "mappings/engine/diagnostic.hpp"

#include <algorithm>

namespace causeway::mappings {

std::string Diagnostic::to_string() const {
    std::string out = file;
    if (line != 0) out += ":" + std::to_string(line) + ":" + std::to_string(column);
    return out + ": " + code + ": " + text;
}

bool has_errors(const Diagnostics& diagnostics) noexcept {
    return std::any_of(diagnostics.begin(), diagnostics.end(), [](const Diagnostic& d) { return d.is_error(); });
}

}  // namespace causeway::mappings
