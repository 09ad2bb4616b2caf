#include "mappings/engine/parser_class.hpp"

namespace causeway::mappings {

using namespace syntax;

Options Parser::options() {
    Options o;
    for (;;) {
        if (panic_) return o;
        if (accept("as")) {
            if (token().kind != TokenKind::type_variant && token().kind != TokenKind::name)
                fail("E030", "expected the name of a type map");
            o.as = take();
        } else if (accept("via")) {
            o.via = name("the name of a table");
            o.keep = accept("keep");
        } else if (accept("fmt")) {
            o.format = string();
        } else if (accept("join")) {
            o.join = string();
        } else if (accept("by")) {
            o.by = name("the name of a codec");
        } else if (accept("if")) {
            o.if_ = condition();
        } else if (accept("where")) {
            o.where = condition();
        } else if (accept("since")) {
            o.since = version();
        } else if (accept("until")) {
            o.until = version();
        } else if (accept("required")) {
            o.required = true;
        } else if (accept("warn")) {
            o.warn = true;
        } else if (accept("error")) {
            o.error = true;
        } else if (accept("mirror")) {
            o.mirror = true;
        } else if (accept("one-way")) {
            o.one_way = string();
        } else {
            return o;
        }
    }
}

std::string Parser::version() {
    if (token().kind != TokenKind::number) fail("E014", "expected a version such as 2.5.1");
    return std::string(take());
}

std::vector<Statement> Parser::statements() {
    std::vector<Statement> list;
    block([&] {
        if (!list.empty() && token().place.line == token().previous_line && !at(";") && next_ > 0 &&
            tokens_[next_ - 1].text != ";" && tokens_[next_ - 1].text != "{")
            return fail("E032", "a statement must start on its own line or after ';'");
        auto one = statement();
        if (!panic_) list.push_back(std::move(one));
    });
    return list;
}

Statement Parser::statement() {
    Statement s;
    s.place = here();
    if (at("set") || at("default")) {
        s.kind = take() == "set" ? Statement::Kind::set : Statement::Kind::default_;
        path_of_either_side(s);
        expect("=");
        s.value = value();
        s.options = options();
    } else if (accept("choose")) {
        s.kind = Statement::Kind::choose;
        block([&] {
            Branch branch;
            branch.place = here();
            if (!accept("else")) branch.condition = condition();
            if (accept("where")) branch.where = condition();
            expect("=>");
            if (at("{"))
                branch.block = statements();
            else
                branch.block.push_back(statement());
            if (!panic_) s.branches.push_back(std::move(branch));
        });
    } else if (accept("when")) {
        s.kind = Statement::Kind::when;
        s.condition = condition();
        s.block = statements();
    } else if (accept("drop")) {
        s.kind = Statement::Kind::drop;
        path_of_either_side(s);
    } else {
        s.sources.push_back(v2_path());
        while (accept("|")) s.sources.push_back(v2_path());
        s.arrow = arrow("E031", "a line needs <->, -> or <-");
        if (!panic_) s.target = fhir_path();
        s.options = options();
    }
    return s;
}

void Parser::path_of_either_side(Statement& s) {
    if (at_v2_path())
        s.sources.push_back(v2_path());
    else
        s.target = fhir_path();
}

Arrow Parser::arrow(const char* code, const char* text) {
    if (accept("<->")) return Arrow::both;
    if (accept("->")) return Arrow::forward;
    if (accept("<-")) return Arrow::backward;
    fail(code, text);
    return Arrow::both;
}

}  // namespace causeway::mappings
