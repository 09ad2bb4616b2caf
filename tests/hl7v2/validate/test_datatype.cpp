#include <doctest/doctest.h>

#include "hl7v2/validate/datatype.hpp"

using namespace causeway::hl7v2;

TEST_SUITE("hl7v2/validate/datatype") {
    TEST_CASE("formats of the primitive types") {
        struct Row {
            std::string_view type, text;
            bool good;
        };
        for (const Row& row : {
                 Row{"NM", "1", true},
                 Row{"NM", "-1.50", true},
                 Row{"NM", "  ", true},
                 Row{"NM", "+.5", true},
                 Row{"NM", "007", true},
                 Row{"NM", " 12 ", true},
                 Row{"NM", "1e3", false},
                 Row{"NM", "1,5", false},
                 Row{"NM", ".", false},
                 Row{"NM", "", false},
                 Row{"NM", "<5", false},
                 Row{"SI", "12", true},
                 Row{"SI", "-1", false},
                 Row{"SI", "1.0", false},
                 Row{"DT", "2024", true},
                 Row{"DT", "202402", true},
                 Row{"DT", "20240229", true},
                 Row{"DT", "20230229", false},
                 Row{"DT", "20241301", false},
                 Row{"DT", "2024010112", false},
                 Row{"DT", "2024-01-01", false},
                 Row{"DT", "2401011", false},
                 Row{"TM", "12", true},
                 Row{"TM", "235959.1234+0100", true},
                 Row{"TM", "2460", false},
                 Row{"TM", "1", false},
                 Row{"DTM", "20240102030405.1234-0500", true},
                 Row{"DTM", "20240102030405.12345", false},
                 Row{"DTM", "1970-01", false},
                 Row{"DTM", "2024010203-05", true},
                 Row{"DTM", "2024+0100", true},
                 Row{"TS", "202401020304", true},
                 Row{"TS", "20240102 0304", false},
                 Row{"TS", "20240102030461", false},
                 Row{"TS", "19000229", false},
                 Row{"ST", "anything", true},
                 Row{"ID", "", true},
             }) {
            CAPTURE(row.type);
            CAPTURE(row.text);
            CHECK(datatype_fault(row.type, row.text).empty() == row.good);
        }
    }
    TEST_CASE("the shape of a time") {
        CHECK(time_shape("2024").precision == TimePrecision::year);
        CHECK(time_shape("202401").precision == TimePrecision::month);
        CHECK(time_shape("2024010203").precision == TimePrecision::hour);
        CHECK(time_shape("20240102030405.1").precision == TimePrecision::fraction);
        CHECK(time_shape("20240102+0100").zone);
        CHECK_FALSE(time_shape("20240102").zone);
        CHECK(time_shape("now").precision == TimePrecision::none);
    }
    TEST_CASE("object identifiers and characters") {
        for (const std::string_view good : {"1.2", "2.16.840.1.113883.4.1", "0.0"}) CHECK(is_oid(good));
        for (const std::string_view bad : {"", "1", "3.1", "1.", "1..2", "1.02", "a.b", ".1"}) CHECK_FALSE(is_oid(bad));
        CHECK(character_count("a\xC3\xA4\xE2\x82\xAC") == 3);
    }
}
