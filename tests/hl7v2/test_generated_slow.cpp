#include <doctest/doctest.h>

#include "tests/hl7v2/generated/run.hpp"

using namespace causeway::hl7v2::testing;

// The same as test_generated.cpp with other seeds and more of them.
TEST_SUITE("hl7v2/generated, many") {
    TEST_CASE("conforming messages") { check_conforming(1'000'000, 60'000); }
    TEST_CASE("odd messages") { check_odd(1'000'000, 30'000); }
    TEST_CASE("character sets") { check_charsets(1'000'000, 10'000); }
    TEST_CASE("fragments") { check_fragments(1'000'000, 5'000); }
}
