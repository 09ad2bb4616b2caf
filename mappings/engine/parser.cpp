#include "mappings/engine/parser_class.hpp"

namespace causeway::mappings {

using namespace syntax;

std::vector<Declaration> Parser::file() {
    std::vector<Declaration> declarations;
    while (!at_end()) {
        const std::size_t before = next_;
        auto declaration = read_declaration();
        if (!panic_) declarations.push_back(std::move(declaration));
        recover(before);
        if (next_ == before && !at_end()) ++next_;  // a '}' that closes nothing
    }
    return declarations;
}

std::string Parser::string() {
    if (token().kind != TokenKind::string) fail("E012", "expected a string in double quotes");
    return panic_ ? std::string() : unquote(take());
}

void Parser::recover(std::size_t before) {
    if (!panic_) {
        if (next_ == before && !at_end()) ++next_;  // always forward
        return;
    }
    panic_ = false;
    depth_ = block_depth_;
    const std::uint32_t line = token().place.line;
    int braces = 0;
    while (!at_end()) {
        const Token& t = token();
        if (braces == 0 && (at("}") || (t.place.line > line && next_ != before))) return;
        if (at("{")) ++braces;
        if (at("}")) --braces;
        ++next_;
    }
}

Declaration Parser::read_declaration() {
    Declaration d;
    d.place = here();
    if (accept("extend"))
        d.mode = Declaration::Mode::extend;
    else if (accept("replace"))
        d.mode = Declaration::Mode::replace;
    if (accept("module")) {
        d.content = Module{name()};
    } else if (accept("use")) {
        Use use;
        do use.names.push_back(name());
        while (accept(","));
        d.content = std::move(use);
    } else if (accept("system")) {
        System system{any_name(), {}};
        expect("=");
        system.url = string();
        d.content = std::move(system);
    } else if (accept("extension")) {
        Extension extension{name(), {}, {}};
        expect("=");
        extension.url = string();
        if (accept(":")) extension.type = name("a FHIR type");
        d.content = std::move(extension);
    } else if (accept("slice")) {
        Slice slice{name(), {}};
        expect("=");
        expect("{");
        do slice.constraints.push_back(constraint());
        while (accept(","));
        expect("}");
        d.content = std::move(slice);
    } else if (accept("codec")) {
        Codec codec{name(), {}, {}};
        expect(":");
        codec.v2_type = take();
        expect("<->");
        codec.fhir_type = name("a FHIR type");
        d.content = std::move(codec);
    } else if (accept("setting")) {
        Setting setting{name(), {}};
        expect("=");
        setting.value = value();
        d.content = std::move(setting);
    } else if (accept("identity")) {
        Identity identity{name("a resource type"), {}};
        expect("by");
        do identity.keys.push_back(key());
        while (accept("|"));
        d.content = std::move(identity);
    } else if (accept("table")) {
        d.content = table();
    } else if (accept("type")) {
        TypeMap type;
        do type.v2_types.emplace_back(take());
        while (accept(","));
        expect("<->");
        type.fhir_type = name("a FHIR type");
        type.block = statements();
        d.content = std::move(type);
    } else if (accept("map")) {
        SegmentMap map{name(), {}, {}, {}};
        expect(":");
        do map.segments.push_back(name("a segment"));
        while (accept(","));
        expect("<->");
        do map.target.push_back(name("a FHIR type"));
        while (accept("."));
        map.block = statements();
        d.content = std::move(map);
    } else if (accept("message")) {
        Message message{name(), {}, {}};
        if (accept("for")) {
            do message.events.push_back(name("an event"));
            while (accept(","));
        }
        message.items = items();
        d.content = std::move(message);
    } else if (accept("site")) {
        d.content = site();
    } else {
        fail("E040",
             "expected a declaration: module, use, system, extension, slice, codec, setting, identity, table, "
             "type, map, message or site");
    }
    return d;
}

std::shared_ptr<const Site> Parser::site() {
    auto site = std::make_shared<Site>();
    site_ = token().text;
    site->name = name();
    if (accept("on")) site->base = name("the site it stands on");
    block([&] {
        auto declaration = read_declaration();
        if (!panic_ && std::holds_alternative<std::shared_ptr<const Site>>(declaration.content))
            fail("E043", "a site cannot hold a site; write 'site x on y'");
        if (!panic_) site->declarations.push_back(std::move(declaration));
    });
    site_ = {};
    return site;
}

std::string Parser::any_name() {
    if (token().kind != TokenKind::name && token().kind != TokenKind::type_variant && token().kind != TokenKind::number)
        fail("E011", "expected a name");
    return std::string(take());
}

Table Parser::table() {
    Table table;
    table.name = name();
    if (accept(":")) {
        table.v2_table = any_name();
        expect("<->");
        table.fhir_system_is_url = token().kind == TokenKind::string;
        table.fhir_system = table.fhir_system_is_url ? string() : any_name();
    }
    block([&] {
        Row row;
        row.place = here();
        row.v2 = cell(row.v2_pattern);
        row.arrow = arrow("E041", "a table row needs <->, -> or <-");
        row.fhir = cell(row.fhir_pattern);
        if (token().kind == TokenKind::string && token().place.line == row.place.line) row.display = string();
        if (!panic_) table.rows.push_back(std::move(row));
    });
    return table;
}

std::string Parser::cell(bool& pattern) {
    if (accept("*")) {
        pattern = true;
        return "*";
    }
    switch (token().kind) {
        case TokenKind::string: {
            auto text = string();
            pattern = text.find('*') != std::string::npos;
            return text;
        }
        case TokenKind::name:
        case TokenKind::number:
        case TokenKind::v2_path:
        case TokenKind::type_variant:
            return std::string(take());
        default:
            fail("E042", "expected a code; quote it if it has odd characters");
            return {};
    }
}

Key Parser::key() {
    Key key;
    if (++depth_ > depth_max) fail("E002", "the key is nested too deeply");
    if (accept("(")) {
        key.kind = Key::Kind::tuple;
        do key.parts.push_back(this->key());
        while (accept(","));
        expect(")");
    } else if (token().kind == TokenKind::name && at("(", 1)) {
        key.kind = Key::Kind::call;
        key.function = take();
        take();
        if (!at(")")) key.path = fhir_path();
        expect(")");
    } else {
        key.path = fhir_path();
    }
    key.optional = accept("?");
    --depth_;
    return key;
}

std::vector<syntax::Declaration> parse(const MapSource& source, std::uint32_t file, Diagnostics& out) {
    return Parser(source, file, out).file();
}

}  // namespace causeway::mappings
