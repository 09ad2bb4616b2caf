#include <doctest/doctest.h>

#include <cstdlib>

#include "gateway/patient_index/registry.hpp"
#include "tests/gateway/patient_index/map_tables.hpp"

using namespace causeway::patient_index;
using causeway::storage::PersonId;
using causeway::storage::Rid;

namespace {

struct Dice {
    std::uint64_t state;
    std::uint32_t below(std::uint32_t n) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        return static_cast<std::uint32_t>((state >> 33U) % n);
    }
};

constexpr std::uint32_t humans = 5, sources = 10;

/// Humans so different that the matcher links records of one and never of two.
match::Features features_of(std::uint32_t human) {
    static const std::vector<match::Features> all = [] {
        constexpr const char* given[] = {"Mary", "Zebulon", "Ingrid", "Pablo", "Quentin"};
        constexpr const char* family[] = {"Hillenbrand", "Quackenbush", "Thorvaldsen", "Echeverria", "Abernathy"};
        std::vector<match::Features> out;
        for (std::uint32_t i = 0; i < humans; ++i) {
            match::Record record;
            record.names.push_back({given[i], {}, family[i], {}, {}});
            record.birth_dates = {std::to_string(1950 + 7 * i) + "-0" + std::to_string(i + 1) + "-1" +
                                  std::to_string(i)};
            record.ssns = {std::to_string(219098765 + i * 11'111'111)};
            record.phones = {std::to_string(2484333532ULL + i * 1'010'101)};
            out.push_back(match::normalise(record));
        }
        return out;
    }();
    return all[human];
}

/// The rules of identity said as simply as they can be: who is where, and a list of merges.
struct Model {
    struct Record {
        std::uint32_t human;
        int group;
        bool manual = false, subsumed = false;
    };
    struct Merge {
        int survivor, other;
        std::vector<std::pair<Rid, std::pair<bool, bool>>> moved;
        bool undone = false;
    };
    std::map<Rid, Record> records;
    std::map<int, int> redirect;
    std::vector<Merge> merges;
    std::vector<std::pair<Rid, Rid>> apart;
    int groups = 0;

    std::vector<Rid> members(int group) const {
        std::vector<Rid> out;
        for (const auto& [rid, record] : records)
            if (record.group == group) out.push_back(rid);
        return out;
    }
    int current(int group) const {
        for (auto at = redirect.find(group); at != redirect.end(); at = redirect.find(group)) group = at->second;
        return group;
    }
    bool kept_apart(Rid rid, int group) const {
        for (const auto& [a, b] : apart)
            for (const auto& [x, y] : {std::pair(a, b), std::pair(b, a)})
                if (x == rid && records.contains(y) && records.at(y).group == group) return true;
        return false;
    }
    /// The oldest group that holds a record of this human.
    int home(Rid rid, std::uint32_t human, int own) const {
        int best = 0;
        for (const auto& [other, record] : records)
            if (other != rid && record.human == human && record.group != own && !kept_apart(rid, record.group) &&
                (best == 0 || record.group < best))
                best = record.group;
        return best;
    }
    void put(Rid rid, std::uint32_t human) {
        const auto at = records.find(rid);
        if (at != records.end()) {
            auto& record = at->second;
            record.human = human;
            if (record.manual || record.subsumed || members(record.group).size() > 1) return;
            if (const int group = home(rid, human, record.group)) record.group = group;
            return;
        }
        int group = home(rid, human, 0);
        if (group == 0) group = ++groups;
        records[rid] = {human, group};
    }
    void merge(Rid survivor, Rid subsumed) {
        Merge merge{records.at(survivor).group, records.at(subsumed).group, {}};
        for (const auto rid : merge.survivor == merge.other ? std::vector<Rid>{subsumed} : members(merge.other)) {
            auto& record = records.at(rid);
            merge.moved.push_back({rid, {record.manual, record.subsumed}});
            record.group = merge.survivor;
            if (rid == subsumed) record.subsumed = true;
        }
        if (merge.survivor != merge.other) redirect[merge.other] = merge.survivor;
        merges.push_back(merge);
    }
    bool unmerge(std::size_t index) {
        auto& merge = merges[index];
        if (merge.undone) return false;
        const int holder = current(merge.survivor);
        if (merge.survivor != merge.other) redirect.erase(merge.other);
        for (const auto& [rid, state] : merge.moved) {
            const auto at = records.find(rid);
            if (at == records.end() || at->second.group != holder) continue;
            if (merge.survivor != merge.other) at->second.group = merge.other;
            at->second.manual = at->second.manual || state.first;
            at->second.subsumed = state.second;
        }
        merge.undone = true;
        return true;
    }
    void link(Rid rid, int group) {
        records.at(rid).group = current(group);
        records.at(rid).manual = true;
    }
    void not_the_same(Rid rid, Rid other) {
        apart.emplace_back(rid, other);
        auto& record = records.at(rid);
        if (record.group != records.at(other).group) return;
        record.group = ++groups;
        record.manual = true;
        record.subsumed = false;
    }
};

