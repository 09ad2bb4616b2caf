#include <doctest/doctest.h>

#include "gateway/patient_index/match/features.hpp"

using namespace causeway::patient_index::match;

namespace {

Features named(std::string given, std::string middle, std::string family, std::string suffix = {}) {
    Record record;
    record.names.push_back({std::move(given), std::move(middle), std::move(family), std::move(suffix), {}});
    return normalise(record);
}

Features living_at(std::string house, std::string street, std::string city, std::string zip) {
    Record record;
    record.addresses.push_back({std::move(house), std::move(street), std::move(city), std::move(zip)});
    return normalise(record);
}

}  // namespace

TEST_SUITE("gateway/patient_index/match/normalise") {
    TEST_CASE("names: parts, suffixes, initials, titles") {
        CHECK(named("Jac ob", "", "de la Cruz").names[0].given == "JACOB");
        CHECK(named("Jac ob", "", "de la Cruz").names[0].family_parts.size() == 3);
        CHECK(named("William", "", "Gates III").suffixes == 4);
        CHECK(named("William Jr", "", "Gates").suffixes == 2);
        CHECK(named("William", "", "Gates", "Sr.").suffixes == 1);
        CHECK(named("Mary A", "", "Hill").names[0].middle == "A");
        CHECK(named("Dr Mary", "", "Hill").names[0].given == "MARY");
        CHECK(named("Mary", "NMN", "Hill").names[0].middle.empty());
    }
    TEST_CASE("placeholders are absent, not values") {
        CHECK(named("Baby Girl", "", "Hill").names[0].given.empty());
        CHECK(named("BabyBoy B", "", "Hill").names[0].given.empty());
        CHECK(named("John", "", "Doe").names.empty());
        CHECK(named("Unknown", "", "Unknown").names.empty());
        CHECK(named("John", "", "Hill").names[0].given == "JOHN");
    }
    TEST_CASE("a whole name in one text is parted") {
        Record record;
        record.names.push_back({{}, {}, {}, {}, "Hill, Mary Ann"});
        record.names.push_back({{}, {}, {}, {}, "Mary Ann Hill"});
        const auto features = normalise(record);
        REQUIRE(features.names.size() == 1);  // both say the same
        CHECK(features.names[0].given == "MARY");
        CHECK(features.names[0].middle == "ANN");
        CHECK(features.names[0].family == "HILL");
    }
    TEST_CASE("birth dates") {
        struct Row {
            std::string_view text;
            BirthDate date;
        };
        for (const auto& row :
             {Row{"1970-03-09", {1970, 3, 9}}, Row{"19700309", {1970, 3, 9}}, Row{"3/9/1970", {1970, 3, 9}},
              Row{"1970", {1970, 0, 0}}, Row{"1970-03", {1970, 3, 0}}, Row{"19700309120000", {1970, 3, 9}}}) {
            CAPTURE(row.text);
            Record record;
            record.birth_dates.emplace_back(row.text);
            REQUIRE(normalise(record).births.size() == 1);
            CHECK(normalise(record).births[0] == row.date);
        }
        for (const std::string_view text : {"1900-01-01", "1901-01-01", "", "x", "70", "0001-01-01"}) {
            CAPTURE(text);
            Record record;
            record.birth_dates.emplace_back(text);
            CHECK(normalise(record).births.empty());
        }
    }
    TEST_CASE("addresses in USPS words, unit dropped") {
        CHECK(living_at("", "12 North Elm Street Apt 4", "Troy", "48084-1234").addresses[0] ==
              Address{"12", "N ELM ST", "TROY", "48084"});
        CHECK(living_at("", "12 N. Elm St. #4", "Troy", "48084").addresses[0].street == "N ELM ST");
        CHECK(living_at("6", "tullaroop street", "st james", "4011").addresses[0] ==
              Address{"6", "TULLAROOP ST", "STJAMES", "4011"});
        CHECK(living_at("", "P.O. Box 77", "Troy", "").addresses[0].street == "POBOX");
        CHECK(living_at("", "PO Box 77", "Troy", "").addresses[0].house == "77");
        CHECK(living_at("", "Homeless", "", "").addresses.empty());
        CHECK(living_at("", "120 5th Avenue", "", "").addresses[0].street == "5 AVE");
    }
    TEST_CASE("numbers that identify nobody are dropped") {
        Record record;
        for (const auto* phone :
             {"(248) 433-3532", "1-248-433-3532", "000-433-3532", "5555555555", "248-555-0123", "123"})
            record.phones.emplace_back(phone);
        for (const auto* ssn :
             {"123-45-6789", "000-12-3456", "666-12-3456", "900-12-3456", "111-11-1111", "219-00-1234", "6789"})
            record.ssns.emplace_back(ssn);
        for (const auto* email : {"None@x.org", " Ann.Hill@X.org", "unknown@unknown"})
            record.emails.emplace_back(email);
        record.identifiers.push_back({"", "55", Record::IdentifierKind::local});
        record.identifiers.push_back({"urn:a", "AB-55 1", Record::IdentifierKind::local});
        const auto features = normalise(record);
        CHECK(features.phones == std::vector<std::string>{"2484333532"});
        CHECK(features.ssns == std::vector<std::string>{"900123456", "6789"});
        CHECK(features.emails == std::vector<std::string>{"ann.hill@x.org"});
        REQUIRE(features.identifiers.size() == 1);
        CHECK(features.identifiers[0].value == "AB551");
    }
    TEST_CASE("features survive being written and read") {
        Record record;
        record.names.push_back({"Anna Maria", "J", "Hill-Stone", "Jr", {}});
        record.birth_dates = {"1970-03-09", "1971"};
        record.addresses.push_back({"", "12 Elm Street", "Troy", "48084"});
        record.phones = {"2484333532"};
        record.emails = {"a.hill@x.org"};
        record.ssns = {"219-09-9999"};
        record.identifiers = {{"urn:x", "77", Record::IdentifierKind::person}};
        record.identifiers[0].value = "77123";
        record.mothers = {"Stone"};
        record.guardians = {"Eve"};
        record.sex = "female";
        record.birth_order = 2;
        record.multiple_birth = true;
        const auto features = normalise(record);
        CHECK(deserialise(serialise(features)) == features);
        auto pool = features;
        pool_into(pool, features);
        CHECK(pool == features);
    }
    TEST_CASE("damaged stored features are read as far as they go") {
        for (const std::string_view text : {"", "n", "n\x1f\x1f", "zzz\x1e", "b99999999999\x1e", "x1\x1f"})
            CHECK_NOTHROW(deserialise(text));
    }
}
