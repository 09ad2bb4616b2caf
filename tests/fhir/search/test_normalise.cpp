#include <doctest/doctest.h>

#include "fhir/search/normalise.hpp"

using namespace causeway::fhir::search;

TEST_SUITE("fhir/search/normalise") {
    TEST_CASE("case, accents, punctuation and blanks do not count") {
        struct Row {
            const char* text;
            const char* expected;
        };
        for (const Row& row :
             {Row{"García-Márquez", "garcia marquez"}, Row{"GARCI\u0301A", "garcia"},
              Row{"  O'Brien,\t Pat ", "o brien pat"}, Row{"Łukasz Ørsted", "lukasz orsted"}, Row{"Straße", "strasse"},
              Row{"ΣΊΣΥΦΟΣ", "σισυφοσ"}, Row{"Иван Йод", "иван иод"}, Row{"Æsop œuvre", "aesop oeuvre"},
              Row{"日本 太郎", "日本 太郎"}, Row{"한", "\u1112\u1161\u11ab"}, Row{"...", ""}, Row{"", ""},
              Row{"a\xFF\xC3", "a"}, Row{"İstanbul", "istanbul"}, Row{"zero\u200Dwidth", "zerowidth"},
              Row{"\u2018quoted\u2019", "quoted"}, Row{"5µg", "5μg"}}) {
            CAPTURE(row.text);
            CHECK(normalise(row.text) == row.expected);
            CHECK(normalise(normalise(row.text)) == normalise(row.text));
        }
    }

    TEST_CASE("composed and decomposed Hangul are one") {
        CHECK(normalise("한국") == normalise("\u1112\u1161\u11ab\u1100\u116e\u11a8"));
    }

    TEST_CASE("telephone numbers lose their punctuation, mail addresses their case") {
        CHECK(normalise_contact("(03) 5555-6473") == "0355556473");
        CHECK(normalise_contact("+61 3.5555/1") ==
              "+6135555"
              "1");
        CHECK(normalise_contact("A.B@Example.org") == "a.b@example.org");
        CHECK(normalise_contact("ext 12") == "ext 12");
        CHECK(fold_token("MiXed-É") == "mixed-É");
    }
}