struct World {
    MapTables tables;
    Statistics statistics;
    Matcher matcher;
    Model model;
    std::vector<std::int64_t> merge_events;

    World() {
        static const auto shipped = std::make_shared<const match::Model>(match::shipped_model());
        matcher.model = shipped;
        matcher.statistics = &statistics;
        statistics.set_records(10'000);
    }

    /// Groups of the model and persons of the index are numbered in the same order, so they can be compared as they
    /// are.
    void check() {
        REQUIRE(tables.records.size() == model.records.size());
        for (const auto& [rid, expected] : model.records) {
            const auto& record = tables.records.at(rid);
            CHECK(record.person == expected.group);
            CHECK(((record.state & record_state::manual) != 0) == expected.manual);
            CHECK(((record.state & record_state::subsumed) != 0) == expected.subsumed);
            CHECK(((record.state & record_state::pooled) != 0) == (model.members(expected.group).size() > 1));
            CHECK(record.data == match::serialise(features_of(expected.human)));
        }
        for (const auto& [id, person] : tables.persons) {
            const auto at = model.redirect.find(static_cast<int>(id));
            CHECK(person.redirect == (at == model.redirect.end() ? 0 : at->second));
            match::Features pool;
            const auto members = model.members(static_cast<int>(id));
            for (const auto rid : members) match::pool_into(pool, features_of(model.records.at(rid).human));
            CHECK(person.data == (members.size() > 1 ? match::serialise(pool) : std::string()));
        }
    }

    void step(Dice& dice) {
        Registry registry(tables, matcher, statistics);
        const Actor steward{EventSource::manual, "steward", 1};
        const Rid a = 1 + dice.below(sources), b = 1 + dice.below(sources);
        const bool has_a = model.records.contains(a), has_b = model.records.contains(b);
        switch (dice.below(10)) {
            case 0:
            case 1:
            case 2:
            case 3: {
                const auto human = dice.below(humans);
                registry.put(a, features_of(human), 1);
                model.put(a, human);
                break;
            }
            case 4: {
                registry.erase(a, steward);
                model.records.erase(a);
                break;
            }
            case 5:
            case 6: {
                std::int64_t event = 0;
                const auto refusal = registry.merge(a, b, steward, &event);
                CHECK((refusal == Refusal::none) == (has_a && has_b && a != b));
                if (refusal != Refusal::none) break;
                model.merge(a, b);
                merge_events.push_back(event);
                break;
            }
            case 7: {
                if (merge_events.empty()) break;
                const auto index = dice.below(static_cast<std::uint32_t>(merge_events.size()));
                const auto refusal = registry.unmerge(merge_events[index], steward);
                CHECK((refusal == Refusal::none) == model.unmerge(index));
                break;
            }
            case 8: {
                if (!has_a || !has_b) break;
                const auto person = tables.records.at(b).person;
                CHECK(registry.link(a, person, steward) == Refusal::none);
                model.link(a, static_cast<int>(person));
                break;
            }
            default: {
                if (!has_a || !has_b || a == b) break;
                CHECK(registry.not_the_same(a, b, steward) == Refusal::none);
                model.not_the_same(a, b);
                break;
            }
        }
    }
};

}  // namespace

TEST_SUITE("gateway/patient_index/histories") {
    TEST_CASE(
        "random histories of registration, merge, unmerge, link, parting and deletion agree with a simple model") {
        const char* wanted = std::getenv("CAUSEWAY_HISTORIES");
        const std::uint64_t histories = wanted ? std::strtoull(wanted, nullptr, 10) : 300;
        for (std::uint64_t seed = 1; seed <= histories; ++seed) {
            CAPTURE(seed);
            Dice dice{seed * 7919};
            World world;
            for (int step = 0; step < 40; ++step) {
                CAPTURE(step);
                world.step(dice);
                if (step % 5 == 4) world.check();
            }
        }
    }
    TEST_CASE("a merge and its undoing leave no trace but the two events") {
        for (std::uint64_t seed = 1; seed <= 100; ++seed) {
            CAPTURE(seed);
            Dice dice{seed * 104729};
            World world;
            for (int step = 0; step < 30; ++step) world.step(dice);
            if (world.tables.records.size() < 2) continue;
            const auto records = world.tables.records;
            const auto persons = world.tables.persons;
            Registry registry(world.tables, world.matcher, world.statistics);
            std::int64_t event = 0;
            const auto a = records.begin()->first, b = records.rbegin()->first;
            REQUIRE(registry.merge(a, b, {EventSource::feed, "front desk", 1}, &event) == Refusal::none);
            REQUIRE(registry.unmerge(event, {EventSource::manual, "steward", 1}) == Refusal::none);
            for (const auto& [rid, record] : records) {
                CHECK(world.tables.records.at(rid).person == record.person);
                CHECK(world.tables.records.at(rid).state == record.state);
            }
            for (const auto& [id, person] : persons) {
                CHECK(world.tables.persons.at(id).data == person.data);
                CHECK(world.tables.persons.at(id).state == person.state);
                CHECK(world.tables.persons.at(id).redirect == person.redirect);
            }
        }
    }
}
