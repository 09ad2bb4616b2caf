#include "fhir/path/decimal.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace causeway::fhir::path {
namespace {

using Wide = Decimal::Wide;
__extension__ using WideUnsigned = unsigned __int128;

constexpr int digits_max = 36;

std::optional<Wide> times_power(Wide value, int exponent) {
    for (; exponent > 0; --exponent) {
        if (__builtin_mul_overflow(value, Wide{10}, &value)) return std::nullopt;
    }
    return value;
}

Wide power_of_ten(int exponent) {
    Wide value = 1;
    for (; exponent > 0; --exponent) value *= 10;
    return value;
}

int digit_count(Wide value) {
    WideUnsigned rest = value < 0 ? -static_cast<WideUnsigned>(value) : static_cast<WideUnsigned>(value);
    int count = 1;
    for (; rest >= 10; rest /= 10) ++count;
    return count;
}

/// Drops `count` digits at the end, rounding half away from zero.
Wide without_digits(Wide value, int count) {
    if (count <= 0) return value;
    if (count > 38) return 0;
    const Wide unit = power_of_ten(count);
    const Wide half = unit / 2;
    return value < 0 ? (value - half) / unit : (value + half) / unit;
}

struct Pair {
    Wide a, b;
    int scale;
};

/// Both with one scale. If that does not fit, the finer one gives up digits.
std::optional<Pair> aligned(const Decimal& a, const Decimal& b) {
    const int scale = std::max(a.scale(), b.scale());
    const auto left = times_power(a.coefficient(), scale - a.scale());
    const auto right = times_power(b.coefficient(), scale - b.scale());
    if (left && right) return Pair{*left, *right, scale};
    const Decimal x = a.stripped();
    const Decimal y = b.stripped();
    const int finer = std::max(x.scale(), y.scale());
    const auto x_value = times_power(x.coefficient(), finer - x.scale());
    const auto y_value = times_power(y.coefficient(), finer - y.scale());
    if (!x_value || !y_value) return std::nullopt;
    return Pair{*x_value, *y_value, finer};
}

}  // namespace

std::optional<Decimal> Decimal::parse(std::string_view text) {
    std::size_t at = 0;
    const bool negative = !text.empty() && text[0] == '-';
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) ++at;
    Wide coefficient = 0;
    int scale = 0;
    int digits = 0;
    bool any = false;
    bool fraction = false;
    for (; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '.' && any && !fraction) {
            fraction = true;
        } else if (c >= '0' && c <= '9') {
            any = true;
            if (fraction && (scale >= scale_max || digits >= digits_max)) continue;
            if (digits >= digits_max) return std::nullopt;
            if (coefficient != 0 || c != '0') ++digits;
            coefficient = coefficient * 10 + (c - '0');
            if (fraction) ++scale;
        } else {
            break;
        }
    }
    if (!any || text[at - 1] == '.') return std::nullopt;
    int exponent = 0;
    if (at < text.size()) {
        if (text[at] != 'e' && text[at] != 'E') return std::nullopt;
        ++at;
        if (at < text.size() && text[at] == '+') ++at;
        const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), exponent);
        if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    }
    return Decimal(negative ? -coefficient : coefficient, scale).shifted(exponent);
}

std::optional<Decimal> Decimal::from_double(double value) {
    if (!std::isfinite(value)) return std::nullopt;
    char buffer[64];
    const int size = std::snprintf(buffer, sizeof buffer, "%.15g", value);
    return parse({buffer, static_cast<std::size_t>(size)});
}

std::optional<Decimal> Decimal::shifted(int exponent) const {
    if (coefficient_ == 0) return Decimal(0, std::clamp(scale_ - exponent, 0, scale_max));
    if (exponent > 1000 || exponent < -1000) return std::nullopt;
    const int scale = scale_ - exponent;
    if (scale < 0) {
        if (digit_count(coefficient_) - scale > digits_max) return std::nullopt;
        return Decimal(*times_power(coefficient_, -scale), 0);
    }
    if (scale > scale_max) return Decimal(without_digits(coefficient_, scale - scale_max), scale_max);
    return Decimal(coefficient_, scale);
}

bool Decimal::integral() const { return stripped().scale_ == 0; }

std::optional<std::int64_t> Decimal::to_integer() const {
    const Decimal value = stripped();
    if (value.scale_ != 0 || value.coefficient_ > INT64_MAX || value.coefficient_ < INT64_MIN) return std::nullopt;
    return static_cast<std::int64_t>(value.coefficient_);
}

