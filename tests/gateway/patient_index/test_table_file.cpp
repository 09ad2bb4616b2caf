#include <doctest/doctest.h>

#include <sstream>
#include <stdexcept>

#include "gateway/patient_index/evaluation.hpp"
#include "gateway/patient_index/table_file.hpp"

using namespace causeway::patient_index;

namespace {

std::vector<FileRecord> read(const std::string& text, const ColumnMap* map = nullptr, std::string_view truth = {}) {
    std::istringstream in(text);
    std::vector<FileRecord> out;
    read_csv(in, map, truth, [&](FileRecord&& record) { out.push_back(std::move(record)); });
    return out;
}

}  // namespace

TEST_SUITE("gateway/patient_index/table_file") {
    TEST_CASE("cells with quotes, blanks and commas") {
        CHECK(csv_cells(R"(a, b ,"c,d","say ""x""",)") == std::vector<std::string>{"a", "b", "c,d", "say \"x\"", ""});
        CHECK(csv_cells("") == std::vector<std::string>{""});
    }
    TEST_CASE("columns are guessed by their usual names") {
        const auto records =
            read("\xEF\xBB\xBFrec_id,First Name,surname,DOB,postcode\r\n7,Mary,Hill,19700309,48084\r\n");
        REQUIRE(records.size() == 1);
        CHECK(records[0].id == "7");
        CHECK(records[0].record.names[0].given == "Mary");
        CHECK(records[0].record.birth_dates[0] == "19700309");
        CHECK(records[0].record.addresses[0].zip == "48084");
    }
    TEST_CASE("a mapping file says which column is which, twice if need be") {
        const auto map = ColumnMap::read(
            "# comment\nid = key\ngiven = g\nfamily = f\nphone = p1\nphone = p2\nidentifier plan = card\nother_family "
            "= maiden\n");
        const auto records =
            read("key,g,f,p1,p2,card,maiden,who\nA,Mary,Hill,2484333532,7345551122,99871,Stone,p9\n", &map, "who");
        REQUIRE(records.size() == 1);
        CHECK(records[0].record.phones.size() == 2);
        CHECK(records[0].record.names.size() == 2);
        CHECK(records[0].record.identifiers[0].system == "plan");
        CHECK(records[0].truth == "p9");
    }
    TEST_CASE("faults of a mapping name the line or the column") {
        for (const auto* text : {"given\n", "taste = x\n", "identifier = x\n", "given y = x\n", "given =\n"}) {
            CAPTURE(text);
            CHECK_THROWS_AS(ColumnMap::read(text), std::runtime_error);
        }
        const auto map = ColumnMap::read("given = nothere\n");
        CHECK_THROWS_AS(read("a,b\n1,2\n", &map), std::runtime_error);
        CHECK_THROWS_AS(read("colour,taste\nred,sweet\n"), std::runtime_error);
    }
    TEST_CASE("labelled pairs in blocks and in columns") {
        const auto all = [](const std::string& text) {
            std::istringstream in(text);
            std::vector<LabelledPair> out;
            read_labelled_pairs(in, nullptr, [&](LabelledPair&& pair) { out.push_back(std::move(pair)); });
            return out;
        };
        const auto blocks = all(
            "TEST: T-1\nEXPECT: Possible Match\nPATIENT A: nameFirst=Mary,nameLast=Hill,\nPATIENT B: "
            "nameFirst=May,nameLast=Hill,\nTEST: T-2\nEXPECT: Match\nPATIENT A: nameFirst=A\nPATIENT B: nameFirst=B\n");
        REQUIRE(blocks.size() == 2);
        CHECK(blocks[0].expected == "Possible Match");
        CHECK(blocks[0].b.record.names[0].given == "May");
        const auto columns = all("label,first_name_a,first_name_b\n1,Mary,May\n");
        REQUIRE(columns.size() == 1);
        CHECK(columns[0].expected == "1");
        CHECK(columns[0].a.record.names[0].given == "Mary");
        CHECK(columns[0].b.record.names[0].given == "May");
    }
}

TEST_SUITE("gateway/patient_index/evaluation") {
    TEST_CASE("precision, recall and the best threshold") {
        const auto pair = [](std::uint32_t a, std::uint32_t b, float weight, match::Outcome outcome) {
            return ScoredPair{a, b, weight, outcome, false, {}};
        };
        const std::vector<std::uint32_t> truth = {1, 1, 1, 2, 2, 0};
        const std::vector<ScoredPair> pairs = {
            pair(0, 1, 20, match::Outcome::automatic), pair(0, 2, 5, match::Outcome::review),
            pair(0, 3, -1, match::Outcome::review), pair(3, 4, -2, match::Outcome::review),
            pair(0, 5, -9, match::Outcome::no_match)};
        const auto found = evaluate(pairs, truth, {}, 0);
        CHECK(found.true_pairs == 4);
        CHECK(found.automatic.recall() == doctest::Approx(.25));
        CHECK(found.automatic.precision() == 1);
        CHECK(found.probable.recall() == doctest::Approx(.5));
        CHECK(found.best.right == 3);
        CHECK(found.best_weight == doctest::Approx(-2));
        CHECK(found.reviews == 3);
        CHECK(found.wrong_reviews == 1);
        CHECK(found.reached.recall() == doctest::Approx(.75));
        const std::vector<std::uint8_t> source = {0, 1, 1, 0, 1, 0};
        CHECK(evaluate(pairs, truth, source, 0).true_pairs == 3);
    }
}
