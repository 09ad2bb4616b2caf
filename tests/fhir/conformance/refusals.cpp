#include <sstream>

#include "fhir/json/json.hpp"
#include "fhir/xml/xml.hpp"
#include "tests/fhir/conformance/count.hpp"
#include "tests/fhir/support.hpp"

namespace causeway::test {

/// conformance/fhir/refusals.ndjson: {"text" or "hex", "line", "column", "path"}, or without "line": it must be taken.
std::vector<Count> count_refusals() {
    Count json{"JSON refused with line, column and path"};
    Count xml{"XML refused with line, column and path; taken where it may be"};
    std::istringstream lines(read_file("conformance/fhir/refusals.ndjson"));
    std::size_t number = 0;
    for (std::string line; std::getline(lines, line);) {
        const std::string name = "refusals.ndjson line " + std::to_string(++number);
        const auto parsed = fhir::parse_json(line);
        if (!parsed) {
            json.failed.push_back(name + " is no JSON");
            continue;
        }
        const auto row = (*parsed)->root();
        std::string text(row["text"].text());
        for (std::string_view hex = row["hex"].text(); hex.size() >= 2; hex.remove_prefix(2))
            text += static_cast<char>(std::stoi(std::string(hex.substr(0, 2)), nullptr, 16));
        for (int times = row["repeat"] ? std::stoi(std::string(row["repeat"].text())) - 1 : 0; times > 0; --times)
            text += row["text"].text();
        const bool is_xml = text.starts_with('<');
        const auto result = is_xml ? fhir::parse_xml(text) : fhir::parse_json(text);
        Count& count = is_xml ? xml : json;
        if (!row["line"]) {
            count.add(result.has_value(), name);
            continue;
        }
        std::string got = "taken";
        if (!result)
            got = std::to_string(result.error().line) + ':' + std::to_string(result.error().column) + ' ' +
                  result.error().path;
        const std::string wanted = std::string(row["line"].text()) + ':' + std::string(row["column"].text()) + ' ' +
                                   std::string(row["path"].text());
        count.add(got == wanted && (!result && !result.error().message.empty()),
                  name + " gives " + got + ", wanted " + wanted);
    }
    return {json, xml};
}

}  // namespace causeway::test
