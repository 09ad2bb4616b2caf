#include <doctest/doctest.h>

#include "gateway/patient_index/registry.hpp"
#include "tests/gateway/patient_index/map_tables.hpp"

using namespace causeway::patient_index;
using causeway::storage::Rid;

namespace {

match::Record mary() {
    match::Record record;
    record.names.push_back({"Mary", "Ruth", "Hillenbrand", {}, {}});
    record.birth_dates = {"1984-07-19"};
    record.sex = "F";
    record.addresses.push_back({{}, "12 Elm Street", "Troy", "48084"});
    record.phones = {"2484333532"};
    record.ssns = {"219-09-8765"};
    return record;
}

match::Record somebody_else() {
    match::Record record;
    record.names.push_back({"Zebulon", {}, "Quackenbush", {}, {}});
    record.birth_dates = {"1951-11-30"};
    record.sex = "M";
    record.addresses.push_back({{}, "900 Lake Road", "Marquette", "49855"});
    return record;
}

/// Similar enough to be asked about, with nothing of the person's own.
match::Record sparse_mary() {
    match::Record record;
    record.names.push_back({"Mary", {}, "Hillenbrand", {}, {}});
    record.birth_dates = {"1984-07-19"};
    return record;
}

struct Index {
    MapTables tables;
    Statistics statistics;
    Matcher matcher;
    std::int64_t now = 1000;

