#include <doctest/doctest.h>

#include <algorithm>

#include "gateway/patient_index/match/model.hpp"

using namespace causeway::patient_index::match;

TEST_SUITE("gateway/patient_index/match/model") {
    TEST_CASE("the shipped model is whole and survives being written") {
        const auto& shipped = shipped_model();
        for (std::size_t f = 0; f < field_count; ++f) {
            if (static_cast<Field>(f) == Field::record_number) continue;
            double m = 0, u = 0, h = 0;
            for (const auto& row : shipped.fields[f].levels) {
                m += row.m;
                u += row.u;
                h += row.h;
            }
            CHECK(m == doctest::Approx(1));
            CHECK(u == doctest::Approx(1));
            CHECK(h == doctest::Approx(1));
        }
        const auto again = read_model(write_model(shipped));
        REQUIRE(std::holds_alternative<Model>(again));
        CHECK(write_model(std::get<Model>(again)) == write_model(shipped));
    }
    TEST_CASE("a fault is told with its line") {
        const auto text = write_model(shipped_model());
        CHECK(std::get<ModelError>(read_model("something\n")).line == 1);
        const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
        for (const auto* line :
             {"level given sideways .1 .1 .1", "level taste exact .1 .1 .1", "level given exact 0 .1 .1",
              "level given exact .1 .1", "threshold review much", "cap given x -", "match_rate 2", "colour blue"}) {
            CAPTURE(line);
            const auto read = read_model(text + line + "\n");
            REQUIRE(std::holds_alternative<ModelError>(read));
            CHECK(std::get<ModelError>(read).line == lines + 1);
        }
    }
    TEST_CASE("a model that lacks a level is refused") {
        auto text = write_model(shipped_model());
        const auto at = text.find("level mother close");
        text.erase(at, text.find('\n', at) - at);
        CHECK(std::holds_alternative<ModelError>(read_model(text)));
    }
}
