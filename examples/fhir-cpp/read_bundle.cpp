// Reads a bundle, says what is wrong with it, asks it with FHIRPath and with a search, and writes one resource as XML.
#include <fstream>
#include <iostream>
#include <iterator>

#include "fhir/json/json.hpp"
#include "fhir/path/expression.hpp"
#include "fhir/search/match.hpp"
#include "fhir/search/query.hpp"
#include "fhir/terminology/terminology.hpp"
#include "fhir/validate/structure.hpp"
#include "fhir/xml/xml.hpp"

namespace fhir = causeway::fhir;

namespace {

void show_issues(const fhir::Document& bundle) {
    for (const fhir::Issue& issue : fhir::validate_structure(bundle))
        std::cout << issue.expression << ": " << issue.text << '\n';
}

void show_values(const fhir::DocumentPtr& bundle) {
    const auto expression = fhir::path::Expression::compile(
        "entry.resource.ofType(Observation).where(value.exists()).select(code.text & ' ' & value.value.toString())");
    fhir::path::Evaluation evaluation;
    const auto items = evaluation.run(expression.value(), bundle->root(), fhir::path::Environment());
    for (const auto& item : items.value()) std::cout << fhir::path::display(item) << '\n';
}

/// Does the resource meet `code=...&value-quantity=...`? 13.5 g/dL is 135 g/L.
void show_match(const fhir::DocumentPtr& observation) {
    const auto parameters =
        fhir::search::decode_query("code=http://loinc.org|718-7&value-quantity=gt134|http://unitsofmeasure.org|g/L");
    const auto query = fhir::search::parse_query("Observation", parameters.value());
    fhir::search::MatchContext context;
    std::cout << "matches: " << (fhir::search::matches(query.plan, observation, context) ? "yes" : "no") << '\n';
}

}  // namespace

int main(int argc, char** argv) {
    std::ifstream in(argc > 1 ? argv[1] : "bundle.json", std::ios::binary);
    const auto bundle = fhir::parse_json({std::istreambuf_iterator<char>(in), {}});
    if (bundle.has_error()) {
        std::cerr << "line " << bundle.error().line << ", column " << bundle.error().column << ", "
                  << bundle.error().path << ": " << bundle.error().message << '\n';
        return 1;
    }
    show_issues(**bundle);
    show_values(*bundle);
    const fhir::Element observation = (*bundle)->root()["entry"].item(1)["resource"];
    show_match(fhir::parse_json(fhir::to_json(observation)).value());
    const auto terminology = fhir::Terminology::built_in();
    const auto code = terminology->validate_code("http://hl7.org/fhir/ValueSet/observation-status", {"", "final"});
    std::cout << "final: " << code.display << '\n';
    std::cout << fhir::to_xml((*bundle)->root()["entry"].item(0)["resource"]).value() << '\n';
    return 0;
}
