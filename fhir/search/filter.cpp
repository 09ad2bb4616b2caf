#include <algorithm>
#include <array>

#include "fhir/r4/tables.hpp"
#include "fhir/search/normalise.hpp"
#include "fhir/search/query_parser.hpp"

namespace causeway::fhir::search {
namespace {

constexpr std::size_t depth_max = 30;

Criterion group(Criterion::Kind kind, std::vector<Criterion> children) {
    Criterion criterion;
    criterion.kind = kind;
    criterion.children = std::move(children);
    return criterion;
}

Criterion negated(Criterion inner) {
    std::vector<Criterion> children;
    children.push_back(std::move(inner));
    return group(Criterion::Kind::none, std::move(children));
}

std::optional<Prefix> prefix_of(std::string_view op) {
    static constexpr std::array<std::string_view, 9> names = {"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"};
    const auto found = std::find(names.begin(), names.end(), op);
    if (found == names.end()) return std::nullopt;
    return static_cast<Prefix>(found - names.begin());
}

}  // namespace

/// `name op value`, and, or, not, parentheses, `ref.name`, `ref[filter].name`. `and` binds tighter than `or`.
class FilterReader {
public:
    FilterReader(CriterionReader& criteria, std::string_view text) : criteria_(criteria), text_(text) {}

    std::optional<Criterion> run(std::string_view type) {
        auto criterion = disjunction(type);
        if (!criterion) return std::nullopt;
        blanks();
        if (at_ < text_.size()) return fail("and, or or the end is expected");
        return criterion;
    }

private:
    std::nullopt_t fail(std::string text, IssueCode code = IssueCode::value) {
        return criteria_.fail("at character " + std::to_string(at_ + 1) + ": " + std::move(text), code);
    }
    void blanks() {
        while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    }
    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    bool take(char c) {
        blanks();
        if (peek() != c) return false;
        ++at_;
        return true;
    }
    std::string_view word() {
        blanks();
        const std::size_t start = at_;
        while (at_ < text_.size() && std::string_view(" ()[].\"").find(text_[at_]) == std::string_view::npos) ++at_;
        return text_.substr(start, at_ - start);
    }
    bool take_word(std::string_view wanted) {
        const std::size_t back = at_;
        if (word() == wanted && (peek() == ' ' || peek() == '(')) return true;
        at_ = back;
        return false;
    }

    std::optional<Criterion> joined(std::string_view type, std::string_view operation) {
        const bool any = operation == "or";
        std::vector<Criterion> children;
        do {
            auto child = any ? joined(type, "and") : term(type);
            if (!child) return std::nullopt;
            children.push_back(std::move(*child));
        } while (take_word(operation));
        if (children.size() == 1) return std::move(children.front());
        return group(any ? Criterion::Kind::any : Criterion::Kind::all, std::move(children));
    }

    std::optional<Criterion> disjunction(std::string_view type) {
        if (++depth_ > depth_max) return fail("the filter is nested too deeply", IssueCode::too_costly);
        auto criterion = joined(type, "or");
        --depth_;
        return criterion;
    }

    std::optional<Criterion> term(std::string_view type) {
        const bool inverted = take_word("not");
        if (take('(')) {
            auto criterion = disjunction(type);
            if (!criterion) return std::nullopt;
            if (!take(')')) return fail("')' is expected");
            return inverted ? negated(std::move(*criterion)) : std::move(criterion);
        }
        if (inverted) return fail("after not '(' is expected");
        return path(type);
    }

    /// A comparison; each point before its last name is a chain.
    std::optional<Criterion> path(std::string_view type) {
        if (++depth_ > depth_max) return fail("the filter is nested too deeply", IssueCode::too_costly);
        if (++criteria_.steps_ > CriterionReader::steps_max)
            return fail("the filter leads to too many types; name them", IssueCode::too_costly);
        const std::string_view name = word();
        if (name.empty()) return fail("the name of a search parameter is expected");
        const Parameter* const parameter = criteria_.find(type, name.substr(0, name.find(':')));
        if (!parameter) return std::nullopt;
        std::optional<Criterion> criterion =
            peek() == '.' || peek() == '[' ? chain(*parameter, name) : comparison(*parameter);
        --depth_;
        return criterion;
    }

    std::optional<Criterion> chain(const Parameter& parameter, std::string_view name) {
        if (parameter.type != ParameterType::reference)
            return fail("'" + std::string(parameter.code) + "' is no reference", IssueCode::not_supported);
        const std::size_t colon = name.find(':');
        const std::string_view wanted = colon == std::string_view::npos ? std::string_view() : name.substr(colon + 1);
        if (!wanted.empty() && !r4::is_resource_type(wanted))
            return fail("'" + std::string(wanted) + "' is no resource type");
        const auto types = !wanted.empty()             ? std::span<const std::string_view>(&wanted, 1)
                           : parameter.targets.empty() ? r4::resource_types()
                                                       : parameter.targets;
        Criterion criterion;
        criterion.kind = Criterion::Kind::chain;
        criterion.parameters = {parameter.id};
        criterion.type = ParameterType::reference;
        const std::size_t start = at_;
        const std::size_t depth = depth_;
        std::size_t end = at_;
        QueryFault first;
        for (const std::string_view target : types) {
            at_ = start;
            auto inner = behind(target);
            if (inner) {
                end = at_;
                criterion.targets.push_back(
                    {std::string(target), 0, std::make_shared<const Criterion>(std::move(*inner))});
            } else if (!criteria_.unknown_) {
                return std::nullopt;
            } else {
                if (first.text.empty()) first = criteria_.fault_;
                criteria_.unknown_ = false;
            }
            depth_ = depth;
        }
        if (criterion.targets.empty()) {
            criteria_.fault_ = std::move(first);
            criteria_.unknown_ = true;
            return std::nullopt;
        }
        criteria_.fault_ = {};
        at_ = end;
        return criterion;
    }

