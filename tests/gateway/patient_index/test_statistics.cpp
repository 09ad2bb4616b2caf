#include <doctest/doctest.h>

#include <map>

#include "gateway/patient_index/statistics.hpp"

using namespace causeway::patient_index;

namespace {

match::Features person(int i) {
    match::Record record;
    record.names.push_back({"Mary", {}, "Fam" + std::string(1, static_cast<char>('a' + i % 20)) + "x", {}, {}});
    record.birth_dates = {std::to_string(1900 + i % 90) + "-01-02"};
    return match::normalise(record);
}

}  // namespace

TEST_SUITE("gateway/patient_index/statistics") {
    TEST_CASE("counts, takes back, and totals") {
        Statistics statistics;
        for (int i = 0; i < 40; ++i) statistics.add(person(i), i + 1);
        CHECK(statistics.count(match::CountedField::given, "MARY") == 40);
        CHECK(statistics.count(match::CountedField::family, "FAMAX") == 2);
        CHECK(statistics.count(match::CountedField::given, "FAMAX") == 0);
        CHECK(statistics.total(match::CountedField::family) == 40);
        statistics.remove(person(0));
        CHECK(statistics.count(match::CountedField::family, "FAMAX") == 1);
        CHECK(statistics.records() == 39);
    }
    TEST_CASE("what was saved and what came since give the same counts after a crash") {
        Statistics before;
        std::map<std::string, std::string> notes;
        constexpr int records = 40'000;
        for (int i = 0; i < records; ++i) {
            before.add(person(i), i + 1);
            if (auto saved = before.next_to_save()) notes[saved->name] = saved->content;
        }
        CHECK(notes.size() == Statistics::shard_count);
        Statistics after;
        std::int64_t seen = records;
        for (std::size_t shard = 0; shard < Statistics::shard_count; ++shard)
            seen = std::min(seen, after.load(shard, notes[Statistics::shard_name(shard)]));
        CHECK(seen > 0);
        for (auto i = static_cast<int>(seen); i < records; ++i) after.catch_up(person(i), i + 1);
        CHECK(after.count(match::CountedField::given, "MARY") == records);
        for (const auto* family : {"FAMAX", "FAMBX", "FAMTX"})
            CHECK(after.count(match::CountedField::family, family) == records / 20);
        CHECK(after.total(match::CountedField::family) == records);
        CHECK(after.total(match::CountedField::birth_date) == records);
    }
}
