#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::mappings {

/// One map file as text. Which files there are is the caller's business: this layer reads no files.
struct MapSource {
    std::string name;  ///< as messages to people shall name it, e.g. "mappings/maps/31_patient.map"
    std::string text;
};

/// Where something stands in the sources of a MapSet; line and column count from 1, 0 = not known.
struct Place {
    std::uint32_t file = 0;  ///< index into the sources
    std::uint32_t line = 0;
    std::uint32_t column = 0;
    std::string_view site;  ///< the site declaration it stands in; empty = the library. Borrows from the source
};

/// One message to the author of a map: `file:line:column: code: what, in the words of the file; what to do`.
/// E0xx syntax, E1xx static, W2xx a warning that does not stop the map from being used.
struct Diagnostic {
    std::string code;
    std::string file;
    std::uint32_t line = 0;
    std::uint32_t column = 0;
    std::string text;

    bool is_error() const noexcept { return !code.empty() && code.front() == 'E'; }
    std::string to_string() const;
};
using Diagnostics = std::vector<Diagnostic>;

bool has_errors(const Diagnostics& diagnostics) noexcept;

}  // namespace causeway::mappings
