#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "gateway/patient_index/match/similarity.hpp"

using namespace causeway::patient_index::match;

namespace {

/// The textbook recurrence, without bound: the model for edits().
std::size_t slow_edits(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i)
        for (std::size_t j = 0; j <= b.size(); ++j) {
            if (i == 0 || j == 0) {
                d[i][j] = i + j;
                continue;
            }
            d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
        }
    return d[a.size()][b.size()];
}

}  // namespace

TEST_SUITE("gateway/patient_index/match/similarity") {
    TEST_CASE("edits agrees with the plain recurrence up to its limit") {
        std::uint32_t state = 7;
        const auto next = [&] { return state = state * 1664525U + 1013904223U, state >> 16U; };
        for (int round = 0; round < 4000; ++round) {
            std::string a, b;
            for (auto n = next() % 9; n > 0; --n) a.push_back(static_cast<char>('A' + next() % 3));
            for (auto n = next() % 9; n > 0; --n) b.push_back(static_cast<char>('A' + next() % 3));
            for (const std::size_t limit : {1U, 2U, 20U}) {
                CAPTURE(a);
                CAPTURE(b);
                REQUIRE(edits(a, b, limit) == std::min(slow_edits(a, b), limit + 1));
            }
        }
    }
    TEST_CASE("Jaro-Winkler of the published examples") {
        CHECK(jaro_winkler("MARTHA", "MARHTA") == doctest::Approx(.9611).epsilon(.001));
        CHECK(jaro_winkler("DWAYNE", "DUANE") == doctest::Approx(.84).epsilon(.001));
        CHECK(jaro_winkler("DIXON", "DICKSONX") == doctest::Approx(.8133).epsilon(.001));
        CHECK(jaro_winkler("ABC", "XYZ") == 0);
    }
    TEST_CASE("soundex of the published examples") {
        struct Row {
            std::string_view word, code;
        };
        for (const auto& row :
             {Row{"ROBERT", "R163"}, Row{"RUPERT", "R163"}, Row{"ASHCRAFT", "A261"}, Row{"TYMCZAK", "T522"},
              Row{"PFISTER", "P236"}, Row{"HONEYMAN", "H555"}, Row{"LEE", "L000"}, Row{"", ""}}) {
            CAPTURE(row.word);
            CHECK(soundex(row.word) == row.code);
        }
    }
    TEST_CASE("likeness") {
        CHECK(likeness("SMITH", "SMITH") == Likeness::equal);
        CHECK(likeness("SMITH", "SMYTH") == Likeness::close);
        CHECK(likeness("JON", "JOHN") == Likeness::close);
        CHECK(likeness("LEE", "LEO") == Likeness::close);
        CHECK(likeness("AL", "AB") == Likeness::none);
        CHECK(likeness("HANSEN", "HANSSON") == Likeness::weak);
        CHECK(likeness("SMITH", "GARCIA") == Likeness::none);
    }
}