double Decimal::to_double() const {
    if (coefficient_ > -(Wide{1} << 53) && coefficient_ < (Wide{1} << 53) && scale_ <= 22) {
        static constexpr double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                            1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
        return static_cast<double>(static_cast<std::int64_t>(coefficient_)) / powers[scale_];
    }
    const std::string text = to_string();
    double value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

std::string Decimal::to_string() const {
    WideUnsigned rest =
        coefficient_ < 0 ? -static_cast<WideUnsigned>(coefficient_) : static_cast<WideUnsigned>(coefficient_);
    char buffer[48];
    std::size_t at = sizeof buffer;
    int written = 0;
    do {
        if (written == scale_ && scale_ > 0) buffer[--at] = '.';
        buffer[--at] = static_cast<char>('0' + static_cast<int>(rest % 10));
        rest /= 10;
        ++written;
    } while (rest > 0 || written <= scale_);
    if (coefficient_ < 0) buffer[--at] = '-';
    return std::string(buffer + at, sizeof buffer - at);
}

Decimal Decimal::stripped() const {
    Decimal value = *this;
    while (value.scale_ > 0 && value.coefficient_ % 10 == 0) {
        value.coefficient_ /= 10;
        --value.scale_;
    }
    return value;
}

Decimal Decimal::truncated() const { return {coefficient_ / power_of_ten(scale_), 0}; }

Decimal Decimal::floor() const {
    const Decimal whole = truncated();
    return negative() && whole.compare(*this) != 0 ? Decimal(whole.coefficient_ - 1, 0) : whole;
}

Decimal Decimal::ceiling() const {
    const Decimal whole = truncated();
    return !negative() && whole.compare(*this) != 0 ? Decimal(whole.coefficient_ + 1, 0) : whole;
}

Decimal Decimal::rounded(int digits) const {
    if (digits >= scale_) return *this;
    return {without_digits(coefficient_, scale_ - digits), digits};
}

std::optional<Decimal> Decimal::rescaled(int digits, bool up) const {
    if (digits >= scale_) {
        const auto value = times_power(coefficient_, digits - scale_);
        if (!value) return std::nullopt;
        return Decimal(*value, digits);
    }
    const Wide unit = power_of_ten(scale_ - digits);
    Wide value = coefficient_ / unit;
    const Wide rest = coefficient_ % unit;
    if (up && rest > 0) ++value;
    if (!up && rest < 0) --value;
    return Decimal(value, digits);
}

int Decimal::compare(const Decimal& other) const {
    if (scale_ == other.scale_)
        return coefficient_ < other.coefficient_ ? -1 : coefficient_ > other.coefficient_ ? 1 : 0;
    if (const auto pair = aligned(*this, other)) return pair->a < pair->b ? -1 : pair->a > pair->b ? 1 : 0;
    const double a = to_double();
    const double b = other.to_double();
    return a < b ? -1 : a > b ? 1 : 0;
}

std::optional<Decimal> add(const Decimal& a, const Decimal& b) {
    const auto pair = aligned(a, b);
    Wide sum = 0;
    if (!pair || __builtin_add_overflow(pair->a, pair->b, &sum)) return std::nullopt;
    return Decimal(sum, pair->scale);
}

std::optional<Decimal> subtract(const Decimal& a, const Decimal& b) { return add(a, b.negated()); }

std::optional<Decimal> multiply(const Decimal& a, const Decimal& b) {
    Wide product = 0;
    if (__builtin_mul_overflow(a.coefficient(), b.coefficient(), &product)) {
        const Decimal x = a.stripped();
        const Decimal y = b.stripped();
        const int cut = std::max(0, digit_count(x.coefficient()) + digit_count(y.coefficient()) - digits_max);
        const int cut_x = std::min(cut / 2, x.scale());
        const int cut_y = std::min(cut - cut_x, y.scale());
        if (__builtin_mul_overflow(without_digits(x.coefficient(), cut_x), without_digits(y.coefficient(), cut_y),
                                   &product))
            return std::nullopt;
        return Decimal(product, x.scale() - cut_x + y.scale() - cut_y).shifted(0);
    }
    return Decimal(product, a.scale() + b.scale()).shifted(0);
}

std::optional<Decimal> divide(const Decimal& a, const Decimal& b) {
    if (b.zero()) return std::nullopt;
    const Decimal divisor = b.stripped();
    Decimal dividend = a.stripped();
    const int room = std::max(0, digits_max - digit_count(dividend.coefficient()));  // a product may be longer
    const int wanted =
        std::clamp(28 - digit_count(dividend.coefficient()) + digit_count(divisor.coefficient()), 0, room);
    const Wide numerator = *times_power(dividend.coefficient(), wanted);
    const Wide quotient = numerator / divisor.coefficient();
    const auto value = Decimal(quotient, 0).shifted(-(wanted + dividend.scale() - divisor.scale()));
    if (!value) return std::nullopt;
    return value->stripped();
}

std::optional<Decimal> divide_whole(const Decimal& a, const Decimal& b) {
    const auto pair = aligned(a, b);
    if (b.zero() || !pair) return std::nullopt;
    return Decimal(pair->a / pair->b, 0);
}

std::optional<Decimal> remainder(const Decimal& a, const Decimal& b) {
    const auto pair = aligned(a, b);
    if (b.zero() || !pair) return std::nullopt;
    return Decimal(pair->a % pair->b, pair->scale);
}

}  // namespace causeway::fhir::path
