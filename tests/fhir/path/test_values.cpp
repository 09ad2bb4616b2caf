#include <doctest/doctest.h>

#include "fhir/path/decimal.hpp"
#include "fhir/path/regex.hpp"
#include "fhir/path/temporal.hpp"
#include "fhir/path/ucum.hpp"

using namespace causeway::fhir::path;

namespace {

std::string text(const std::optional<Decimal>& value) { return value ? value->to_string() : "none"; }
Decimal number(std::string_view digits) { return Decimal::parse(digits).value(); }

/// The value in base units with their dimension, or "none".
std::string base(std::string_view value, std::string_view unit) {
    const auto form = parse_unit(unit);
    if (!form) return "none";
    const auto converted = form->to_base(number(value));
    return text(converted ? std::optional(converted->stripped()) : converted) + " " + form->dimension;
}

std::string match(std::string_view pattern, std::string_view input, bool whole = false) {
    std::string error;
    const auto regex = Regex::compile(pattern, error);
    if (!regex) return "error: " + error;
    const auto found = regex->find(input, 0, whole);
    if (!found) return "none";
    return std::string(input.substr(found->bounds[0], found->bounds[1] - found->bounds[0]));
}

}  // namespace

TEST_SUITE("fhir/path/values") {
    TEST_CASE("decimals keep their digits and calculate exactly") {
        CHECK(text(Decimal::parse("-1.50")) == "-1.50");
        CHECK(text(Decimal::parse("1.0e2")) == "100");
        CHECK(text(Decimal::parse("12E-3")) == "0.012");
        for (const char* bad :
             {"", "-", "1.", ".5", "1e", "1e5000", "0x1", "1 ", "99999999999999999999999999999999999999999"}) {
            CAPTURE(bad);
            CHECK_FALSE(Decimal::parse(bad));
        }
        CHECK(text(add(number("0.1"), number("0.2"))) == "0.3");
        CHECK(text(multiply(number("1.10"), number("-3"))) == "-3.30");
        CHECK(text(divide(number("1"), number("8"))) == "0.125");
        CHECK(text(divide(number("1"), number("0"))) == "none");
        CHECK(text(remainder(number("-5.5"), number("2"))) == "-1.5");
        CHECK(text(multiply(number("1000000000000000000000000"), number("1000000000000000000000000"))) == "none");
        CHECK(text(divide(*multiply(number("44444444444444444444444444444444444"), number("321")), number("7")))
                  .starts_with("203809523809"));
        CHECK(number("1.50") == number("1.5"));
        CHECK(number("2.5").rounded(0) == Decimal(3));
        CHECK(number("-2.5").rounded(0) == Decimal(-3));
        CHECK(number("-1.2").floor() == Decimal(-2));
        CHECK(number("1.2").ceiling() == Decimal(2));
        CHECK(number("0.1").to_double() == 0.1);
        CHECK(number("123456789012345678.9").to_double() == 123456789012345678.9);
    }

    TEST_CASE("UCUM units come down to base units") {
        CHECK(base("5.4", "mg") == "0.0054 g");
        CHECK(base("1", "mm[Hg]") == "133322 g.m-1.s-2");
        CHECK(base("5", "mmol/L") == "5 m-3.mol");
        CHECK(base("90", "fL") == "0.00000000000000009 m3");
        CHECK(base("4.5", "10*9/L") == "4500000000000 m-3");
        CHECK(base("1", "[lb_av]") == "453.59237 g");
        CHECK(base("37", "Cel") == "310.15 K");
        CHECK(base("98.6", "[degF]") == "310.15 K");
        CHECK(base("7", "{score}") == "7 1");
        CHECK(base("2", "g/(m.s)") == "2 g.m-1.s-1");
        CHECK(base("60", "/min") == "1 s-1");
        CHECK(base("3", "k[IU]/mL") == "3000000000 [iU].m-3");
        CHECK(base("12", "%") == "0.12 1");
        CHECK(base("1", "dag") == "10 g");
        CHECK(base("1", "m2") == "1 m2");
        for (const char* none : {"", "tablet", "kilo", "mg/", "m(", "((m)", "m{", "[nothing]", "Mmin", "m99", "m..s"}) {
            CAPTURE(none);
            CHECK(base("1", none) == "none");
        }
        CHECK_FALSE(parse_unit(std::string(150, '(') + "m" + std::string(150, ')')));
    }

    TEST_CASE("regular expressions without backtracking") {
        CHECK(match("a+b", "xaaab") == "aaab");
        CHECK(match("a+?", "aaa") == "a");
        CHECK(match("(ab|a)(c|bcd)", "abcd") == "abc");
        CHECK(match("cat|dog|bird", "a bird") == "bird");
        CHECK(match("x|(y|z)+|w", "zyz") == "zyz");
        CHECK(match("^[A-Z][a-z]{2,3}$", "Abcd") == "Abcd");
        CHECK(match("^[A-Z][a-z]{2,3}$", "Abcde") == "none");
        CHECK(match("[^\\s.]+", " .ab c") == "ab");
        CHECK(match("\\bfoo\\b", "a foo b") == "foo");
        CHECK(match("\\bfoo\\b", "afoo") == "none");
        CHECK(match("a.c", "a\nc") == "a\nc");
        CHECK(match("\u00e9{2}", "\u00e9\u00e9") == "\u00e9\u00e9");
        CHECK(match("[\u00e0-\u00ef]", "\u00e9") == "\u00e9");
        CHECK(match("(?i)ABC", "xabc") == "abc");
        CHECK(match("a*", "b").empty());
        CHECK(match("ab", "abab", true) == "none");
        CHECK(match("a{,2}", "a{,2}") == "a{,2}");
        for (const char* bad : {"(", "a)", "[", "*", "a{3,1}", "\\", "(?=a)", "[z-a]", "a{6000}", "[a\\", "[a-\\", "[^",
                                "[a-", "(?<x", "((a{1000}){1000}){1000}", "\\1"}) {
            CAPTURE(bad);
            CHECK(match(bad, "a").starts_with("error: "));
        }
        CHECK(match("(a|aa)+$", std::string(20'000, 'a') + "b") == "none");  // in no time
        std::string error;
        CHECK(Regex::compile("(?<y>\\d{4})-(\\d\\d)", error)->replace("on 2024-05 and 2023-04", "$2/${y} $$") ==
              "on 05/2024 $ and 04/2023 $");
    }

    TEST_CASE("partial dates compare as far as they are known") {
        const auto moment = [](std::string_view written) { return Temporal::parse_date_time(written).value(); };
        CHECK(compare(moment("2024"), moment("2025-01")) == std::strong_ordering::less);
        CHECK_FALSE(compare(moment("2024"), moment("2024-01")));
        CHECK(compare(moment("2024-01-01T00:30:00+01:00"), moment("2023-12-31T23:30:00Z")) ==
              std::strong_ordering::equal);
        CHECK_FALSE(compare(moment("2024-01-01T00:30:00"), moment("2024-01-01T00:30:00Z")));
        CHECK_FALSE(Temporal::parse_date_time("2023-02-29"));
        CHECK_FALSE(Temporal::parse_date_time("2024-01-01T24:00"));
        CHECK_FALSE(Temporal::parse_date_time("2024-01T10:00"));
        CHECK(plus(moment("2024-12-31T23:59:59.500Z"), CalendarUnit::second, 1, 0, false)->date_time_text() ==
              "2025-01-01T00:00:00.500Z");
        CHECK_FALSE(plus(moment("9999"), CalendarUnit::year, 1, 0, false));
        CHECK_FALSE(plus(moment("0001"), CalendarUnit::month, -1, 0, false));
    }
}
