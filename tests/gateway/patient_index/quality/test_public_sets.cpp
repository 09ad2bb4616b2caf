#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>

#include "gateway/patient_index/table_file.hpp"
#include "tests/gateway/patient_index/quality/measure.hpp"

using namespace causeway::patient_index;
using quality::Data;

namespace {

/// The folder of public record-linkage sets; nothing where the variable is not set.
std::filesystem::path folder() {
    const char* data = std::getenv("CAUSEWAY_TEST_DATA");
    return data ? std::filesystem::path(data) / "patient-index" : std::filesystem::path();
}

void read(Data& out, const std::filesystem::path& file, const char* truth_column, const char* truth_pattern) {
    std::ifstream in(file, std::ios::binary);
    REQUIRE_MESSAGE(in, file.string());
    const std::regex pattern(truth_pattern);
    std::map<std::string, std::uint32_t> persons;
    read_csv(in, nullptr, truth_column, [&](FileRecord&& record) {
        std::smatch found;
        REQUIRE(std::regex_search(record.truth, found, pattern));
        out.add(record.record, persons.emplace(found[1].str(), persons.size() + 1).first->second);
    });
}

struct Gate {
    const char* file;
    const char* column;
    const char* pattern;
    double probable_f1, best_f1, automatic_precision;
};

}  // namespace

TEST_SUITE("gateway/patient_index/quality/public_sets") {
    TEST_CASE("published sets at the shipped thresholds") {
        if (folder().empty()) return;
        for (const auto& gate : {Gate{"febrl/dataset1.csv", "rec_id", "rec-([0-9]+)", .995, .998, .999},
                                 Gate{"febrl/dataset2.csv", "rec_id", "rec-([0-9]+)", .995, .998, .999},
                                 Gate{"fake_1000/fake_1000.csv", "cluster", "(.*)", .91, .92, .999}}) {
            CAPTURE(gate.file);
            Data data;
            read(data, folder() / gate.file, gate.column, gate.pattern);
            const auto run = quality::judge_all(data);
            MESSAGE(gate.file << "\n" << describe(run.evaluation, data.records.size()));
            CHECK(run.evaluation.probable.f1() >= gate.probable_f1);
            CHECK(run.evaluation.best.f1() >= gate.best_f1);
            CHECK(run.evaluation.automatic.precision() >= gate.automatic_precision);
        }
    }
    TEST_CASE(
        "a clerical committee's pairs: who is linked is one person, and who is one person is linked or asked about") {
        if (folder().empty()) return;
        std::ifstream in(folder() / "miis/MIIS-B.txt", std::ios::binary);
        REQUIRE(in);
        std::vector<LabelledPair> pairs;
        read_labelled_pairs(in, nullptr, [&](LabelledPair&& pair) { pairs.push_back(std::move(pair)); });
        Data data;
        for (const auto& pair : pairs) {
            data.add(pair.a.record, 0);
            data.add(pair.b.record, 0);
        }
        const auto& model = match::shipped_model();
        const auto rates = match::Rates::of(model, data.records.size());
        std::uint64_t matches = 0, linked = 0, right = 0, reached = 0;
        for (std::size_t i = 0; i < pairs.size(); ++i) {
            if (pairs[i].expected.starts_with("Poss")) continue;
            const bool same = pairs[i].expected == "Match";
            const auto comparison = match::compare(data.records[2 * i], data.records[2 * i + 1]);
            const auto score = match::score(comparison, model, data.population, rates);
            const auto outcome = match::decide(comparison, score, model).outcome;
            matches += same;
            linked += outcome == match::Outcome::automatic;
            right += same && outcome == match::Outcome::automatic;
            reached += same && outcome != match::Outcome::no_match;
        }
        MESSAGE(pairs.size() << " pairs, " << linked << " linked, " << linked - right << " of them wrong, " << reached
                             << " of " << matches << " matches linked or for review");
        REQUIRE(matches > 100);
        CHECK(static_cast<double>(right) >= .995 * static_cast<double>(linked));
        CHECK(static_cast<double>(reached) >= .98 * static_cast<double>(matches));
    }
}
