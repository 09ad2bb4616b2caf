#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace causeway::fhir::json {

enum class TextFault : unsigned char { none, bad_utf8, nul, lone_surrogate };

/// What one pass over the bytes finds before the parser changes them.
struct TextScan {
    TextFault fault = TextFault::none;
    std::size_t offset = 0;           ///< of the fault
    bool has_newline_escape = false;  ///< some string decodes to a line feed
};

/// UTF-8 (RFC 3629: no overlong forms, no surrogates) and the escapes that UTF-8 could not hold: \u0000 and lone
/// surrogates. About 5 GB/s on ASCII without escapes.
TextScan scan_text(std::string_view bytes) noexcept;

/// Where in the tree the byte stands, as far as the text before it goes: `Patient.name[0].family`. For faults that are
/// found before there is a tree; it allocates and is slow.
std::string path_at(std::string_view bytes, std::size_t offset);

}  // namespace causeway::fhir::json
