#include "gateway/exchange/condition.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <stdexcept>
#include <utility>

namespace causeway::exchange {
namespace {

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

struct Token {
    enum class Kind { word, text, symbol, end } kind = Kind::end;
    std::string text;
    std::size_t position = 0;
};

class Parser {
public:
    explicit Parser(std::string_view text) : text_(text) {}

    boost::system::result<std::vector<ConditionTest>, ConditionError> run() {
        std::vector<ConditionTest> tests;
        if (!advance()) return *error_;
        if (token_.kind == Token::Kind::end) return tests;
        for (;;) {
            auto test = one_test();
            if (!test) return *error_;
            tests.push_back(std::move(*test));
            if (token_.kind == Token::Kind::end) return tests;
            if (tests.size() == 32) return fail("more than 32 tests"), *error_;
            if (!is_word("and")) return fail("expected `and` or the end"), *error_;
            if (!advance()) return *error_;
        }
    }

private:
    void fail(std::string text) { fail(std::move(text), token_.position); }
    void fail(std::string text, std::size_t position) {
        if (!error_) error_ = ConditionError{std::move(text), position};
    }
    bool is_word(std::string_view word) const { return token_.kind == Token::Kind::word && token_.text == word; }
    bool is_symbol(std::string_view symbol) const {
        return token_.kind == Token::Kind::symbol && token_.text == symbol;
    }

    bool advance() {
        while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
        token_ = Token{Token::Kind::end, {}, at_};
        if (at_ == text_.size()) return true;
        const char c = text_[at_];
        if (c == '"') return quoted();
        if (c == '=' || c == ',') return symbol(1);
        if (c == '(' || c == ')') return symbol(1);
        if (c == '!' && text_.substr(at_, 2) == "!=") return symbol(2);
        token_.kind = Token::Kind::word;
        while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) == 0 && text_[at_] != '=' &&
               text_[at_] != '!' && text_[at_] != ',' && text_[at_] != '"') {
            if (text_[at_] == ')' && token_.text.find('(') == std::string::npos) break;  // "PID-3(2)" keeps its own
            if (text_[at_] == '(' && !is_path_start()) break;
            token_.text += text_[at_++];
        }
        if (token_.text.empty()) return fail("unexpected character"), false;
        return true;
    }
    /// A '(' inside a word is an index only after SEG or SEG-n.
    bool is_path_start() const {
        const auto& word = token_.text;
        return word.size() >= 3 && is_upper(word[0]) && (word.size() == 3 || (word.size() > 4 && word[3] == '-'));
    }
    bool symbol(std::size_t size) {
        token_.kind = Token::Kind::symbol;
        token_.text = std::string(text_.substr(at_, size));
        at_ += size;
        return true;
    }
    bool quoted() {
        token_.kind = Token::Kind::text;
        for (++at_; at_ < text_.size(); ++at_) {
            if (text_[at_] == '"') return ++at_, true;
            if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
            token_.text += text_[at_];
        }
        fail("the text has no closing quote");
        return false;
    }

    std::optional<ConditionTest> one_test() {
        ConditionTest test;
        const auto path = hl7v2::Path::parse(token_.text);
        if (token_.kind != Token::Kind::word || path.has_error() || path->position.field == 0) {
            fail("expected a path such as PID-3.1");
            return std::nullopt;
        }
        test.path = *path;
        if (!advance()) return std::nullopt;
        bool negated = false;
        if (is_word("not")) {
            negated = true;
            if (!advance()) return std::nullopt;
            if (!is_word("in")) return fail("expected `in` after `not`"), std::nullopt;
        }
        if (is_word("in")) return list(std::move(test), negated);
        if (is_word("valued") || is_word("absent")) {
            test.op = is_word("valued") ? ConditionTest::Op::valued : ConditionTest::Op::absent;
            return advance() ? std::optional(std::move(test)) : std::nullopt;
        }
        if (!is_symbol("=") && !is_symbol("!="))
            return fail("expected =, !=, in, not in, valued or absent"), std::nullopt;
        test.op = is_symbol("=") ? ConditionTest::Op::equal : ConditionTest::Op::not_equal;
        if (!advance() || !value(test)) return std::nullopt;
        return test;
    }