    /// `.name op value` or `[filter].name op value`, about the target.
    std::optional<Criterion> behind(std::string_view target) {
        std::optional<Criterion> condition;
        if (take('[')) {
            condition = disjunction(target);
            if (!condition) return std::nullopt;
            if (!take(']')) return fail("']' is expected");
        }
        if (peek() != '.') return fail("'.' is expected");
        ++at_;
        auto rest = path(target);
        if (!rest || !condition) return rest;
        std::vector<Criterion> both;
        both.push_back(std::move(*condition));
        both.push_back(std::move(*rest));
        return group(Criterion::Kind::all, std::move(both));
    }

    bool value(std::string& out) {
        blanks();
        if (peek() != '"') {
            const std::size_t start = at_;
            while (at_ < text_.size() && text_[at_] != ' ' && text_[at_] != ')' && text_[at_] != ']') ++at_;
            out = text_.substr(start, at_ - start);
            return !out.empty();
        }
        for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
            if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
            out += text_[at_];
        }
        if (at_ == text_.size()) return false;
        ++at_;
        return true;
    }

    std::optional<Criterion> comparison(const Parameter& parameter) {
        const std::string_view op = word();
        std::string text;
        if (op.empty() || !value(text)) return fail("a comparison is name, operator, value");
        if (!criteria_.count_values(1)) return std::nullopt;
        Criterion criterion;
        criterion.parameters = {parameter.id};
        criterion.type = parameter.type;
        criterion.special = parameter.special;
        if (op == "pr") {
            if (text != "true" && text != "false") return fail("pr takes true or false");
            criterion.kind = Criterion::Kind::missing;
            criterion.missing = text == "false";
            return criterion;
        }
        criterion.kind = Criterion::Kind::compare;
        Operand operand;
        const bool known = read_operand(parameter, op, text, criterion.modifier, operand);
        if (!known) {
            if (!criteria_.fault_.text.empty()) return fail(std::string(criteria_.fault_.text), criteria_.fault_.code);
            return fail("'" + std::string(parameter.code) + "' has no operator '" + std::string(op) + "'",
                        IssueCode::not_supported);
        }
        criterion.operands.push_back(std::move(operand));
        const bool ordered = parameter.type == ParameterType::date || parameter.type == ParameterType::number ||
                             parameter.type == ParameterType::quantity;
        if (op == "ne" && !ordered) return negated(std::move(criterion));
        return criterion;
    }

    /// False without a fault: the type has no such operator.
    bool read_operand(const Parameter& parameter, std::string_view op, const std::string& text, Modifier& modifier,
                      Operand& out) {
        OperandReader reader(criteria_.options_, criteria_.fault_);
        const auto choose = [&](std::initializer_list<std::pair<std::string_view, Modifier>> choices) {
            for (const auto& [name, found] : choices) {
                if (name != op) continue;
                modifier = found;
                return true;
            }
            return false;
        };
        using M = Modifier;
        switch (parameter.type) {
            case ParameterType::date:
            case ParameterType::number:
            case ParameterType::quantity: {
                const bool overlap = op == "po" && parameter.type == ParameterType::date;
                const auto prefix = overlap ? std::optional(Prefix::eq) : prefix_of(op);
                if (!prefix) return false;
                out.prefix = *prefix;
                if (!reader.read_plain(parameter.type, text, out)) return false;
                if (overlap) out.prefix = Prefix::ap;
                return true;
            }
            case ParameterType::string:
                if (!choose({{"eq", M::exact},
                             {"ne", M::exact},
                             {"co", M::contains},
                             {"sw", M::starts_with},
                             {"ew", M::ends_with}}))
                    return false;
                out.text = modifier == M::exact ? text : normalise(text);
                return true;
            case ParameterType::uri:
                if (!choose({{"eq", M::none},
                             {"ne", M::none},
                             {"co", M::contains},
                             {"sw", M::starts_with},
                             {"ew", M::ends_with},
                             {"ss", M::above},
                             {"sb", M::below}}))
                    return false;
                out.text = text;
                return true;
            case ParameterType::token:
                if (!choose({{"eq", M::none},
                             {"ne", M::none},
                             {"co", M::contains},
                             {"sw", M::starts_with},
                             {"ew", M::ends_with},
                             {"ss", M::above},
                             {"sb", M::below},
                             {"in", M::in},
                             {"ni", M::not_in}})) {
                    return false;
                }
                if (modifier == M::in || modifier == M::not_in) {
                    out.text = text;
                    return true;
                }
                return reader.read_token(text, parameter.contact, out);
            case ParameterType::reference:
                if (!choose({{"eq", M::none}, {"ne", M::none}, {"re", M::none}})) return false;
                return reader.read_reference(text, parameter.targets, {}, out);
            default:
                return false;
        }
    }

    CriterionReader& criteria_;
    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t depth_ = 0;
};

std::optional<Criterion> CriterionReader::read_filter(std::string_view type, std::string_view text) {
    if (text.size() > 16 * 1024) return fail("the filter is longer than the limit", IssueCode::too_long);
    return FilterReader(*this, text).run(type);
}

}  // namespace causeway::fhir::search
