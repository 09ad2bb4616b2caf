#include <doctest/doctest.h>

#include "hl7v2/path.hpp"

using namespace causeway::hl7v2;
using namespace std::string_view_literals;

TEST_SUITE("hl7v2/path") {
    TEST_CASE("reads the text form and gives it back") {
        struct Row {
            std::string_view text;
            std::string_view canonical;
            Path path;
        };
        for (const auto& row : {
                 Row{"PID", "PID", {{'P', 'I', 'D'}, 0, {}}},
                 Row{"PID-3", "PID-3", {{'P', 'I', 'D'}, 0, {3, 0, 0, 0}}},
                 Row{"PID-3(2).1", "PID-3(2).1", {{'P', 'I', 'D'}, 0, {3, 2, 1, 0}}},
                 Row{"PID-3[2].4.2", "PID-3(2).4.2", {{'P', 'I', 'D'}, 0, {3, 2, 4, 2}}},
                 Row{"OBX(30)-5", "OBX(30)-5", {{'O', 'B', 'X'}, 30, {5, 0, 0, 0}}},
                 Row{"ZX1-65535", "ZX1-65535", {{'Z', 'X', '1'}, 0, {65535, 0, 0, 0}}},
             }) {
            CAPTURE(row.text);
            const auto path = Path::parse(row.text);
            REQUIRE(path.has_value());
            CHECK(*path == row.path);
            CHECK(path->text() == row.canonical);
        }
    }

    TEST_CASE("refuses what is no path and says where") {
        struct Row {
            std::string_view text;
            std::size_t offset;
        };
        for (const auto& row :
             {Row{"", 0}, Row{"PI", 0}, Row{"pid-3", 0}, Row{"1ID-3", 0}, Row{"PID-", 4}, Row{"PID-0", 5},
              Row{"PID.3", 3}, Row{"PID-3(0)", 7}, Row{"PID-3(1", 7}, Row{"PID-3(1]", 7}, Row{"PID-3.", 6},
              Row{"PID-3.1.", 8}, Row{"PID-3.1.2.3", 9}, Row{"PID-70000", 8}, Row{"PID-3 ", 5}, Row{"PID(2", 5}}) {
            CAPTURE(row.text);
            const auto path = Path::parse(row.text);
            REQUIRE(path.has_error());
            CHECK(path.error().code == Errc::bad_path);
            CHECK(path.error().offset == row.offset);
        }
    }

    TEST_CASE("a literal is the same path") {
        static_assert("PID-3(2).4.1"_v2.position.component == 4);
        CHECK("PID-3(2).4.1"_v2 == *Path::parse("PID-3(2).4.1"));
    }
}
