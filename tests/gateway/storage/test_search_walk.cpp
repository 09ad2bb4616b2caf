// A sort by a date gives one order, whether the matches are collected or the dates are walked.
#include "tests/gateway/storage/stores.hpp"

#include "fhir/search/query.hpp"

#include <random>

using namespace causeway::storage;
using namespace causeway::storage::test;

namespace {

using Parameters = std::vector<causeway::fhir::search::QueryParameter>;

/// Ids in the order of the pages.
std::vector<std::string> all_pages(Store& store, const Parameters& parameters, std::size_t page_size) {
    auto query = causeway::fhir::search::parse_query("Encounter", parameters);
    REQUIRE(query.ok());
    query.plan.count = static_cast<std::uint32_t>(page_size);
    std::vector<std::string> out;
    std::string token;
    do {
        auto snapshot = store.snapshot();
        SearchOptions options;
        options.page_token = token;
        options.binding = "b";
        auto page = (*snapshot)->search(query.plan, options);
        REQUIRE(page.has_value());
        CHECK(page->matches.size() <= page_size);
        for (const auto& match : page->matches) out.push_back(match.id);
        token = page->next_page;
    } while (!token.empty());
    return out;
}

/// Periods of every kind: days, hours, years, open at an end, in the past and in the future; and none at all.
std::string encounter(std::mt19937& random) {
    const auto number = [&](int from, int to) { return std::uniform_int_distribution(from, to)(random); };
    const auto two = [](int n) { return (n < 10 ? "0" : "") + std::to_string(n); };
    const auto day = [&] {
        return std::to_string(number(0, 9) == 0 ? number(1850, 2100) : number(2021, 2024)) + "-" + two(number(1, 3)) +
               "-" + two(number(1, 28));
    };
    const auto moment = [&] {
        return number(0, 2) == 0 ? day() : day() + "T" + two(number(0, 23)) + ":" + two(number(0, 59)) + ":00Z";
    };
    std::string period;
    switch (number(0, 6)) {
        case 0:
            break;
        case 1:
            period = R"("start":")" + moment() + "\"";
            break;
        case 2:
            period = R"("end":")" + moment() + "\"";
            break;
        case 3:
            period = R"("start":")" + std::to_string(number(2000, 2024)) + "\"";
            break;
        default: {
            const auto at = day();
            period = R"("start":")" + at + R"(","end":")" + at + "T23:00:00Z\"";
        }
    }
    return R"({"resourceType":"Encounter","status":")" + std::string(number(0, 1) ? "finished" : "planned") + "\"" +
           (period.empty() ? "" : ",\"period\":{" + period + "}") + "}";
}

}  // namespace

TEST_SUITE("gateway/storage/search_walk") {
    TEST_CASE("walked and collected give the same pages, up and down, with conditions, updates and deletions") {
        SqliteOptions walking;
        walking.walk_min = 1;
        SqliteDriver walked(walking);
        SqliteOptions collecting;
        collecting.walk_min = 1'000'000;
        SqliteDriver collected(collecting);
        std::mt19937 random(7);
        for (int i = 0; i < 400; ++i) {
            const auto id = "e" + std::to_string(std::uniform_int_distribution(0, 299)(random));
            if (std::uniform_int_distribution(0, 19)(random) == 0) {
                for (auto* const driver : {&walked, &collected})
                    REQUIRE(erase(*driver->store, "Encounter", id).has_value());
                continue;
            }
            const auto json = encounter(random);
            for (auto* const driver : {&walked, &collected})
                REQUIRE(put(*driver->store, "Encounter", id, json).has_value());
        }
        for (const std::string sort : {"date", "-date"}) {
            for (const Parameters& more :
                 {Parameters{}, Parameters{{"status", "finished"}}, Parameters{{"date", "ge2023"}},
                  Parameters{{"date:missing", "true"}}, Parameters{{"status:not", "planned"}}}) {
                auto parameters = more;
                parameters.push_back({"_sort", sort});
                for (const std::size_t size : {3, 20, 1000}) {
                    CAPTURE(sort);
                    CAPTURE(size);
                    const auto expected = all_pages(*collected.store, parameters, size);
                    CHECK(all_pages(*walked.store, parameters, size) == expected);
                }
            }
        }
    }
}
