#include "mappings/engine/parser.hpp"

#include <algorithm>
#include <charconv>

#include "mappings/engine/lexer.hpp"

namespace causeway::mappings {
namespace {

using namespace syntax;

constexpr int depth_max = 64;  ///< of nested blocks, groups and conditions: deeper is a fault, not a crash

bool is_segment_name(std::string_view text) noexcept {
    const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    return text.size() == 3 && upper(text[0]) && (upper(text[1]) || digit(text[1])) &&
           (upper(text[2]) || digit(text[2]));
}

/// A name that can be a v2 path on its own: a segment, a data type, `event`, `version`.
bool is_v2_name(std::string_view text) noexcept {
    if (text == "event" || text == "version" || is_segment_name(text)) return true;
    return text.size() >= 2 && text.size() <= 4 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::string unquote(std::string_view text) {
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

int to_int(std::string_view text) noexcept {
    int value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

/// Recursive descent over the tokens. A fault sets `panic_`, in which no token is consumed and nothing more is
/// reported; the loops over statements, rows, items and declarations end it by skipping to the next line.
class Parser {
public:
    Parser(const MapSource& source, std::uint32_t file, Diagnostics& out)
        : out_(out), file_(source.name), tokens_(tokenize(source.text, file, source.name, out)) {}

    std::vector<Declaration> file() {
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

private:
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
    std::string string() {
        if (token().kind != TokenKind::string) fail("E012", "expected a string in double quotes");
        return panic_ ? std::string() : unquote(take());
    }
    /// After a fault: to the first token of a later line, or to the '}' of the block we are in.
    void recover(std::size_t before) {
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
    bool at_v2_path(std::size_t ahead = 0) const {
        return token(ahead).kind == TokenKind::v2_path ||
               (token(ahead).kind == TokenKind::name && is_v2_name(token(ahead).text));
    }
    V2Path v2_path() {
        V2Path path;
        path.place = here();
        if (!at_v2_path()) {
            fail("E021", "expected a v2 path such as PID-3[] or CX.4.1");
            return path;
        }
        const bool whole = token().kind == TokenKind::name;
        std::string_view text = take();
        if (whole) {
            path.base = text;
            if (text == "event") path.kind = V2Path::Kind::event;
            if (text == "version") path.kind = V2Path::Kind::version;
            if (is_segment_name(text)) path.kind = V2Path::Kind::field;
            return path;
        }
        const auto bracket = [&text]() {
            text.remove_prefix(1);
            const auto end = text.find(']');
            const int n = end == 0 ? 0 : to_int(text.substr(0, end));
            text.remove_prefix(end + 1);
            return n;
        };
        const auto digits = [&text]() {
            std::size_t size = 0;
            while (size < text.size() && text[size] >= '0' && text[size] <= '9') ++size;
            const int n = to_int(text.substr(0, size));
            text.remove_prefix(size);
            return n;
        };
        path.base = text.substr(0, text.find_first_of(".[-"));
        text.remove_prefix(path.base.size());
        if (!text.empty() && text.front() == '[') path.segment_repetition = bracket();
        if (!text.empty() && text.front() == '-') {
            path.kind = V2Path::Kind::field;
            text.remove_prefix(1);
            path.field = digits();
            if (!text.empty() && text.front() == '[') {
                path.repetition_given = true;
                path.repetition = bracket();
            }
        }
        if (!text.empty()) {
            text.remove_prefix(1);
            path.component = digits();
        }
        if (!text.empty()) {
            text.remove_prefix(1);
            path.subcomponent = digits();
        }
        return path;
    }
    FhirPath fhir_path() {
        FhirPath path;
        path.place = here();
        if (accept("$")) {
            FhirStep whole;
            whole.name = "$";
            path.steps.push_back(std::move(whole));
        } else {
            path.steps.push_back(step());
        }
        while (accept(".")) path.steps.push_back(step());
        return path;
    }
    FhirStep step() {
        FhirStep step;
        step.name = name("the name of a FHIR element");
        for (;;) {
            if (accept("[")) {
                step.index = FhirStep::Index::all;
                if (accept("#")) {
                    step.index = FhirStep::Index::same;
                } else if (token().kind == TokenKind::number) {
                    step.index = FhirStep::Index::nth;
                    step.n = to_int(take());
                    if (step.n < 1) fail("E013", "indexes count from 1");
                }
                expect("]");
            } else if (accept(":")) {
                split_type_variant();
                step.slice = name("the name of a slice or extension");
            } else if (at("{") && !panic_) {
                auto& where = step.crossing.empty() ? step.where : step.crossing_where;
                take();
                do where.push_back(constraint());
                while (accept(","));
                expect("}");
            } else if (accept("(")) {
                do step.crossing.push_back(name("a resource type"));
                while (accept("|"));
                expect(")");
            } else {
                return step;
            }
        }
    }
    /// `identifier:PGN.value`: PGN.value was read as a type variant.
    void split_type_variant() {
        if (token().kind != TokenKind::type_variant) return;
        const Token whole = token();
        const auto dot = whole.text.find('.');
        Token first = whole, second = whole, third = whole;
        first.kind = TokenKind::name;
        first.text = whole.text.substr(0, dot);
        second.kind = TokenKind::symbol;
        second.text = whole.text.substr(dot, 1);
        third.kind = TokenKind::name;
        third.text = whole.text.substr(dot + 1);
        tokens_[next_] = first;
        tokens_.insert(tokens_.begin() + static_cast<std::ptrdiff_t>(next_) + 1, {second, third});
    }
    Constraint constraint() {
        Constraint constraint;
        constraint.path = fhir_path();
        if (accept("=")) {
            constraint.values.push_back(value());
        } else if (accept("!=")) {
            constraint.test = Test::unequal;
            constraint.values.push_back(value());
        } else if (accept("in")) {
            constraint.test = Test::in;
            constraint.values = values();
        } else if (accept("valued")) {
            constraint.test = Test::valued;
        } else if (accept("absent")) {
            constraint.test = Test::absent;
        } else {
            fail("E020", "a constraint needs =, !=, in, valued or absent");
        }
        return constraint;
    }
    std::vector<Value> values() {
        std::vector<Value> values;
        expect("(");
        do values.push_back(value());
        while (accept(","));
        expect(")");
        return values;
    }
    Value value() {
        Value value;
        if (++depth_ > depth_max) fail("E002", "the value is nested too deeply");
        if (panic_) return value;
        const Token t = token();
        if (t.kind == TokenKind::string) {
            value.text = string();
        } else if (t.kind == TokenKind::number) {
            value.kind = Value::Kind::number;
            value.text = take();
        } else if (t.kind == TokenKind::code) {
            value.kind = Value::Kind::code;
            take();
            const auto hash = t.text.find('#');
            value.system = t.text.substr(0, hash);
            const auto code = t.text.substr(hash + 1);
            value.text = code.front() == '"' ? unquote(code) : std::string(code);
            if (token().kind == TokenKind::string && token().place.line == t.place.line) value.display = string();
        } else if (at("true") || at("false")) {
            value.kind = Value::Kind::boolean;
            value.text = take();
        } else if (at("setting") && at(".", 1)) {
            take(), take();
            value.kind = Value::Kind::setting;
            value.text = name("the name of a setting");
        } else if (t.kind == TokenKind::name && at("(", 1)) {
            value.kind = Value::Kind::call;
            value.text = take();
            take();
            while (!panic_ && !accept(")")) {
                value.arguments.push_back(this->value());
                accept(",");
            }
        } else if (at_v2_path()) {
            value.kind = Value::Kind::v2;
            value.path = v2_path();
        } else {
            fail("E022", "expected a value: a string, number, true, false, system#code, function() or v2 path");
        }
        --depth_;
        return value;
    }

    // ---- conditions
    ConditionPtr condition() {
        auto result = std::make_shared<Condition>(any());
        return panic_ ? nullptr : result;
    }
    Condition any() {
        return joined("or", Condition::Kind::any, [this] { return all(); });
    }
    Condition all() {
        return joined("and", Condition::Kind::all, [this] { return negation(); });
    }
    template <class Part>
    Condition joined(std::string_view word, Condition::Kind kind, Part part) {
        Condition first = part();
        if (!at(word)) return first;
        Condition whole;
        whole.kind = kind;
        whole.place = first.place;
        whole.parts.push_back(std::move(first));
        while (accept(word)) whole.parts.push_back(part());
        return whole;
    }
    Condition negation() {
        Condition result;
        result.place = token().place;
        if (++depth_ > depth_max) fail("E002", "the condition is nested too deeply");
        if (accept("not")) {
            result.kind = Condition::Kind::negation;
            result.parts.push_back(negation());
        } else if (accept("(")) {
            result = any();
            expect(")");
        } else {
            result = test();
        }
        --depth_;
        return result;
    }
    Condition test() {
        Condition test;
        test.place = here();
        if ((at("count") || at("length")) && at("(", 1)) {
            test.operand.kind = take() == "count" ? Operand::Kind::count : Operand::Kind::length;
            take();
            test.operand.v2 = v2_path();
            expect(")");
        } else if (at("setting") && at(".", 1)) {
            take(), take();
            test.operand.kind = Operand::Kind::setting;
            test.operand.setting = name("the name of a setting");
        } else if (at_v2_path()) {
            test.operand.v2 = v2_path();
        } else {
            test.operand.kind = Operand::Kind::fhir;
            test.operand.fhir = fhir_path();
        }
        struct Comparison {
            std::string_view symbol;
            Test test;
        };
        for (const auto& [symbol, kind] : {Comparison{"=", Test::equal},
                                           {"!=", Test::unequal},
                                           {"<=", Test::less_equal},
                                           {"<", Test::less},
                                           {">=", Test::greater_equal},
                                           {">", Test::greater}}) {
            if (!accept(symbol)) continue;
            test.test = kind;
            test.values.push_back(value());
            return test;
        }
        if (accept("in")) {
            test.test = Test::in;
            test.values = values();
        } else if (at("not") && at("in", 1)) {
            take(), take();
            test.test = Test::not_in;
            test.values = values();
        } else if (accept("like")) {
            test.test = Test::like;
            Value pattern;
            pattern.text = string();
            test.values.push_back(std::move(pattern));
        } else if (accept("valued")) {
            test.test = Test::valued;
        } else if (accept("absent")) {
            test.test = Test::absent;
        } else if (test.operand.kind == Operand::Kind::setting) {
            test.test = Test::equal;
            Value yes;
            yes.kind = Value::Kind::boolean;
            yes.text = "true";
            test.values.push_back(std::move(yes));
        } else {
            fail("E023", "a condition needs =, !=, <, >, in, not in, like, valued or absent");
        }
        return test;
    }

    // ---- statements
    Options options() {
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
            } else {
                return o;
            }
        }
    }
    std::string version() {
        if (token().kind != TokenKind::number) fail("E014", "expected a version such as 2.5.1");
        return std::string(take());
    }
    std::vector<Statement> statements() {
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
    Statement statement() {
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
    void path_of_either_side(Statement& s) {
        if (at_v2_path())
            s.sources.push_back(v2_path());
        else
            s.target = fhir_path();
    }
    Arrow arrow(const char* code, const char* text) {
        if (accept("<->")) return Arrow::both;
        if (accept("->")) return Arrow::forward;
        if (accept("<-")) return Arrow::backward;
        fail(code, text);
        return Arrow::both;
    }

    // ---- declarations
    Declaration read_declaration() {
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
    std::shared_ptr<const Site> site() {
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
    std::string any_name() {
        if (token().kind != TokenKind::name && token().kind != TokenKind::type_variant &&
            token().kind != TokenKind::number)
            fail("E011", "expected a name");
        return std::string(take());
    }
    Table table() {
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
    std::string cell(bool& pattern) {
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
    Key key() {
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

    // ---- messages
    std::vector<Item> items() {
        std::vector<Item> list;
        block([&] {
            auto one = item();
            if (!panic_) list.push_back(std::move(one));
        });
        return list;
    }
    char cardinality() {
        for (const std::string_view symbol : {"?", "*", "+"})
            if (accept(symbol)) return symbol.front();
        return '1';
    }
    bool at_clause() const { return at("make") || at("fill") || at("emit") || at("keep") || at("ignore"); }
    Item item() {
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
    Clause clause() {
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

    Diagnostics& out_;
    std::string file_;
    std::vector<Token> tokens_;
    std::string_view site_;
    std::size_t next_ = 0;
    bool panic_ = false;
    int depth_ = 0;
    int block_depth_ = 0;
};

}  // namespace

std::vector<syntax::Declaration> parse(const MapSource& source, std::uint32_t file, Diagnostics& out) {
    return Parser(source, file, out).file();
}

}  // namespace causeway::mappings
