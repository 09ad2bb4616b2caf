#include <doctest/doctest.h>

#include "gateway/patient_index/explanation.hpp"
#include "gateway/patient_index/match/decide.hpp"

using namespace causeway::patient_index::match;

namespace {

/// A whole record, to be changed a little by each case.
Record mary() {
    Record record;
    record.names.push_back({"Mary", "Ruth", "Hillenbrand", {}, {}});
    record.birth_dates = {"1984-07-19"};
    record.sex = "F";
    record.addresses.push_back({{}, "12 Elm Street", "Troy", "48084"});
    record.phones = {"2484333532"};
    record.emails = {"mary.hillenbrand@example.org"};
    record.ssns = {"219-09-8765"};
    record.mothers = {"Stone"};
    return record;
}

/// The household's child: nothing personal but name and birth date.
Record child(std::string given) {
    auto record = mary();
    record.names[0].given = std::move(given);
    record.names[0].middle.clear();
    record.birth_dates = {"2019-05-23"};
    record.emails.clear();
    record.ssns.clear();
    return record;
}

struct Judged {
    Score score;
    Decision decision;
};

constexpr std::uint64_t population_size = 100'000;

Judged judge(const Record& a, const Record& b) {
    static const CountedPopulation nobody;
    const auto x = normalise(a), y = normalise(b);
    const auto comparison = compare(x, y);
    Judged out;
    out.score = score(comparison, shipped_model(), nobody, Rates::of(shipped_model(), population_size));
    out.decision = decide(comparison, out.score, shipped_model());
    return out;
}

}  // namespace