    Index() {
        matcher.model = std::make_shared<match::Model>(match::shipped_model());
        matcher.statistics = &statistics;
        statistics.set_records(10'000);
    }
    Registry registry() { return Registry(tables, matcher, statistics); }
    Registration put(Rid rid, const match::Record& record) {
        return registry().put(rid, match::normalise(record), ++now);
    }
    Actor steward() { return {EventSource::manual, "steward", ++now}; }
    causeway::storage::PersonId person_of(Rid rid) { return tables.records.at(rid).person; }
};

}  // namespace

TEST_SUITE("gateway/patient_index/registry") {
    TEST_CASE("one person by two sources is one identity, another is another, a doubtful one is asked about") {
        Index index;
        CHECK(index.put(1, mary()).decision == EventKind::created);
        const auto linked = index.put(2, mary());
        CHECK(linked.decision == EventKind::linked);
        CHECK(linked.person == index.person_of(1));
        CHECK(index.put(3, somebody_else()).decision == EventKind::created);
        CHECK(index.person_of(3) != index.person_of(1));
        const auto doubtful = index.put(4, sparse_mary());
        CHECK(doubtful.decision == EventKind::created);
        CHECK(doubtful.reviews == 1);
        REQUIRE(index.tables.reviews.size() == 1);
        CHECK(index.tables.reviews[0].record == 4);
        CHECK(index.tables.reviews[0].other_person == index.person_of(1));
        const auto data = EventData::read(index.tables.reviews[0].data);
        CHECK(data.rule == "no third evidence");
        CHECK(data.model == "shipped-1");
        CHECK(data.evidence.find("given exact") != std::string::npos);
    }
    TEST_CASE("all known values of a person count: the third record meets the person by what two others know") {
        Index index;
        auto first = mary();
        first.phones.clear();
        first.ssns = {"219-09-8765"};
        auto second = mary();
        second.names[0].family = "Stonebridge";
        second.addresses[0] = {{}, "7 Oak Road", "Ann Arbor", "48103"};
        index.put(1, first);
        CHECK(index.put(2, second).person == index.person_of(1));
        auto third = sparse_mary();
        third.names[0].family = "Stonebridge";
        third.addresses.push_back(
            {{}, "12 Elm Street", "Troy", "48084"});  // the new name is of one record, the address of the other
        const auto placed = index.put(3, third);
        CHECK(placed.decision == EventKind::linked);
        CHECK(placed.person == index.person_of(1));
    }
    TEST_CASE("merge, and unmerge puts back exactly what was") {
        Index index;
        index.put(1, mary());
        index.put(2, mary());
        index.put(3, somebody_else());
        index.put(4, sparse_mary());
        const auto records = index.tables.records;
        const auto persons = index.tables.persons;
        const auto same = [&] {
            for (const auto& [rid, record] : records) {
                const auto& now = index.tables.records.at(rid);
                CHECK(now.person == record.person);
                CHECK(now.state == record.state);
                CHECK(now.data == record.data);
            }
            for (const auto& [id, person] : persons) {
                const auto& now = index.tables.persons.at(id);
                CHECK(now.redirect == person.redirect);
                CHECK(now.state == person.state);
                CHECK(now.data == person.data);
            }
        };
        std::int64_t event = 0;
        REQUIRE(index.registry().merge(1, 4, index.steward(), &event) == Refusal::none);
        CHECK(index.person_of(4) == index.person_of(1));
        CHECK((index.tables.records.at(4).state & record_state::subsumed) != 0);
        CHECK_FALSE(index.tables.reviews[0].open);  // the question is answered
        CHECK(index.registry().current(records.at(4).person) == index.person_of(1));
        CHECK(index.registry().merge_between(1, 4) == event);
        REQUIRE(index.registry().unmerge(event, index.steward()) == Refusal::none);
        same();
        CHECK(index.tables.reviews.back().open);  // and open again
        CHECK(index.registry().unmerge(event, index.steward()) == Refusal::already_undone);
        CHECK(index.registry().merge_between(1, 4) == 0);
        REQUIRE(index.registry().merge(3, 1, index.steward(), &event) == Refusal::none);
        CHECK(index.person_of(2) == index.person_of(3));
        REQUIRE(index.registry().unmerge(event, index.steward()) == Refusal::none);
        same();
    }
    TEST_CASE("merging within one person marks the record only") {
        Index index;
        index.put(1, mary());
        index.put(2, mary());
        std::int64_t event = 0;
        REQUIRE(index.registry().merge(1, 2, index.steward(), &event) == Refusal::none);
        CHECK(index.tables.records.at(2).state == (record_state::subsumed | record_state::pooled));
        REQUIRE(index.registry().unmerge(event, index.steward()) == Refusal::none);
        CHECK(index.tables.records.at(2).state == record_state::pooled);
    }
    TEST_CASE("what a person decided, the machine never changes") {
        Index index;
        index.put(1, mary());
        index.put(2, mary());
        REQUIRE(index.registry().not_the_same(2, 1, index.steward()) == Refusal::none);
        CHECK(index.person_of(2) != index.person_of(1));
        auto changed = mary();
        changed.phones.push_back("7345551122");
        index.put(2, changed);  // it still fits, and stays
        CHECK(index.person_of(2) != index.person_of(1));
        index.put(3, somebody_else());
        REQUIRE(index.registry().link(3, index.person_of(1), index.steward()) == Refusal::none);
        index.put(3, somebody_else());
        CHECK(index.person_of(3) == index.person_of(1));  // it does not fit, and stays
    }
    TEST_CASE("a record that changes alone is matched again; among others it stays and is asked about") {
        Index index;
        index.put(1, mary());
        index.put(2, somebody_else());
        const auto former = index.person_of(2);
        index.put(2, mary());
        CHECK(index.person_of(2) == index.person_of(1));
        CHECK(index.tables.persons.at(former).state == person_state::empty);
        const auto reviews = index.tables.reviews.size();
        index.put(2, somebody_else());
        CHECK(index.person_of(2) == index.person_of(1));
        CHECK(index.tables.reviews.size() == reviews + 1);
        index.put(2, somebody_else());
        CHECK(index.tables.reviews.size() == reviews + 1);  // one question, not one for each message
    }
    TEST_CASE("a steward settles a review either way") {
        for (const bool same : {true, false}) {
            Index index;
            index.put(1, mary());
            index.put(2, sparse_mary());
            REQUIRE(index.tables.reviews.size() == 1);
            REQUIRE(index.registry().resolve(1, same, index.steward()) == Refusal::none);
            CHECK((index.person_of(1) == index.person_of(2)) == same);
            CHECK_FALSE(index.tables.reviews[0].open);
            CHECK(index.registry().resolve(1, same, index.steward()) == Refusal::no_such_review);
            index.put(2, mary());  // now the machine would link it
            CHECK((index.person_of(1) == index.person_of(2)) == same);
        }
    }
    TEST_CASE("two persons that one record fits are reported, not joined") {
        Index index;
        index.put(1, mary());
        index.put(2, mary());
        REQUIRE(index.registry().not_the_same(2, 1, index.steward()) == Refusal::none);
        const auto placed = index.put(3, mary());
        CHECK(placed.decision == EventKind::linked);
        CHECK(placed.person == index.person_of(1));
        CHECK(index.person_of(2) != index.person_of(1));
        const auto& last = index.tables.events.back();
        CHECK(last.kind == static_cast<std::uint8_t>(EventKind::possible_duplicate));
    }
    TEST_CASE("erasing the last record leaves the person and its history") {
        Index index;
        index.put(1, mary());
        const auto person = index.person_of(1);
        index.registry().erase(1, index.steward());
        CHECK(index.tables.records.empty());
        CHECK(index.tables.persons.at(person).state == person_state::empty);
        CHECK(index.tables.events_of_person(person, 10).value().size() == 2);
        CHECK(index.put(5, mary()).decision == EventKind::created);
    }
    TEST_CASE("refusals change nothing") {
        Index index;
        index.put(1, mary());
        const auto events = index.tables.events.size();
        CHECK(index.registry().merge(1, 1, index.steward()) == Refusal::same_record);
        CHECK(index.registry().merge(1, 9, index.steward()) == Refusal::unknown_record);
        CHECK(index.registry().merge_persons(1, 1, index.steward()) == Refusal::different_persons_needed);
        CHECK(index.registry().merge_persons(1, 77, index.steward()) == Refusal::unknown_person);
        CHECK(index.registry().unmerge(1, index.steward()) == Refusal::no_such_merge);
        CHECK(index.registry().unmerge(99, index.steward()) == Refusal::no_such_merge);
        CHECK(index.registry().unmerge(0, index.steward()) == Refusal::no_such_merge);
        CHECK(index.registry().link(9, 1, index.steward()) == Refusal::unknown_record);
        CHECK(index.registry().link(1, 77, index.steward()) == Refusal::unknown_person);
        CHECK(index.registry().not_the_same(1, 9, index.steward()) == Refusal::unknown_record);
        CHECK(index.tables.events.size() == events);
    }
    TEST_CASE("a truncated search neither links nor hides that it was truncated") {
        Index index;
        for (Rid rid = 1; rid <= 30; ++rid) index.put(rid, mary());
        index.matcher.candidates_max = 10;
        const auto placed = index.put(31, mary());
        CHECK(placed.truncated);
        CHECK(placed.decision == EventKind::created);
        CHECK(placed.reviews == 1);
        CHECK(EventData::read(index.tables.events[index.tables.events.size() - 2].data).truncated);
    }
    TEST_CASE("event data survives being written and read") {
        EventData data;
        data.weight = 12.5;
        data.weighed = data.truncated = true;
        data.rule = "rule\nwith a line end";
        data.model = "m";
        data.user = "u=v";
        data.moved = {{12, 3}, {13, 0}};
        causeway::storage::Review review;
        review.review = 4;
        review.priority = -5;
        review.record = 1;
        review.other_person = 9;
        data.closed = {review};
        const auto read = EventData::read(data.text());
        CHECK(read.text() == data.text());
        CHECK(read.moved == data.moved);
        CHECK(read.user == "u=v");
        CHECK(read.closed[0].other_person == 9);
        CHECK(person_number(person_identifier(77)) == 77);
        CHECK_FALSE(person_number("CWPx"));
        CHECK_FALSE(person_number("77"));
    }
    TEST_CASE("an approved combination links if one person alone satisfies it") {
        const auto born = [](std::string date) {
            auto record = sparse_mary();
            record.birth_dates = {std::move(date)};
            record.phones = {"2484333532"};
            return record;
        };
        Index index;
        index.put(1, born("1984-07-19"));
        const auto a_day_off = index.put(2, born("1984-07-20"));
        CHECK(a_day_off.decision == EventKind::linked);
        CHECK(index.person_of(2) == index.person_of(1));
        CHECK(EventData::read(index.tables.events.back().data).rule.starts_with("combination 02"));

        Index off;
        off.matcher.combinations = match::Combinations::off;
        off.put(1, born("1984-07-19"));
        const auto asked = off.put(2, born("1984-07-20"));
        CHECK(asked.decision == EventKind::created);
        CHECK(asked.reviews == 1);

        // somebody said that these are two people of one name, birth date and phone
        Index several;
        several.put(1, born("1984-07-19"));
        several.put(2, born("1984-07-19"));
        REQUIRE(several.registry().not_the_same(2, 1, several.steward()) == Refusal::none);
        REQUIRE(several.person_of(1) != several.person_of(2));
        const auto third = several.put(3, born("1984-07-20"));
        CHECK(third.decision == EventKind::created);
        CHECK(third.reviews == 2);
    }
}
