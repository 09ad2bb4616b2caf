#include "fhir/path/ucum.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

namespace causeway::fhir::path {
namespace {

struct PrefixCode {
    std::string_view code;
    int exponent;
    std::int64_t factor;
};
/// Two-letter prefixes first, so that `dag` is deca-gram.
constexpr PrefixCode prefixes[] = {
    {"da", 1, 1},
    {"Ki", 0, 1024},
    {"Mi", 0, 1'048'576},
    {"Gi", 0, 1'073'741'824},
    {"Ti", 0, 1'099'511'627'776},
    {"Y", 24, 1},
    {"Z", 21, 1},
    {"E", 18, 1},
    {"P", 15, 1},
    {"T", 12, 1},
    {"G", 9, 1},
    {"M", 6, 1},
    {"k", 3, 1},
    {"h", 2, 1},
    {"d", -1, 1},
    {"c", -2, 1},
    {"m", -3, 1},
    {"u", -6, 1},
    {"n", -9, 1},
    {"p", -12, 1},
    {"f", -15, 1},
    {"a", -18, 1},
    {"z", -21, 1},
    {"y", -24, 1},
};

/// numerator / denominator * 10^exponent, and how often each base occurs. Base names are atoms' codes (static).
struct Product {
    Decimal numerator = 1;
    Decimal denominator = 1;
    int exponent = 0;
    std::vector<std::pair<std::string_view, int>> bases;
    std::string_view offset;

    void add_base(std::string_view base, int power) {
        const auto at =
            std::lower_bound(bases.begin(), bases.end(), base,
                             [](const auto& entry, std::string_view wanted) { return entry.first < wanted; });
        if (at == bases.end() || at->first != base) {
            bases.insert(at, {base, power});
        } else if ((at->second += power) == 0) {
            bases.erase(at);
        }
    }
    bool times(const Product& other, int power) {
        for (int i = 0; i < std::abs(power); ++i) {
            const auto top = multiply(numerator, power > 0 ? other.numerator : other.denominator);
            const auto bottom = multiply(denominator, power > 0 ? other.denominator : other.numerator);
            if (!top || !bottom) return false;
            numerator = *top;
            denominator = *bottom;
            if (!reduce()) return false;
        }
        exponent += other.exponent * power;
        for (const auto& [base, count] : other.bases) add_base(base, count * power);
        return exponent > -100 && exponent < 100;
    }
    /// Moves powers of ten into the exponent, so that the numbers stay short.
    bool reduce() {
        for (Decimal* number : {&numerator, &denominator}) {
            Decimal value = number->stripped();
            int shift = -value.scale();
            Decimal::Wide coefficient = value.coefficient();
            if (coefficient == 0) return false;
            while (coefficient % 10 == 0) {
                coefficient /= 10;
                ++shift;
            }
            *number = Decimal(coefficient, 0);
            exponent += number == &numerator ? shift : -shift;
        }
        return true;
    }
};

class UnitParser {
public:
    UnitParser(std::string_view text, int depth) : text_(text), depth_(depth) {}

    bool parse(Product& out) {
        if (text_.empty() || text_.size() > 200 || depth_ > 20) return false;
        return main_term(out) && at_ == text_.size();
    }

private:
    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

    bool main_term(Product& out) {
        int sign = 1;
        if (peek() == '/') {
            ++at_;
            sign = -1;
        }
        for (int parts = 0; parts < 40; ++parts) {
            Product part;
            if (!component(part)) return false;
            const bool alone = parts == 0 && sign == 1 && (at_ == text_.size() || peek() == ')');
            if (!out.times(part, sign)) return false;
            if (alone) out.offset = part.offset;
            if (peek() != '.' && peek() != '/') return true;
            sign = peek() == '.' ? 1 : -1;
            ++at_;
        }
        return false;
    }

    bool component(Product& out) {
        if (peek() == '(') {
            if (++depth_ > 20) return false;
            ++at_;
            if (!main_term(out) || peek() != ')') return false;
            ++at_;
            --depth_;
            return annotation();
        }
        if (peek() == '{') return annotation();
        const std::size_t start = at_;
        while (at_ < text_.size() && peek() != '.' && peek() != '/' && peek() != '(' && peek() != ')' &&
               peek() != '{') {
            if (peek() == '[') {
                at_ = text_.find(']', at_);
                if (at_ == std::string_view::npos) return false;
            }
            ++at_;
        }
        return at_ > start && simple(text_.substr(start, at_ - start), out) && annotation();
    }

    bool annotation() {
        if (peek() != '{') return true;
        const std::size_t close = text_.find('}', at_);
        if (close == std::string_view::npos) return false;
        at_ = close + 1;
        return true;
    }

    /// A number, or a unit with an optional exponent.
    bool simple(std::string_view text, Product& out) {
        if (text.find_first_not_of("0123456789") == std::string_view::npos) {
            const auto value = Decimal::parse(text);
            if (!value || value->zero()) return false;
            out.numerator = *value;
            return out.reduce();
        }
        if (atom(text, out)) return true;
        std::size_t digits = text.size();
        while (digits > 0 && text[digits - 1] >= '0' && text[digits - 1] <= '9') --digits;
        if (digits == text.size()) return false;
        std::size_t start = digits;
        if (start > 0 && (text[start - 1] == '-' || text[start - 1] == '+')) --start;
        int power = 0;
        const std::size_t first = text[start] == '+' ? start + 1 : start;
        const auto [end, error] = std::from_chars(text.data() + first, text.data() + text.size(), power);
        if (error != std::errc() || end != text.data() + text.size() || power == 0 || power > 30 || power < -30)
            return false;
        Product unit;
        return atom(text.substr(0, start), unit) && out.times(unit, power);
    }

    bool atom(std::string_view text, Product& out) {
        if (const UnitAtom* const found = find_atom(text)) return expand(*found, out);
        for (const PrefixCode& prefix : prefixes) {
            if (!text.starts_with(prefix.code)) continue;
            const UnitAtom* const found = find_atom(text.substr(prefix.code.size()));
            if (!found || !found->metric) continue;
            if (!expand(*found, out)) return false;
            const auto scaled = multiply(out.numerator, Decimal(prefix.factor));
            if (!scaled) return false;
            out.numerator = *scaled;
            out.exponent += prefix.exponent;
            out.offset = {};
            return out.reduce();
        }
        return false;
    }

    bool expand(const UnitAtom& atom, Product& out) {
        if (atom.value.empty()) {
            out.add_base(atom.code, 1);
            return true;
        }
        Product value;
        std::string_view digits = atom.value;
        if (const std::size_t e = digits.find('e'); e != std::string_view::npos) {
            std::from_chars(digits.data() + e + 1, digits.data() + digits.size(), value.exponent);
            digits = digits.substr(0, e);
        }
        value.numerator = *Decimal::parse(digits);
        if (!value.reduce() || !out.times(value, 1)) return false;
        Product unit;
        if (atom.unit != "1" && (!UnitParser(atom.unit, depth_ + 1).parse(unit) || !out.times(unit, 1))) return false;
        out.offset = atom.offset;
        return true;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int depth_;
};

}  // namespace

std::optional<Decimal> UnitForm::to_base(const Decimal& value) const {
    const auto moved = offset.zero() ? std::optional(value) : add(value, offset);
    auto result = moved ? multiply(*moved, numerator) : std::nullopt;
    if (result) result = result->shifted(exponent);
    if (result && denominator.compare(Decimal(1)) != 0) result = divide(*result, denominator);
    return result;
}

std::optional<Decimal> UnitForm::from_base(const Decimal& value) const {
    auto result = multiply(value, denominator);
    if (result) result = result->shifted(-exponent);
    if (result && numerator.compare(Decimal(1)) != 0) result = divide(*result, numerator);
    return result && !offset.zero() ? subtract(*result, offset) : result;
}

std::optional<UnitForm> parse_unit(std::string_view unit) {
    Product product;
    if (!UnitParser(unit, 0).parse(product)) return std::nullopt;
    UnitForm form{product.numerator, product.denominator, product.exponent, 0, {}};
    if (!product.offset.empty()) form.offset = *Decimal::parse(product.offset);
    for (const auto& [base, power] : product.bases) {
        if (!form.dimension.empty()) form.dimension += '.';
        form.dimension += base;
        if (power != 1) form.dimension += std::to_string(power);
    }
    if (form.dimension.empty()) form.dimension = "1";
    return form;
}

std::string_view unit_of_calendar_word(std::string_view word) {
    if (word.ends_with('s')) word.remove_suffix(1);
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 8> units = {{{"year", "a"},
                                                                                            {"month", "mo"},
                                                                                            {"week", "wk"},
                                                                                            {"day", "d"},
                                                                                            {"hour", "h"},
                                                                                            {"minute", "min"},
                                                                                            {"second", "s"},
                                                                                            {"millisecond", "ms"}}};
    for (const auto& [name, code] : units) {
        if (name == word) return code;
    }
    return {};
}

}  // namespace causeway::fhir::path
