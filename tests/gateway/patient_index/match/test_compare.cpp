#include <doctest/doctest.h>

#include "gateway/patient_index/match/compare.hpp"

using namespace causeway::patient_index::match;

namespace {

Record person(std::string given, std::string family, std::string middle = {}) {
    Record record;
    record.names.push_back({std::move(given), std::move(middle), std::move(family), {}, {}});
    return record;
}

Levels levels(const Record& a, const Record& b) {
    const auto x = normalise(a), y = normalise(b);
    const auto there = compare(x, y).levels;
    const auto back = compare(y, x).levels;
    CHECK(there == back);  // comparison knows no direction
    return there;
}

Record born(std::string date) {
    Record record;
    record.birth_dates.push_back(std::move(date));
    return record;
}

Record at(std::string street, std::string city, std::string zip) {
    Record record;
    record.addresses.push_back({{}, std::move(street), std::move(city), std::move(zip)});
    return record;
}

template <class List>
std::int8_t numbers(List Record::*list, std::string a, std::string b, Field field) {
    Record x, y;
    (x.*list).push_back(std::move(a));
    (y.*list).push_back(std::move(b));
    return levels(x, y)[field];
}

}  // namespace

TEST_SUITE("gateway/patient_index/match/compare") {
    TEST_CASE("given and family names") {
        struct Row {
            Record a, b;
            std::int8_t given, family;
        };
        namespace g = given_level;
        namespace f = family_level;
        for (const auto& row : {
                 Row{person("Mary", "Hill"), person("Mary", "Hill"), g::exact, f::exact},
                 Row{person("Mary", "Hill"), person("", "Hill"), missing, f::exact},
                 Row{person("Jac ob", "Hill"), person("Jacob", "Hil"), g::exact, f::close},
                 Row{person("Bob", "Hill"), person("Robert", "Stone"), g::nickname, f::conflict},
                 Row{person("Anna Maria", "Hill"), person("Maria", "Hill-Stone"), g::nickname, f::part},
                 Row{person("M", "Hill"), person("Mary", "Hill"), g::initial, f::exact},
                 Row{person("J", "Hill"), person("Mary", "Hill"), g::conflict, f::exact},
                 Row{person("Jonathan", "Hill"), person("Jonathon", "Hill"), g::close, f::exact},
                 Row{person("Ross", "Taylor"), person("Taylor", "Ross"), g::crossed, missing},
                 Row{person("Rosss", "Taylor"), person("Taylor", "Ross"), g::crossed_close, missing},
                 Row{person("Taylor", ""), person("Ross", "Taylor"), g::crossed_close, missing},
                 Row{person("Ann", "Hill", "Ruth"), person("Ruth", "Hill"), g::other_middle, f::exact},
                 Row{person("Emma", "Hill"), person("Ethan", "Hill"), g::conflict, f::exact},
             }) {
            CAPTURE(row.a.names[0].given);
            CAPTURE(row.b.names[0].given);
            CAPTURE(row.a.names[0].family);
            CAPTURE(row.b.names[0].family);
            const auto found = levels(row.a, row.b);
            CHECK(found[Field::given] == row.given);
            CHECK(found[Field::family] == row.family);
        }
    }
    TEST_CASE("middle names") {
        CHECK(levels(person("A", "B", "Ruth"), person("A", "B", "R"))[Field::middle] == middle_level::initial);
        CHECK(levels(person("A", "B", "Ruth"), person("A", "B", "Ruth"))[Field::middle] == middle_level::exact);
        CHECK(levels(person("A", "B", "Ruth"), person("A", "B", "Karen"))[Field::middle] == middle_level::conflict);
        CHECK(levels(person("A", "B", "Ruth"), person("A", "B"))[Field::middle] == missing);
    }
    TEST_CASE("every known name counts: the maiden name meets the married one") {
        auto married = person("Mary", "Stone");
        married.names.push_back({"Mary", {}, "Hill", {}, {}});
        CHECK(levels(married, person("Mary", "Hill"))[Field::family] == family_level::exact);
    }
    TEST_CASE("birth dates") {
        struct Row {
            std::string a, b;
            std::int8_t level;
        };
        namespace d = birth_level;
        for (const auto& row :
             {Row{"1970-03-09", "1970-03-09", d::exact}, Row{"1970-03-09", "1970-09-03", d::swapped},
              Row{"1970-03-09", "1970-03-19", d::one_edit}, Row{"1970-03-09", "1970-03-28", d::two_parts},
              Row{"1970-03-09", "1970-04-08", d::two_edits}, Row{"1970-03-09", "1970", d::partial},
              Row{"1970-03-09", "1970-04", d::conflict}, Row{"1970-03-09", "1988-11-27", d::conflict}}) {
            CAPTURE(row.a);
            CAPTURE(row.b);
            CHECK(levels(born(row.a), born(row.b))[Field::birth_date] == row.level);
        }
        const auto a = normalise(born("1970-03-09")), b = normalise(born("1988-11-27"));
        CHECK(compare(a, b).birth_year_gap == 18);
    }
    TEST_CASE("addresses") {
        struct Row {
            Record a, b;
            std::int8_t level;
        };
        namespace l = address_level;
        const auto home = at("12 Elm Street", "Troy", "48084");
        for (const auto& row :
             {Row{home, at("12 Elm St", "Troy", "48084"), l::full},
              Row{home, at("12 Elm St", "Detroit", "48201"), l::house_street},
              Row{home, at("12 Eln Street", "Troy", ""), l::house_similar_street},
              Row{home, at("14 Elm Street", "Troy", ""), l::street_place},
              Row{home, at("12 Oak Road", "Warren", "48084"), l::house_zip},
              Row{home, at("7 Oak Road", "Warren", "48084"), l::zip},
              Row{home, at("7 Oak Road", "Troy", "49999"), l::city},
              Row{home, at("7 Oak Road", "Warren", "48099"), l::region},
              Row{home, at("7 Oak Road", "Warren", "90210"), l::conflict}, Row{home, at("", "", ""), missing}}) {
            CAPTURE(row.b.addresses[0].street);
            CAPTURE(row.b.addresses[0].zip);
            CHECK(levels(row.a, row.b)[Field::address] == row.level);
        }
    }
    TEST_CASE("numbers") {
        CHECK(numbers(&Record::ssns, "219099999", "219099999", Field::ssn) == ssn_level::exact);
        CHECK(numbers(&Record::ssns, "219099999", "219099989", Field::ssn) == ssn_level::one_edit);
        CHECK(numbers(&Record::ssns, "219098765", "8765", Field::ssn) == ssn_level::last_four);
        CHECK(numbers(&Record::ssns, "219098765", "501443322", Field::ssn) == ssn_level::conflict);
        CHECK(numbers(&Record::phones, "2484333532", "8104333532", Field::phone) == phone_level::near);
        CHECK(numbers(&Record::phones, "2484333532", "2485386320", Field::phone) == phone_level::conflict);
        CHECK(numbers(&Record::emails, "ann.hill@x.org", "ann.hill@y.com", Field::email) == email_level::near);
        CHECK(numbers(&Record::emails, "ann.hill@x.org", "bob@y.com", Field::email) == email_level::conflict);
        CHECK(numbers(&Record::mothers, "Stone", "Stome", Field::mother) == mother_level::close);
        CHECK(numbers(&Record::guardians, "Liz", "Elizabeth", Field::guardian) == mother_level::close);
    }
    TEST_CASE("a record number that differs says nothing, an insurance number that differs does") {
        Record a, b;
        a.identifiers = {{"mrn", "1001", Record::IdentifierKind::local},
                         {"plan", "55501", Record::IdentifierKind::person}};
        b.identifiers = {{"mrn", "1002", Record::IdentifierKind::local},
                         {"plan", "77702", Record::IdentifierKind::person}};
        CHECK(levels(a, b)[Field::record_number] == missing);
        CHECK(levels(a, b)[Field::identifier] == identifier_level::conflict);
        b.identifiers[1].system = "other";
        CHECK(levels(a, b)[Field::identifier] == missing);
    }
    TEST_CASE("suffix, birth order and sex") {
        auto a = person("John", "Hill"), b = person("John", "Hill");
        a.names[0].suffix = "Jr";
        b.names[0].suffix = "Sr";
        a.birth_order = 1;
        b.birth_order = 2;
        a.sex = "M";
        b.sex = "F";
        const auto x = normalise(a), y = normalise(b);
        const auto found = compare(x, y);
        CHECK(found.suffix_differs);
        CHECK(found.birth_order_differs);
        CHECK(found.multiple_birth);
        CHECK(found.levels[Field::sex] == sex_level::differs);
    }
}
