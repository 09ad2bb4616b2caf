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
}
