#include "gateway/patient_index/patient_file.hpp"

#include <doctest/doctest.h>

#include <sstream>

using namespace causeway::patient_index;

namespace {

std::vector<FileRecord> read(const std::string& text, std::string_view truth = {}) {
    std::istringstream in(text);
    std::vector<FileRecord> out;
    read_patients(in, nullptr, truth, [&](FileRecord&& record) { out.push_back(std::move(record)); });
    return out;
}

}  // namespace

TEST_SUITE("gateway/patient_index/patient_file") {
    TEST_CASE("CSV, FHIR Patients and flat objects say the same") {
        const auto csv = read("id,given,family,birth_date,who\n7,Mary,Stone,1984-07-19,A\n", "who");
        const auto patients = read(
            "{\"resourceType\":\"Patient\",\"id\":\"7\",\"identifier\":[{\"system\":\"who\",\"value\":\"A\"}],"
            "\"name\":[{\"family\":\"Stone\",\"given\":[\"Mary\"]}],\"birthDate\":\"1984-07-19\"}\r\n\n",
            "who");
        const auto flat = read(
            "{\"id\":7,\"given\":\"Mary\",\"family\":\"Stone\",\"birth_date\":\"1984-07-19\",\"who\":\"A\"}\n", "who");
        for (const auto* each : {&csv, &patients, &flat}) {
            REQUIRE(each->size() == 1);
            const auto& one = each->front();
            CHECK(one.id == "7");
            CHECK(one.truth == "A");
            REQUIRE(one.record.names.size() == 1);
            CHECK(one.record.names[0].given == "Mary");
            CHECK(one.record.names[0].family == "Stone");
            CHECK(one.record.birth_dates == std::vector<std::string>{"1984-07-19"});
        }
    }
    TEST_CASE("a line that is no object is named") {
        CHECK_THROWS_WITH(read("{\"id\":1}\n[1]\n"), "line 2: no JSON object");
        CHECK_THROWS_WITH(read("{\"id\":1}\n{\n"), "line 2: no JSON object");
    }
}
