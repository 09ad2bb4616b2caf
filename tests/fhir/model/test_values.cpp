#include <doctest/doctest.h>

#include "fhir/model/date_time.hpp"
#include "fhir/model/reference.hpp"

using namespace causeway::fhir;

TEST_SUITE("fhir/model/date_time") {
    TEST_CASE("a partial value is a half-open range") {
        struct Row {
            const char* text;
            std::int64_t low_s;
            std::int64_t length_us;
        };
        constexpr std::int64_t second = 1'000'000;
        for (const Row& row :
             {Row{"1970", 0, 365 * 86400 * second}, Row{"1972", 730 * 86400, 366 * 86400 * second},
              Row{"1970-02", 31 * 86400, 28 * 86400 * second}, Row{"2000-02-29", 951782400, 86400 * second},
              Row{"2000-01-01T00:00Z", 946684800, 60 * second}, Row{"2000-01-01T00:00:00Z", 946684800, second},
              Row{"2000-01-01T00:00:00.0Z", 946684800, 100'000}, Row{"2000-01-01T00:00:00.00000000Z", 946684800, 1},
              Row{"2000-01-01T02:00:00+02:00", 946684800, second}, Row{"1999-12-31T19:00:00-05:00", 946684800, second},
              Row{"0001-01-01", -62135596800, 86400 * second}, Row{"2016-12-31T23:59:60Z", 1483228800, second}}) {
            CAPTURE(row.text);
            const auto value = DateTime::parse(row.text);
            REQUIRE(value);
            CHECK(value->range().low_us == row.low_s * second);
            CHECK(value->range().high_us == row.low_s * second + row.length_us);
        }
        CHECK(DateTime::parse("2000-01-01T00:00:00.123456789Z")->range() ==
              TimeRange{946684800'123'456, 946684800'123'457});
    }

    TEST_CASE("the default zone applies to what has none") {
        CHECK(DateTime::parse("2000-01-01")->range(120).low_us == (946684800LL - 7200) * 1'000'000);
        CHECK(DateTime::parse("2000-01-01T00:00:00")->range(-60).low_us == (946684800LL + 3600) * 1'000'000);
        CHECK(DateTime::parse("2000-01-01T00:00:00Z")->range(120).low_us == 946684800LL * 1'000'000);
    }

    TEST_CASE("what is no date") {
        for (const char* text : {"",
                                 "0000",
                                 "70",
                                 "1970-",
                                 "1970-00",
                                 "1970-13",
                                 "1970-1-1",
                                 "1970-02-29",
                                 "1900-02-29",
                                 "1970-01-32",
                                 "1970-01-01T",
                                 "1970-01-01T10",
                                 "1970-01-01T24:00:00Z",
                                 "1970-01-01T10:60:00Z",
                                 "1970-01-01T10:00:61Z",
                                 "1970-01-01T10:00:00.Z",
                                 "1970-01-01T10:00:00+14:01",
                                 "1970-01-01T10:00:00+1400",
                                 "1970-01-01T10:00:00z",
                                 "1970-01-01 10:00:00Z",
                                 "1970-01-01T10:00:00Z "})
            CHECK_MESSAGE(!DateTime::parse(text), text);
        CHECK(is_fhir_time("23:59:60.5"));
        for (const char* text : {"24:00:00", "10:00", "10:00:00Z", "1:00:00"}) CHECK_FALSE(is_fhir_time(text));
        CHECK(is_fhir_instant("2000-01-01T00:00:00Z"));
        CHECK_FALSE(is_fhir_instant("2000-01-01"));
    }
}

TEST_SUITE("fhir/model/reference") {
    TEST_CASE("takes references apart") {
        using Kind = ReferenceUrl::Kind;
        struct Row {
            const char* text;
            Kind kind;
            const char* base;
            const char* type;
            const char* id;
            const char* version;
            const char* fragment;
        };
        for (const Row& row :
             {Row{"Patient/1", Kind::relative, "", "Patient", "1", "", ""},
              Row{"Patient/1/_history/2", Kind::relative, "", "Patient", "1", "2", ""},
              Row{"https://a/b/Patient/1", Kind::absolute, "https://a/b/", "Patient", "1", "", ""},
              Row{"http://a/Patient/1/_history/v.2", Kind::absolute, "http://a/", "Patient", "1", "v.2", ""},
              Row{"Patient/1#x", Kind::relative, "", "Patient", "1", "", "x"},
              Row{"#c", Kind::fragment, "", "", "", "", "c"}, Row{"#", Kind::fragment, "", "", "", "", ""},
              Row{"urn:uuid:0c3", Kind::urn, "", "", "", "", ""},
              Row{"Patient?identifier=a|b", Kind::conditional, "", "Patient", "", "", ""},
              Row{"", Kind::empty, "", "", "", "", ""}, Row{"Patient", Kind::other, "", "", "", "", ""},
              Row{"patient/1", Kind::other, "", "", "", "", ""}, Row{"x/Patient/1", Kind::other, "", "", "", "", ""},
              Row{"Patient/a_b", Kind::other, "", "", "", "", ""},
              Row{"http://a/vs|2", Kind::other, "", "", "", "2", ""},
              Row{"/Patient/1", Kind::other, "", "", "", "", ""},
              Row{"Patient/1/_history/", Kind::other, "", "", "", "", ""}}) {
            CAPTURE(row.text);
            const auto url = ReferenceUrl::parse(row.text);
            CHECK(url.kind == row.kind);
            CHECK(url.base == row.base);
            CHECK(url.type == row.type);
            CHECK(url.id == row.id);
            CHECK(url.version == row.version);
            CHECK(url.fragment == row.fragment);
        }
        CHECK(ReferenceUrl::parse("Patient?identifier=a|b").query == "identifier=a|b");
        const auto canonical = Canonical::parse("http://x/y|1.0#z");
        CHECK(canonical.url == "http://x/y");
        CHECK(canonical.version == "1.0");
        CHECK(canonical.fragment == "z");
    }
}