    std::optional<ConditionTest> list(ConditionTest test, bool negated) {
        test.op = negated ? ConditionTest::Op::not_in : ConditionTest::Op::in;
        if (!advance()) return std::nullopt;
        if (!is_symbol("(")) return fail("expected ( after in"), std::nullopt;
        do {
            if (!advance() || !value(test)) return std::nullopt;
        } while (is_symbol(","));
        if (!is_symbol(")")) return fail("expected , or )"), std::nullopt;
        return advance() ? std::optional(std::move(test)) : std::nullopt;
    }

    bool value(ConditionTest& test) {
        if (token_.kind != Token::Kind::word && token_.kind != Token::Kind::text)
            return fail("expected a value"), false;
        test.values.push_back(token_.text);
        return advance();
    }

    std::string_view text_;
    std::size_t at_ = 0;
    Token token_;
    std::optional<ConditionError> error_;
};

bool holds_one(const ConditionTest& test, const hl7v2::MessageView& message) {
    bool any = false, equal = false;
    each_value(message, test.path, [&](std::string_view value) {
        any = any || !value.empty();
        equal = equal || std::find(test.values.begin(), test.values.end(), value) != test.values.end();
        return test.values.empty() ? any : equal;
    });
    switch (test.op) {
        case ConditionTest::Op::equal:
        case ConditionTest::Op::in:
            return equal;
        case ConditionTest::Op::not_equal:
        case ConditionTest::Op::not_in:
            return !equal;
        case ConditionTest::Op::valued:
            return any;
        case ConditionTest::Op::absent:
            return !any;
    }
    return false;
}

}  // namespace

void throw_exception_from_error(const ConditionError& error, const boost::source_location&) {
    throw std::runtime_error(error.text);
}

Condition::Result Condition::parse(std::string_view text) {
    auto tests = Parser(text).run();
    if (tests.has_error()) return tests.error();
    Condition condition;
    condition.tests_ = std::move(*tests);
    return condition;
}

const ConditionTest* Condition::first_failing(const hl7v2::MessageView& message) const {
    for (const auto& test : tests_) {
        if (!holds_one(test, message)) return &test;
    }
    return nullptr;
}

void each_value(const hl7v2::MessageView& message, const hl7v2::Path& path,
                const std::function<bool(std::string_view)>& found) {
    std::string scratch;
    std::uint16_t ordinal = 0;
    for (const auto segment : message) {
        if (segment.name() != path.segment()) continue;
        ++ordinal;
        if (path.segment_ordinal != 0 && ordinal != path.segment_ordinal) continue;
        const auto field = segment.field(path.position.field);
        const auto repetitions = path.position.repetition != 0 ? 1 : std::max<std::size_t>(1, field.repetition_count());
        for (std::size_t i = 1; i <= repetitions; ++i) {
            auto at = path.position;
            at.repetition = path.position.repetition != 0 ? path.position.repetition : static_cast<std::uint16_t>(i);
            if (found(segment.at(at).text_into(scratch))) return;
        }
    }
}

std::string to_string(const ConditionTest& test) {
    std::string out = test.path.text();
    switch (test.op) {
        case ConditionTest::Op::equal:
            return out + " = " + test.values.front();
        case ConditionTest::Op::not_equal:
            return out + " != " + test.values.front();
        case ConditionTest::Op::valued:
            return out + " valued";
        case ConditionTest::Op::absent:
            return out + " absent";
        case ConditionTest::Op::in:
            out += " in (";
            break;
        case ConditionTest::Op::not_in:
            out += " not in (";
            break;
    }
    for (std::size_t i = 0; i < test.values.size(); ++i) out += (i == 0 ? "" : ", ") + test.values[i];
    return out + ")";
}

}  // namespace causeway::exchange
