#include <doctest/doctest.h>

#include "gateway/patient_index/match/combinations.hpp"

using namespace causeway::patient_index::match;

namespace {

class NoStatistics final : public Population {
public:
    std::uint64_t records() const override { return 1000; }
    std::uint64_t total(CountedField) const override { return 0; }
    std::uint64_t count(CountedField, std::string_view) const override { return 0; }
};

Record mary() {
    Record out;
    out.names.push_back({"Mary", {}, "Hillenbrand", {}, {}});
    out.birth_dates = {"1984-07-19"};
    out.sex = "F";
    return out;
}

struct Judged {
    Comparison comparison;
    std::vector<std::uint8_t> numbers;
    bool may_link;
};

Judged judge(const Features& a, const Features& b) {
    Judged out;
    out.comparison = compare(a, b);
    const auto scored = score(out.comparison, shipped_model(), NoStatistics(), Rates::of(shipped_model(), 1000));
    out.numbers = satisfied(a, b, out.comparison, scored);
    out.may_link = combination_may_link(out.comparison);
    return out;
}

bool has(const std::vector<std::uint8_t>& numbers, int wanted) {
    for (const auto number : numbers)
        if (number == wanted) return true;
    return false;
}

}  // namespace

TEST_SUITE("gateway/patient_index/match/combinations") {
    TEST_CASE("each field that agrees brings its combinations, name and birth date alone bring none") {
        struct Row {
            int number;
            void (*give)(Record&);
        };
        const auto plain = normalise(mary());
        CHECK(judge(plain, plain).numbers.empty());
        for (const auto& row :
             {Row{1,
                  [](Record& r) {
                      r.addresses.push_back({{}, "12 Elm Street", "Troy", "48084"});
                  }},
              Row{2, [](Record& r) { r.phones = {"2484333532"}; }},
              Row{11, [](Record& r) { r.phones = {"2484333532"}; }},
              Row{36, [](Record& r) { r.phones = {"2484333532"}; }},
              Row{3, [](Record& r) { r.emails = {"mary.h@mailbox.example"}; }},
              Row{4, [](Record& r) { r.ssns = {"219098765"}; }}, Row{4, [](Record& r) { r.ssns = {"8765"}; }},
              Row{6, [](Record& r) { r.ssns = {"919098765"}; }},
              Row{8,
                  [](Record& r) {
                      r.identifiers.push_back(
                          {"http://hl7.org/fhir/sid/us-mbi", "1EG4TE5MK73", Record::IdentifierKind::person});
                  }},
              Row{9, [](Record& r) {
                      r.identifiers.push_back({"urn:oid:1.2.3", "D4715", Record::IdentifierKind::person});
                  }}}) {
            CAPTURE(row.number);
            auto record = mary();
            row.give(record);
            const auto features = normalise(record);
            const auto judged = judge(features, features);
            CHECK(has(judged.numbers, row.number));
            CHECK(judged.may_link);
            CHECK(!has(judge(features, plain).numbers, row.number));
        }
    }
    TEST_CASE("one field may be fuzzy, two may not") {
        auto a = mary(), b = mary();
        a.phones = b.phones = {"2484333532"};
        b.names[0].family = "Hilenbrand";
        CHECK(has(judge(normalise(a), normalise(b)).numbers, 2));
        b.birth_dates = {"1984-07-20"};
        CHECK(!has(judge(normalise(a), normalise(b)).numbers, 2));
        b.names[0].family = "Hillenbrand";
        CHECK(has(judge(normalise(a), normalise(b)).numbers, 2));
        b.birth_dates = {"1984-07-21"};
        CHECK(!has(judge(normalise(a), normalise(b)).numbers, 2));
    }
    TEST_CASE("the vetoes stand above the combinations") {
        auto a = mary();
        a.phones = {"2484333532"};
        const auto plain = normalise(a);
        const auto changed = [&](auto change) {
            auto b = a;
            change(b);
            return judge(plain, normalise(b)).may_link;
        };
        CHECK(changed([](Record&) {}));
        CHECK(!changed([](Record& b) { b.names[0].given = "Maria"; }));
        CHECK(!changed([](Record& b) { b.names[0].given = "Marie"; }));
        CHECK(!changed([](Record& b) { b.sex = "M"; }));
        CHECK(!changed([](Record& b) { b.birth_dates = {"1951-11-30"}; }));
        a.names[0].suffix = "JR";
        a.birth_order = 1;
        a.ssns = {"219098765"};
        const auto full = normalise(a);
        const auto against = [&](auto change) {
            auto b = a;
            change(b);
            return judge(full, normalise(b)).may_link;
        };
        CHECK(against([](Record&) {}));
        CHECK(!against([](Record& b) { b.names[0].suffix = "III"; }));
        CHECK(!against([](Record& b) { b.birth_order = 2; }));
        CHECK(!against([](Record& b) { b.ssns = {"478112233"}; }));
    }
    TEST_CASE("those that a household may share are switched on apart") {
        const std::vector<std::uint8_t> numbers{34, 36};
        CHECK(enabled(numbers, Combinations::off) == nullptr);
        CHECK(enabled(numbers, Combinations::approved) == nullptr);
        REQUIRE(enabled(numbers, Combinations::household) != nullptr);
        CHECK(enabled(numbers, Combinations::household)->number == 34);
        const std::vector<std::uint8_t> person{34, 2};
        CHECK(enabled(person, Combinations::approved)->number == 2);
    }
}
