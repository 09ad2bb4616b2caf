#include "gateway/patient_index/patient_file.hpp"

#include <fmt/core.h>

#include <istream>
#include <memory>
#include <stdexcept>

#include "fhir/json/json.hpp"
#include "gateway/patient_index/fhir_patient.hpp"

namespace causeway::patient_index {
namespace {

constexpr std::size_t line_bytes_max = 4u << 20;

std::string truth_of(fhir::Element patient, std::string_view name) {
    if (const auto member = patient[name]; member.has_value()) return std::string(member.text());
    for (const auto identifier : patient["identifier"].items())
        if (identifier["system"].text() == name) return std::string(identifier["value"].text());
    return {};
}

FileRecord of_patient(fhir::Element patient, std::string_view truth) {
    FileRecord out;
    out.id = patient["id"].text();
    out.record = read_patient(patient);
    if (!truth.empty()) out.truth = truth_of(patient, truth);
    return out;
}

void read_ndjson(std::istream& in, const ColumnMap* map, std::string_view truth,
                 const std::function<void(FileRecord&&)>& each) {
    std::unique_ptr<ColumnMap> guessed;
    std::string line;
    for (std::size_t number = 1; std::getline(in, line); ++number) {
        while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
        if (line.empty()) continue;
        if (line.size() > line_bytes_max)
            throw std::runtime_error(fmt::format("line {}: longer than {} bytes", number, line_bytes_max));
        const auto parsed = fhir::parse_json(line);
        if (parsed.has_error() || !(*parsed)->root().is_object())
            throw std::runtime_error(fmt::format("line {}: no JSON object", number));
        const auto root = (*parsed)->root();
        if (root.resource_type() == "Patient") {
            each(of_patient(root, truth));
            continue;
        }
        Cells cells;
        std::vector<std::string> columns;
        for (const auto member : root.children()) {
            cells.emplace_back(std::string(member.name()), std::string(member.text()));
            columns.emplace_back(member.name());
        }
        if (!map && !guessed) {
            guessed = std::make_unique<ColumnMap>(ColumnMap::guess(columns));
            if (!truth.empty()) guessed->set("truth", truth);
        }
        if (map && !truth.empty() && !guessed) {
            guessed = std::make_unique<ColumnMap>(*map);
            guessed->set("truth", truth);
        }
        each(to_record(cells, guessed ? *guessed : *map));
    }
}

}  // namespace

void read_patients(std::istream& in, const ColumnMap* map, std::string_view truth,
                   const std::function<void(FileRecord&&)>& each) {
    if (in.peek() == '{') return read_ndjson(in, map, truth, each);
    read_csv(in, map, truth, each);
}

}  // namespace causeway::patient_index
