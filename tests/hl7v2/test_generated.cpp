#include <doctest/doctest.h>

#include <map>

#include "tests/hl7v2/generated/run.hpp"

using namespace causeway::hl7v2::testing;

TEST_SUITE("hl7v2/generated") {
    TEST_CASE("conforming messages of every version are read, grouped and have nothing against them") {
        check_conforming(1, 2'000);
    }
    TEST_CASE("odd messages are read as far as they can be and never change") { check_odd(1, 600); }
    TEST_CASE("messages survive every character set and its way back") { check_charsets(1, 400); }
    TEST_CASE("messages survive being cut into fragments and addenda") { check_fragments(1, 200); }
}