TEST_SUITE("gateway/patient_index/match/decide") {
    TEST_CASE("one person with the usual changes is linked") {
        auto married = mary();
        married.names[0].family = "Stonebridge";
        auto moved = mary();
        moved.addresses[0] = {{}, "77 Oak Road", "Ann Arbor", "48103"};
        moved.phones = {"7345551122"};
        auto swapped = mary();
        swapped.birth_dates = {"1984-07-09"};
        auto sparse = mary();
        sparse.ssns.clear();
        sparse.emails.clear();
        sparse.mothers.clear();
        for (const auto& other : {mary(), married, moved, swapped, sparse}) {
            CAPTURE(other.names[0].given);
            CAPTURE(other.names[0].family);
            const auto judged = judge(mary(), other);
            CHECK(judged.decision.outcome == Outcome::automatic);
            CHECK(judged.score.probability() > .99);
        }
    }
    TEST_CASE("twins are never linked automatically, however much they share") {
        struct Row {
            std::string a, b;
        };
        for (const auto& row : {Row{"Emma", "Olivia"}, Row{"Emma", "Emily"}, Row{"Jayden", "Hayden"},
                                Row{"Heather", "Heater"}, Row{"Marie", "Maria"}, Row{"Jon", "John"},
                                Row{"Kaylee", "Kayleigh"}, Row{"Anna", "Hannah"}, Row{"Emma", ""}, Row{"E", "Emma"}}) {
            CAPTURE(row.a);
            CAPTURE(row.b);
            auto a = child(row.a), b = child(row.b);
            CHECK(judge(a, b).decision.outcome != Outcome::automatic);
            a.ssns = {"219-09-8765"};
            b.ssns = {"219-09-8766"};  // consecutive numbers are what twins have
            CHECK(judge(a, b).decision.outcome != Outcome::automatic);
            a.names[0].middle = b.names[0].middle = "Ruth";
            CHECK(judge(a, b).decision.outcome != Outcome::automatic);
        }
    }
    TEST_CASE("given names that differ are never joined by the machine, whatever else agrees") {
        // the same two records over and over, with every field equal, missing, or a little off, at random
        constexpr const char* names[] = {
            "Emma", "Emily",  "Jayden", "Hayden",    "Jon", "John", "Marie", "Maria",      "Kaylee",   "Kayla",
            "Anna", "Hannah", "Liz",    "Elizabeth", "E",   "J",    "",      "Anna Maria", "Baby Boy", "Hillenbrand"};
        std::uint64_t state = 7;
        const auto below = [&](std::size_t n) {
            state = state * 6364136223846793005ULL + 1442695040888963407ULL;
            return static_cast<std::size_t>(state >> 33U) % n;
        };
        std::size_t reviews = 0;
        for (int i = 0; i < 20'000; ++i) {
            auto a = mary(), b = mary();
            a.names[0].given = names[below(std::size(names))];
            b.names[0].given = names[below(std::size(names))];
            if (a.names[0].given == b.names[0].given || a.names[0].given == "Hillenbrand" ||
                b.names[0].given == "Hillenbrand")
                continue;
            for (auto* each : {&a, &b}) {
                if (below(3) == 0) each->names[0].middle = below(2) ? "R" : "";
                if (below(4) == 0) each->names.push_back({below(2) ? "Zoe" : "", {}, "Stonebridge", {}, {}});
                if (below(3) == 0) each->ssns = {below(2) ? "219-09-8766" : "8765"};
                if (below(4) == 0) each->emails.clear();
                if (below(4) == 0) each->phones.clear();
                if (below(4) == 0) each->addresses.clear();
                if (below(4) == 0) each->birth_dates = {below(2) ? "1984-07-09" : "1984-07"};
                if (below(6) == 0) each->identifiers = {{"urn:insurer", "A1234567", Record::IdentifierKind::person}};
                if (below(6) == 0) each->multiple_birth = true;
            }
            const bool alias = a.names.size() > 1 && b.names.size() > 1 && a.names[1].given == b.names[1].given &&
                               !a.names[1].given.empty();
            const auto outcome = judge(a, b).decision.outcome;
            CAPTURE(a.names[0].given);
            CAPTURE(b.names[0].given);
            if (!alias) CHECK(outcome != Outcome::automatic);
            reviews += outcome == Outcome::review;
        }
        CHECK(reviews > 10'000);
    }
    TEST_CASE("a national number joins what is alike, and nobody whose name or sex speaks against it") {
        auto a = mary(), b = mary();
        a.identifiers = b.identifiers = {{"urn:nation", "N1234567", Record::IdentifierKind::national}};
        a.birth_dates = {"1984"};
        b.birth_dates = {"1984-07"};
        b.names[0] = {"Maria", {}, "Stone", {}, {}};
        CHECK(judge(a, b).decision.rule == "national number");
        b.names[0].given = "Zelda";
        CHECK(judge(a, b).decision.outcome != Outcome::automatic);
        b.names[0].given = "Maria";
        b.sex = "M";
        CHECK(judge(a, b).decision.outcome != Outcome::automatic);
    }
    TEST_CASE("twins who carry one name in the record are told apart by what the record says of them") {
        auto a = mary(), b = mary();
        a.emails.clear();
        b.ssns = {"219-09-8766"};
        CHECK(judge(a, b).decision.rule == "numbers were given one after the other");
        b.ssns = {"219-09-8165"};  // a typing error
        CHECK(judge(a, b).decision.outcome == Outcome::automatic);
        b.ssns = {"478-11-2233"};
        CHECK(judge(a, b).decision.outcome == Outcome::automatic);  // the middle name agrees
        b.names[0].middle.clear();
        CHECK(judge(a, b).decision.rule == "numbers differ");
        a = mary();
        b = mary();
        a.ssns.clear();
        b.sex = "M";
        CHECK(judge(a, b).decision.rule == "sex differs");
    }
    TEST_CASE("what newborns are called before they have names joins nobody") {
        for (const auto* name : {"Baby Boy", "BABYGIRL", "BB Sara", "B/B Sara", "B/O Sara", "Baby Girl of Sara",
                                 "BabyGirl Sara", "BABYBOYSARA", "Infant Male", "Male Infant", "Sara Baby Boy",
                                 "Twin A Sara", "Twin A", "Newborn", "Boy Sara", "Boy", "Fetus"}) {
            CAPTURE(name);
            const auto one = child(name);
            CHECK(judge(one, one).decision.outcome == Outcome::review);
            CHECK((normalise(one).names.empty() || normalise(one).names[0].given.empty()));
        }
        // and names that look a little like it are names
        for (const auto* name : {"Barbara", "Infanta", "Boyd", "Bo", "Gerald B", "Babette", "Twyla"}) {
            CAPTURE(name);
            CHECK(!normalise(child(name)).names[0].given.empty());
        }
    }
    TEST_CASE("twins who are both entered with given and family name exchanged are no married person") {
        auto a = child("Hillenbrand"), b = child("Hillenbrand");
        for (const auto& [one, other] : {std::pair("Emma", "Olivia"), std::pair("Anna", "Anne")}) {
            a.names[0].family = one;
            b.names[0].family = other;
            CAPTURE(other);
            CHECK(judge(a, b).decision.rule == "names look exchanged");
            // a family name that is a given name too
            a.names[0].given = b.names[0].given = "James";
            CHECK(judge(a, b).decision.outcome != Outcome::automatic);
            a.names[0].given = b.names[0].given = "Hillenbrand";
        }
        a.names[0].family = b.names[0].family = "";
        CHECK(judge(a, b).decision.outcome == Outcome::review);
    }
    TEST_CASE("twins who carry one name in the record are kept apart by their birth order") {
        auto a = child("Emma"), b = child("Emma");
        CHECK(judge(a, b).decision.outcome == Outcome::automatic);
        a.birth_order = 1;
        b.birth_order = 2;
        CHECK(judge(a, b).decision.outcome == Outcome::review);
        CHECK(judge(a, b).decision.rule == "birth order differs");
    }
    TEST_CASE("father and son of one name are kept apart by suffix and by generation") {
        auto father = mary(), son = mary();
        father.names[0] = {"John", {}, "Hillenbrand", "Sr", {}};
        son.names[0] = {"John", {}, "Hillenbrand", "Jr", {}};
        father.ssns.clear();
        son.ssns.clear();
        CHECK(judge(father, son).decision.outcome == Outcome::review);
        father.names[0].suffix.clear();
        son.names[0].suffix.clear();
        son.birth_dates = {"2004-07-19"};  // ten years' typing error, or a generation
        CHECK(judge(father, son).decision.outcome != Outcome::automatic);
    }
    TEST_CASE("parents, sisters and couples of one household do not match") {
        const auto none = Outcome::automatic;
        auto husband = mary();
        husband.names[0] = {"Robert", {}, "Hillenbrand", {}, {}};
        husband.birth_dates = {"1982-01-30"};
        husband.sex = "M";
        husband.ssns = {"501-44-3322"};
        CHECK(judge(mary(), husband).decision.outcome != none);
        auto sister = child("Olivia");
        sister.birth_dates = {"2017-05-23"};
        CHECK(judge(child("Emma"), sister).decision.outcome != none);
        CHECK(judge(mary(), child("Mary")).decision.outcome != none);
    }
    TEST_CASE("name and birth date alone are not enough") {
        Record a, b;
        a.names = b.names = {{"Mary", {}, "Smith", {}, {}}};
        a.birth_dates = b.birth_dates = {"1984-07-19"};
        CHECK(judge(a, b).decision.outcome == Outcome::review);
    }
    TEST_CASE(
        "what is missing is no evidence: removing a field that agrees never raises the weight, removing a conflict "
        "never lowers it") {
        auto other = mary();
        const double all = judge(mary(), other).score.weight;
        other.phones.clear();
        CHECK(judge(mary(), other).score.weight <= all);
        auto conflict = mary();
        conflict.phones = {"7345551122"};
        CHECK(judge(mary(), conflict).score.weight <= judge(mary(), other).score.weight);
    }
    TEST_CASE("an explanation holds levels and bits, and no value of the record") {
        const auto judged = judge(mary(), mary());
        const auto text = causeway::patient_index::explain(judged.score, judged.decision, shipped_model());
        CHECK(text.find("birth_date     exact") != std::string::npos);
        CHECK(text.find("shipped-1") != std::string::npos);
        for (const auto* value : {"MARY", "HILLENBRAND", "1984", "219", "248"})
            CHECK(text.find(value) == std::string::npos);
    }
}

TEST_SUITE("gateway/patient_index/match/score") {
    TEST_CASE("a rare name says more than a common one") {
        CountedPopulation people;
        for (int i = 0; i < 2000; ++i) {
            Record record;
            record.names.push_back({i % 4 ? "James" : "Given" + std::string(1, static_cast<char>('a' + i % 26)) + "x",
                                    {},
                                    i % 3 ? "Smith" : "Fam" + std::string(1, static_cast<char>('a' + i % 24)),
                                    {},
                                    {}});
            people.add(normalise(record));
        }
        const auto weight = [&](const char* given) {
            Record record;
            record.names.push_back({given, {}, "Smith", {}, {}});
            const auto features = normalise(record);
            return score(compare(features, features), shipped_model(), people,
                         Rates::of(shipped_model(), 2000))[Field::given]
                .weight;
        };
        CHECK(weight("James") < 1);
        CHECK(weight("Zebulon") > 7);
    }
    TEST_CASE("a phone that a hundred records share is an institution's") {
        CountedPopulation people;
        Record record = mary();
        for (int i = 0; i < 100; ++i) {
            Record one;
            one.phones = record.phones;
            people.add(normalise(one));
        }
        const auto features = normalise(record);
        const auto shared =
            score(compare(features, features), shipped_model(), people, Rates::of(shipped_model(), 1000));
        CHECK(shared[Field::phone].weight <= 0);
    }
    TEST_CASE("the household class explains relatives") {
        auto sister = child("Olivia");
        sister.birth_dates = {"2017-09-02"};
        const auto judged = judge(child("Emma"), sister);
        CHECK(judged.score.household > judged.score.match);
        CHECK(judged.score.weight < 0);
    }
}
