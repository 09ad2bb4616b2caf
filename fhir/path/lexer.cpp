#include <algorithm>
#include <array>

#include "fhir/path/token.hpp"

namespace causeway::fhir::path {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

void append_utf8(unsigned code, std::string& out) {
    const auto put = [&](unsigned bits) { out.push_back(static_cast<char>(static_cast<unsigned char>(bits))); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xC0U | (code >> 6));
        put(0x80U | (code & 0x3FU));
    } else if (code < 0x10000) {
        put(0xE0U | (code >> 12));
        put(0x80U | ((code >> 6) & 0x3FU));
        put(0x80U | (code & 0x3FU));
    } else {
        put(0xF0U | (code >> 18));
        put(0x80U | ((code >> 12) & 0x3FU));
        put(0x80U | ((code >> 6) & 0x3FU));
        put(0x80U | (code & 0x3FU));
    }
}

class Lexer {
public:
    explicit Lexer(std::string_view text) : text_(text) {}

    Result<std::vector<Token>> run() {
        std::vector<Token> tokens;
        for (;;) {
            if (!skip_blanks()) return fail("comment is not closed");
            Token token;
            token.offset = at_;
            if (at_ == text_.size()) {
                tokens.push_back(std::move(token));
                return tokens;
            }
            if (!read(token)) return error_at(text_, error_offset_, std::move(message_));
            tokens.push_back(std::move(token));
        }
    }

private:
    char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

    Error fail(std::string message) { return error_at(text_, at_, std::move(message)); }
    bool bad(std::string message) {
        message_ = std::move(message);
        error_offset_ = at_;
        return false;
    }

