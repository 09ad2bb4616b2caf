#include "mappings/engine/parser_class.hpp"

namespace causeway::mappings {

using namespace syntax;

std::vector<Item> Parser::items() {
    std::vector<Item> list;
    block([&] {
        auto one = item();
        if (!panic_) list.push_back(std::move(one));
    });
    return list;
}

char Parser::cardinality() {
    for (const std::string_view symbol : {"?", "*", "+"})
        if (accept(symbol)) return symbol.front();
    return '1';
}

bool Parser::at_clause() const { return at("make") || at("fill") || at("emit") || at("keep") || at("ignore"); }

Item Parser::item() {
    Item item;
    item.place = here();
    if (accept("anchor")) {
        item.kind = Item::Kind::anchor;
        item.name = name("a variable");
    } else if (accept("group")) {
        item.kind = Item::Kind::group;
        item.name = name();
        item.cardinality = cardinality();
        if (accept("per")) item.per = name("a variable");
        item.items = items();
    } else if (at_clause()) {
        item.kind = Item::Kind::clause;
        item.clauses.push_back(clause());
    } else if (accept("drop")) {
        item.kind = Item::Kind::drop;
        item.name = name("a segment or group");
    } else if (at("before") || at("after")) {
        item.kind = take() == "before" ? Item::Kind::before : Item::Kind::after;
        item.name = name("a segment or group");
        item.items.push_back(this->item());
    } else if (token().kind == TokenKind::name && is_segment_name(token().text)) {
        item.name = take();
        item.cardinality = cardinality();
        while (!panic_ && at_clause()) item.clauses.push_back(clause());
    } else {
        fail("E050", "expected a segment, group, anchor, make, fill, emit, keep or ignore");
    }
    return item;
}

Clause Parser::clause() {
    Clause c;
    c.place = here();
    if (accept("make")) {
        c.kind = Clause::Kind::make;
        c.variable = name("a variable");
        expect(":");
        c.type = name("a resource type");
    } else if (accept("fill")) {
        c.kind = Clause::Kind::fill;
        c.target = fhir_path();
    } else if (accept("emit")) {
        c.kind = Clause::Kind::emit;
        c.event = name("an event");
        expect("(");
        do c.arguments.push_back(name("a variable"));
        while (accept(","));
        expect(")");
    } else if (accept("ignore")) {
        c.kind = Clause::Kind::ignore;
    } else {
        expect("keep");
    }
    for (;;) {
        if (panic_) return c;
        if (accept("with")) {
            do c.maps.push_back(name("a map"));
            while (accept("+"));
            if (accept("->"))
                c.arrow = Arrow::forward;
            else if (accept("<-"))
                c.arrow = Arrow::backward;
        } else if (accept("if")) {
            c.if_ = condition();
        } else if (accept("where")) {
            c.where = condition();
        } else if (accept("link")) {
            Clause::Link link;
            link.path = fhir_path();
            expect("=");
            link.variable = name("a variable");
            c.links.push_back(std::move(link));
        } else if (accept("since")) {
            c.since = version();
        } else if (accept("until")) {
            c.until = version();
        } else {
            return c;
        }
    }
}

}  // namespace causeway::mappings
