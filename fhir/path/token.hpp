#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/result.hpp"

namespace causeway::fhir::path {

enum class TokenKind : std::uint8_t {
    end,
    identifier,  ///< `text` without back-quotes, escapes undone; `quoted` tells the two forms apart
    string,      ///< `text` with escapes undone
    number,      ///< as written
    date,        ///< `2015-02`
    date_time,   ///< `2015T`, `2015-02-04T14:34Z`
    time,        ///< `14:34`
    variable,    ///< `%name`: the name
    special,     ///< `$this`, `$index`, `$total`: with the dollar
    symbol,      ///< an operator or bracket
};

struct Token {
    TokenKind kind = TokenKind::end;
    bool quoted = false;
    std::string text;
    std::size_t offset = 0;  ///< byte in the expression

    bool is_symbol(std::string_view wanted) const { return kind == TokenKind::symbol && text == wanted; }
    /// A word that is no back-quoted identifier: `and`, `div`, `is` ...
    bool is_word(std::string_view wanted) const { return kind == TokenKind::identifier && !quoted && text == wanted; }
};

/// The whole expression as tokens, the last of kind `end`. White space and both kinds of comment are skipped.
Result<std::vector<Token>> tokenize(std::string_view expression);

/// A syntax error at a byte of an expression, with line and column.
Error error_at(std::string_view expression, std::size_t offset, std::string message, Errc code = Errc::syntax);

}  // namespace causeway::fhir::path