    bool skip_blanks() {
        for (;;) {
            const char c = peek();
            if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
                ++at_;
            } else if (c == '/' && peek(1) == '/') {
                at_ = std::min(text_.find_first_of("\r\n", at_), text_.size());
            } else if (c == '/' && peek(1) == '*') {
                const std::size_t close = text_.find("*/", at_ + 2);
                if (close == std::string_view::npos) return false;
                at_ = close + 2;
            } else {
                return true;
            }
        }
    }

    bool read(Token& token) {
        const char c = peek();
        if (letter(c)) return read_word(token, TokenKind::identifier);
        if (digit(c)) return read_number(token);
        switch (c) {
            case '\'':
                return read_quoted(token, '\'', TokenKind::string);
            case '`':
                token.quoted = true;
                return read_quoted(token, '`', TokenKind::identifier);
            case '@':
                ++at_;
                return read_moment(token);
            case '%':
                ++at_;
                return read_variable(token);
            case '$':
                return read_special(token);
            default:
                return read_symbol(token);
        }
    }

    bool read_word(Token& token, TokenKind kind) {
        const std::size_t start = at_;
        while (letter(peek()) || digit(peek())) ++at_;
        token.kind = kind;
        token.text = text_.substr(start, at_ - start);
        return true;
    }

    bool read_number(Token& token) {
        const std::size_t start = at_;
        while (digit(peek())) ++at_;
        if (peek() == '.' && digit(peek(1))) {
            ++at_;
            while (digit(peek())) ++at_;
        }
        token.kind = TokenKind::number;
        token.text = text_.substr(start, at_ - start);
        return true;
    }

    bool read_quoted(Token& token, char quote, TokenKind kind) {
        const std::size_t start = at_++;
        token.kind = kind;
        for (;;) {
            if (at_ == text_.size()) {
                at_ = start;
                return bad(quote == '`' ? "back-quoted identifier is not closed" : "string is not closed");
            }
            const char c = text_[at_++];
            if (c == quote) return true;
            if (c != '\\') {
                token.text.push_back(c);
            } else if (!read_escape(token.text)) {
                return false;
            }
        }
    }

    bool read_escape(std::string& out) {
        const char c = peek();
        ++at_;
        switch (c) {
            case 'f':
                out.push_back('\f');
                return true;
            case 'n':
                out.push_back('\n');
                return true;
            case 'r':
                out.push_back('\r');
                return true;
            case 't':
                out.push_back('\t');
                return true;
            case '\\':
            case '/':
            case '\'':
            case '"':
            case '`':
                out.push_back(c);
                return true;
            case 'u':
                return read_unicode(out);
            default:
                --at_;
                return bad("unknown escape; known are \\f \\n \\r \\t \\u0000 \\\\ \\/ \\' \\\" \\`");
        }
    }

    bool read_hex(unsigned& code) {
        code = 0;
        for (int i = 0; i < 4; ++i, ++at_) {
            const char c = peek();
            const unsigned value = digit(c)               ? static_cast<unsigned>(c - '0')
                                   : c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a' + 10)
                                   : c >= 'A' && c <= 'F' ? static_cast<unsigned>(c - 'A' + 10)
                                                          : 16U;
            if (value == 16U) return bad("\\u wants four hexadecimal digits");
            code = code * 16 + value;
        }
        return true;
    }

    bool read_unicode(std::string& out) {
        unsigned code = 0;
        if (!read_hex(code)) return false;
        if (code >= 0xD800 && code < 0xDC00 && peek() == '\\' && peek(1) == 'u') {
            at_ += 2;
            unsigned low = 0;
            if (!read_hex(low)) return false;
            if (low < 0xDC00 || low > 0xDFFF) return bad("\\u gives half a surrogate pair");
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        } else if (code >= 0xD800 && code < 0xE000) {
            return bad("\\u gives half a surrogate pair");
        }
        append_utf8(code, out);
        return true;
    }

    bool digits(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            if (!digit(peek(i))) return false;
        }
        at_ += count;
        return true;
    }

    /// hh, hh:mm, hh:mm:ss, hh:mm:ss.fff
    bool read_clock() {
        if (!digits(2)) return bad("time wants two digits for the hour");
        for (int part = 0; part < 2; ++part) {
            if (peek() != ':') return true;
            ++at_;
            if (!digits(2)) return bad("time wants two digits after ':'");
        }
        if (peek() == '.' && digit(peek(1))) {
            ++at_;
            while (digit(peek())) ++at_;
        }
        return true;
    }

    bool read_moment(Token& token) {
        std::size_t start = at_;
        if (peek() == 'T') {
            start = ++at_;
            token.kind = TokenKind::time;
            if (!read_clock()) return false;
            token.text = text_.substr(start, at_ - start);
            return true;
        }
        token.kind = TokenKind::date;
        if (!digits(4)) return bad("date wants four digits for the year after '@'");
        for (int part = 0; part < 2 && peek() == '-'; ++part) {
            ++at_;
            if (!digits(2)) return bad("date wants two digits after '-'");
        }
        if (peek() == 'T') {
            ++at_;
            token.kind = TokenKind::date_time;
            if (digit(peek()) && !read_zoned_clock()) return false;
        }
        token.text = text_.substr(start, at_ - start);
        return true;
    }

    bool read_zoned_clock() {
        if (!read_clock()) return false;
        if (peek() == 'Z') {
            ++at_;
        } else if ((peek() == '+' || peek() == '-') && digit(peek(1)) && digit(peek(2)) && peek(3) == ':') {
            at_ += 4;
            if (!digits(2)) return bad("zone wants two digits after ':'");
        }
        return true;
    }

    bool read_variable(Token& token) {
        if (peek() == '`' || peek() == '\'') return read_quoted(token, peek(), TokenKind::variable);
        if (!letter(peek())) return bad("'%' wants a name");
        return read_word(token, TokenKind::variable);
    }

    bool read_special(Token& token) {
        ++at_;
        read_word(token, TokenKind::special);
        if (token.text != "this" && token.text != "index" && token.text != "total") {
            at_ = token.offset;
            return bad("after '$' only this, index and total are known");
        }
        return true;
    }

    bool read_symbol(Token& token) {
        static constexpr std::array<std::string_view, 22> symbols = {"<=", ">=", "!=", "!~", "(", ")", "[", "]",
                                                                     "{",  "}",  ".",  ",",  "+", "-", "*", "/",
                                                                     "|",  "&",  "=",  "~",  "<", ">"};
        for (const std::string_view symbol : symbols) {
            if (text_.substr(at_).starts_with(symbol)) {
                token.kind = TokenKind::symbol;
                token.text = symbol;
                at_ += symbol.size();
                return true;
            }
        }
        return bad("character that starts nothing in FHIRPath");
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::string message_;
    std::size_t error_offset_ = 0;
};

}  // namespace

Error error_at(std::string_view expression, std::size_t offset, std::string message, Errc code) {
    offset = std::min(offset, expression.size());
    const std::string_view before = expression.substr(0, offset);
    const std::size_t last_line = before.rfind('\n');
    Error error{code, std::move(message), {}, offset, 0, 0};
    error.line = 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
    error.column = 1 + (last_line == std::string_view::npos ? offset : offset - last_line - 1);
    error.path = std::string(expression.substr(offset, 24));
    return error;
}

Result<std::vector<Token>> tokenize(std::string_view expression) { return Lexer(expression).run(); }

}  // namespace causeway::fhir::path
