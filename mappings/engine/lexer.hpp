#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mappings/engine/diagnostic.hpp"

namespace causeway::mappings {

/// What kinds of token a map file has (language reference, "Lexical rules"), in the order in which they are tried.
enum class TokenKind : std::uint8_t {
    string,        ///< "..." with \" \\ \n
    symbol,        ///< <-> <- -> => <= >= != and single characters
    code,          ///< sys#code, sys#"odd code"
    v2_path,       ///< PID-3[2].4.1, CX.4.1
    type_variant,  ///< CWE.unit
    number,
    name,
    end,
};

/// A token; `text` borrows from the source.
struct Token {
    TokenKind kind = TokenKind::end;
    std::string_view text;
    Place place;
    std::uint32_t previous_line = 0;  ///< line on which the token before it ended
};

/// Cuts a source into tokens, the last one of kind end. A character that fits nowhere is E001 and is skipped.
std::vector<Token> tokenize(std::string_view text, std::uint32_t file, const std::string& file_name, Diagnostics& out);

}  // namespace causeway::mappings
