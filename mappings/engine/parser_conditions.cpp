#include "mappings/engine/parser_class.hpp"

namespace causeway::mappings {

using namespace syntax;

ConditionPtr Parser::condition() {
    auto result = std::make_shared<Condition>(any());
    return panic_ ? nullptr : result;
}

Condition Parser::any() {
    return joined("or", Condition::Kind::any, [this] { return all(); });
}

Condition Parser::all() {
    return joined("and", Condition::Kind::all, [this] { return negation(); });
}

Condition Parser::negation() {
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

Condition Parser::test() {
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

}  // namespace causeway::mappings
