#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace causeway::fhir::path {

/// A decimal number for arithmetic: coefficient * 10^-scale, exact to 36 digits. Keeps its trailing zeros, because
/// precision() and the boundaries ask for them. Results that do not fit are empty.
class Decimal {
public:
    __extension__ using Wide = __int128;
    static constexpr int scale_max = 28;

    constexpr Decimal() = default;
    constexpr Decimal(std::int64_t value) : coefficient_(value) {}  // NOLINT: an integer is a decimal
    constexpr Decimal(Wide coefficient, int scale) : coefficient_(coefficient), scale_(scale) {}

    /// A JSON number: sign, digits, fraction, exponent. Digits after the 28th of the fraction are cut off.
    static std::optional<Decimal> parse(std::string_view text);
    /// Rounded to 15 significant digits.
    static std::optional<Decimal> from_double(double value);

    Wide coefficient() const { return coefficient_; }
    int scale() const { return scale_; }
    bool negative() const { return coefficient_ < 0; }
    bool zero() const { return coefficient_ == 0; }
    bool integral() const;
    std::optional<std::int64_t> to_integer() const;  ///< if integral and it fits
    double to_double() const;                        ///< correctly rounded: equal decimals give equal doubles
    std::string to_string() const;                   ///< plain notation with all digits of the scale

    Decimal negated() const { return {-coefficient_, scale_}; }
    Decimal stripped() const;  ///< without trailing zeros
    Decimal truncated() const;
    Decimal floor() const;
    Decimal ceiling() const;
    Decimal rounded(int digits) const;  ///< half away from zero
    /// 10^exponent times this; empty if it does not fit.
    std::optional<Decimal> shifted(int exponent) const;
    /// With exactly that many digits after the point, rounded towards -infinity or +infinity.
    std::optional<Decimal> rescaled(int digits, bool up) const;
    /// Half of the last digit's unit: 0.0005 for 1.587.
    Decimal half_unit() const { return {5, scale_ + 1}; }

    /// Orders by value; 1.50 and 1.5 are equal.
    int compare(const Decimal& other) const;
    bool operator==(const Decimal& other) const { return compare(other) == 0; }

private:
    Wide coefficient_ = 0;
    int scale_ = 0;
};

std::optional<Decimal> add(const Decimal& a, const Decimal& b);
std::optional<Decimal> subtract(const Decimal& a, const Decimal& b);
std::optional<Decimal> multiply(const Decimal& a, const Decimal& b);
/// To 28 significant digits; empty for a zero divisor.
std::optional<Decimal> divide(const Decimal& a, const Decimal& b);
/// Towards zero.
std::optional<Decimal> divide_whole(const Decimal& a, const Decimal& b);
std::optional<Decimal> remainder(const Decimal& a, const Decimal& b);

}  // namespace causeway::fhir::path
