#include "mappings/engine/parser_class.hpp"

namespace causeway::mappings {

using namespace syntax;

namespace {

/// A name that can be a v2 path on its own: a segment, a data type, `event`, `version`.
bool is_v2_name(std::string_view text) noexcept {
    if (text == "event" || text == "version" || is_segment_name(text)) return true;
    return text.size() >= 2 && text.size() <= 4 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

int to_int(std::string_view text) noexcept {
    int value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

}  // namespace

bool Parser::at_v2_path(std::size_t ahead) const {
    return token(ahead).kind == TokenKind::v2_path ||
           (token(ahead).kind == TokenKind::name && is_v2_name(token(ahead).text));
}

V2Path Parser::v2_path() {
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

FhirPath Parser::fhir_path() {
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

FhirStep Parser::step() {
    FhirStep step;
    step.name = name("the name of a FHIR element");
    for (;;) {
        if (accept("[")) {
            step.index = FhirStep::Index::all;
            if (accept("#")) {
                step.index = FhirStep::Index::same;
            } else if (accept("*")) {
                step.index = FhirStep::Index::each;
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

void Parser::split_type_variant() {
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

Constraint Parser::constraint() {
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

std::vector<Value> Parser::values() {
    std::vector<Value> values;
    expect("(");
    do values.push_back(value());
    while (accept(","));
    expect(")");
    return values;
}

Value Parser::value() {
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

}  // namespace causeway::mappings
