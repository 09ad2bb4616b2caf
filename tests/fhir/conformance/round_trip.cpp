#include <sstream>

#include "fhir/json/json.hpp"
#include "fhir/xml/xml.hpp"
#include "tests/fhir/conformance/count.hpp"
#include "tests/fhir/support.hpp"

namespace causeway::test {

namespace {

struct Counts {
    Count json{"round trip: JSON read, written, read: same content"};
    Count xml{"round trip: JSON to XML to JSON: same content"};

    void add(const std::string& name, const std::string& bytes) {
        const auto document = fhir::parse_json(bytes);
        if (!document) return json.failed.push_back(name + ": " + document.error().message);
        const auto written = fhir::to_json((*document)->root());
        const auto again = fhir::parse_json(written);
        json.add(again && fhir::to_json((*again)->root()) == written &&
                     fhir::same_content((*document)->root(), (*again)->root()),
                 name);
        const auto text = fhir::to_xml((*document)->root());
        if (!text) return xml.failed.push_back(name + ": " + text.error().message);
        const auto back = fhir::parse_xml(*text);
        if (!back) return xml.failed.push_back(name + ": " + back.error().message);
        // XML has its own order of elements: the content is the same
        xml.add(fhir::same_content_in_any_order((*document)->root(), (*back)->root()), name);
    }
};

}  // namespace

std::vector<Count> count_round_trips() {
    Counts counts;
    std::istringstream lines(read_file("conformance/fhir/round_trip.ndjson"));
    std::size_t number = 0;
    for (std::string line; std::getline(lines, line);)
        counts.add("round_trip.ndjson line " + std::to_string(++number), line);
    for (const auto& path : example_files()) counts.add(path.filename().string(), read_file(path));
    return {counts.json, counts.xml};
}

}  // namespace causeway::test
