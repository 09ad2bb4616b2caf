#include <doctest/doctest.h>

#include <algorithm>

#include "gateway/patient_index/match/block_index.hpp"

using namespace causeway::patient_index::match;

namespace {

Features person(std::string given, std::string family, std::string born) {
    Record record;
    record.names.push_back({std::move(given), {}, std::move(family), {}, {}});
    record.birth_dates.push_back(std::move(born));
    return normalise(record);
}

bool share_a_key(const Features& a, const Features& b) {
    const auto x = blocking_keys(a), y = blocking_keys(b);
    std::vector<BlockingKey> both;
    std::set_intersection(x.begin(), x.end(), y.begin(), y.end(), std::back_inserter(both));
    return !both.empty();
}

}  // namespace

TEST_SUITE("gateway/patient_index/match/blocking") {
    TEST_CASE("records meet in spite of one kind of error each") {
        const auto record = person("Catherine", "Robertson", "1970-03-09");
        CHECK(share_a_key(record, person("Kate", "Robertson", "1970-03-09")));
        CHECK(share_a_key(record, person("Robertson", "Catherine", "1971-03-09")));  // crossed, other year
        CHECK(share_a_key(record, person("Catherine", "Robertson", "1970-09-03")));  // swapped
        CHECK(share_a_key(record, person("Catherin", "Robertsen", "1970-03-28")));
        CHECK(share_a_key(record, person("Catherine", "Stone", "1970-03-09")));
        CHECK_FALSE(share_a_key(record, person("Emma", "Stone", "1988-11-27")));
    }
    TEST_CASE("a key that lacks a part is not built") {
        Record only_name;
        only_name.names.push_back({"Mary", {}, {}, {}, {}});
        for (const auto& key : blocking_keys(normalise(only_name))) CHECK(key.key == Key::rare_given);
        Record only_year;
        only_year.birth_dates = {"1970"};
        CHECK(blocking_keys(normalise(only_year)).empty());
    }
    TEST_CASE("the index gives each earlier record once, and across files only") {
        std::vector<Features> records = {person("Mary", "Hill", "1970-03-09"), person("Emma", "Stone", "1988-11-27"),
                                         person("Mary", "Hill", "1970-03-09"), person("Mary", "Hill", "1970-03-09")};
        const BlockIndex all(records);
        std::vector<BlockIndex::RecordNumber> found;
        CHECK_FALSE(all.candidates(3, found));
        CHECK(found == std::vector<BlockIndex::RecordNumber>{0, 2});
        const std::vector<std::uint8_t> source = {0, 0, 0, 1};
        const BlockIndex across(records, source);
        found.clear();
        across.candidates(2, found);
        CHECK(found.empty());
        across.candidates(3, found);
        CHECK(found.size() == 2);
    }
    TEST_CASE("a block that is too large is refined, and says so") {
        std::vector<Features> records;
        for (int i = 0; i < 1500; ++i) {
            Record record;
            record.phones = {"2484333532"};
            record.names.push_back({"X" + std::string(1, static_cast<char>('a' + i % 26)),
                                    {},
                                    std::string(1, static_cast<char>('A' + i % 25)) + "orth",
                                    {},
                                    {}});
            record.birth_dates = {std::to_string(1900 + i % 97)};
            records.push_back(normalise(record));
        }
        const BlockIndex index(records);
        CHECK(index.oversized() >= 1);
        std::vector<BlockIndex::RecordNumber> found;
        CHECK(index.candidates(1400, found));
        CHECK(found.size() < 1400);
        CHECK_FALSE(found.empty());
    }
    TEST_CASE("rare-value keys are left out when the value is not rare, without a flag") {
        std::vector<Features> records;
        for (int i = 0; i < 60; ++i)
            records.push_back(person(
                "Mary",
                std::string(1, static_cast<char>('A' + i % 26)) + "x" + std::string(1, static_cast<char>('A' + i / 26)),
                std::to_string(1900 + i)));
        const BlockIndex index(records);
        std::vector<BlockIndex::RecordNumber> found;
        CHECK_FALSE(index.candidates(59, found));
        CHECK(found.empty());
    }
}
