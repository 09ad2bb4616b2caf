#include <doctest/doctest.h>

#include "gateway/patient_index/match/tables.hpp"
#include "gateway/patient_index/match/text.hpp"

using namespace causeway::patient_index::match;

TEST_SUITE("gateway/patient_index/match/text") {
    TEST_CASE("folds accents, case and signs") {
        struct Row {
            std::string_view in, out;
        };
        for (const auto& row :
             {Row{"Müller", "MULLER"}, Row{"Strauß", "STRAUSS"}, Row{"Ægir Þórsson", "AEGIR THORSSON"},
              Row{"Łukasz", "LUKASZ"}, Row{"Nguyễn", "NGUYEN"}, Row{"Zoë", "ZOE"}, Row{"José", "JOSE"},
              Row{"Иванов", "ИВАНОВ"}, Row{"Şahin", "SAHIN"}, Row{"\xFF\xC3", ""}, Row{"\xE2\x82", ""}}) {
            CAPTURE(row.in);
            CHECK(fold(row.in) == row.out);
        }
    }
    TEST_CASE("combining marks vanish: a letter written in two ways folds alike") {
        CHECK(fold("e\xCC\x81") == fold("\xC3\xA9"));
    }
    TEST_CASE("words part at blanks and hyphens, not at apostrophes") {
        CHECK(words("SMITH-JONES") == std::vector<std::string>{"SMITH", "JONES"});
        CHECK(words("O'NEIL") == std::vector<std::string>{"ONEIL"});
        CHECK(words(" , ").empty());
    }
}

TEST_SUITE("gateway/patient_index/match/tables") {
    TEST_CASE("pet forms pair with the formal name and with each other, not across names") {
        CHECK(nickname_pair("ROBERT", "BOB"));
        CHECK(nickname_pair("BOB", "ROBERT"));
        CHECK(nickname_pair("BOB", "ROB"));
        CHECK_FALSE(nickname_pair("ROBERT", "ROBERT"));
        CHECK_FALSE(nickname_pair("CHRISTINE", "CHRISTOPHER"));
        CHECK_FALSE(nickname_pair("ROBERT", "XYZZY"));
    }
    TEST_CASE("names, placeholders and street words are known") {
        CHECK(known_given_name("MARY"));
        CHECK_FALSE(known_given_name("MRAY"));
        CHECK(placeholder(TextField::given, "BABYGIRL"));
        CHECK_FALSE(placeholder(TextField::given, "GRACE"));
        CHECK(street_word("STREET") == "ST");
        CHECK(street_word("ST") == "ST");
        CHECK(street_word("ELM") == "ELM");
    }
}
