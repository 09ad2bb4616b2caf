#pragma once
#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include "mappings/engine/lexer.hpp"
#include "mappings/engine/parser.hpp"

/// The parser's inside, shared by its parser_*.cpp files and nobody else.
namespace causeway::mappings {

/// Three characters, a capital letter first: PID, ZPI, OM1.
inline bool is_segment_name(std::string_view text) noexcept {
    const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    return text.size() == 3 && upper(text[0]) && (upper(text[1]) || digit(text[1])) &&
           (upper(text[2]) || digit(text[2]));
}

/// The text of a string token, without its quotes and escapes.
inline std::string unquote(std::string_view text) {
    std::string out;
    for (std::size_t i = 1; i + 1 < text.size(); ++i) {
        if (text[i] != '\\' || i + 2 >= text.size()) {
            out += text[i];
            continue;
        }
        ++i;
        out += text[i] == 'n' ? '\n' : text[i];
    }
    return out;
}

/// Recursive descent over the tokens. A fault sets `panic_`, in which no token is consumed and nothing more is
/// reported; the loops over statements, rows, items and declarations end it by skipping to the next line.
class Parser {
public:
    Parser(const MapSource& source, std::uint32_t file, Diagnostics& out)
        : out_(out), file_(source.name), tokens_(tokenize(source.text, file, source.name, out)) {}

    std::vector<syntax::Declaration> file();

private:
    static constexpr int depth_max = 64;  ///< of nested blocks, groups and conditions: deeper is a fault, not a crash

    // ---- tokens
    const Token& token(std::size_t ahead = 0) const { return tokens_[std::min(next_ + ahead, tokens_.size() - 1)]; }
    /// Where we are, with the site around it.
    Place here() const {
        Place place = token().place;
        place.site = site_;
        return place;
    }
    bool at_end() const { return token().kind == TokenKind::end; }
    bool at(std::string_view text, std::size_t ahead = 0) const {
        const Token& t = token(ahead);
        return t.text == text && t.kind != TokenKind::string && t.kind != TokenKind::end;
    }
    bool accept(std::string_view text) {
        if (panic_ || !at(text)) return false;
        ++next_;
        return true;
    }
    std::string_view take() {
        if (panic_ || at_end()) return {};
        return tokens_[next_++].text;
    }
    void fail(const char* code, std::string text) {
        if (panic_) return;
        panic_ = true;
        const Token& t = token();
        if (t.kind != TokenKind::end) text += " (found " + std::string(t.text.substr(0, 40)) + ")";
        out_.push_back({code, file_, t.place.line, t.place.column, std::move(text)});
    }
    void expect(std::string_view text) {
        if (!accept(text)) fail("E010", "expected '" + std::string(text) + "'");
    }
    std::string name(const char* what = "a name") {
        if (token().kind != TokenKind::name) fail("E011", std::string("expected ") + what);
        return std::string(take());
    }
    /// Without its quotes and escapes.
    std::string string();
    /// After a fault: to the first token of a later line, or to the '}' of the block we are in.
    void recover(std::size_t before);
    /// Reads `{ one* }`; `one` is called at each statement.
    template <class One>
    void block(One one) {
        expect("{");
        if (panic_) return;
        if (++depth_ > depth_max) return fail("E002", "blocks are nested too deeply");
        const int outer = block_depth_;
        block_depth_ = depth_;
        while (!panic_ && !at_end() && !at("}")) {
            if (accept(";")) continue;
            const std::size_t before = next_;
            one();
            recover(before);
        }
        block_depth_ = outer;
        expect("}");
        --depth_;
    }

    // ---- paths
    bool at_v2_path(std::size_t ahead = 0) const;
    syntax::V2Path v2_path();
    syntax::FhirPath fhir_path();
    syntax::FhirStep step();
    /// `identifier:PGN.value`: PGN.value was read as a type variant.
    void split_type_variant();
    syntax::Constraint constraint();
    std::vector<syntax::Value> values();
    syntax::Value value();

    // ---- conditions
    syntax::ConditionPtr condition();
    syntax::Condition any();
    syntax::Condition all();
    template <class Part>
    syntax::Condition joined(std::string_view word, syntax::Condition::Kind kind, Part part) {
        syntax::Condition first = part();
        if (!at(word)) return first;
        syntax::Condition whole;
        whole.kind = kind;
        whole.place = first.place;
        whole.parts.push_back(std::move(first));
        while (accept(word)) whole.parts.push_back(part());
        return whole;
    }
    syntax::Condition negation();
    syntax::Condition test();

    // ---- statements
    syntax::Options options();
    std::string version();
    std::vector<syntax::Statement> statements();
    syntax::Statement statement();
    void path_of_either_side(syntax::Statement& s);
    syntax::Arrow arrow(const char* code, const char* text);

    // ---- declarations
    syntax::Declaration read_declaration();
    std::shared_ptr<const syntax::Site> site();
    std::string any_name();
    syntax::Table table();
    std::string cell(bool& pattern);
    syntax::Key key();

    // ---- messages
    std::vector<syntax::Item> items();
    char cardinality();
    bool at_clause() const;
    syntax::Item item();
    syntax::Clause clause();

    Diagnostics& out_;
    std::string file_;
    std::vector<Token> tokens_;
    std::string_view site_;
    std::size_t next_ = 0;
    bool panic_ = false;
    int depth_ = 0;
    int block_depth_ = 0;
};

}  // namespace causeway::mappings
