#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "hl7v2/delimiters.hpp"

namespace causeway::hl7v2 {

/// What was met while escape sequences were decoded. Nothing is ever dropped without a trace here.
struct EscapeNotes {
    std::size_t unknown = 0;        ///< sequences kept as they stand: not in the standard, unclosed, or `\Zxx\`
    std::size_t layout = 0;         ///< highlighting and indenting commands that plain text cannot show
    std::size_t charset = 0;        ///< `\Cxxyy\`, `\Mxxyyzz\` kept as they stand: decode_to_utf8 resolves them
    std::size_t invalid_bytes = 0;  ///< `\X..\` that did not yield UTF-8; U+FFFD stands there
};

/// Appends the plain text of `raw` to `out` (2.5.1 section 2.7): delimiters, `\X..\`, `\.br\` and the other formatting
/// commands. Line breaks become LF. A sequence that is unknown or unclosed stays as it is.
EscapeNotes decode_escapes(std::string_view raw, const Delimiters& delimiters, std::string& out);

/// How line breaks are written: the formatting command, which FT, TX and most ST readers know, or `\X0D0A\`.
enum class LineBreaks { command, hexadecimal };

/// Appends `text` to `out`, escaped so that decode_escapes gives it back (CR and CR LF come back as LF).
/// Where the message declares no escape character, what cannot be escaped becomes a blank; returns how many did.
std::size_t encode_escapes(std::string_view text, const Delimiters& delimiters, std::string& out,
                           LineBreaks line_breaks = LineBreaks::command);

/// Appends one Unicode code point as UTF-8.
void append_utf8(char32_t code_point, std::string& out);

/// How many bytes of well-formed UTF-8 begin at the front of `bytes`; all of them if the whole is well-formed.
std::size_t valid_utf8_prefix(std::string_view bytes) noexcept;

}  // namespace causeway::hl7v2
