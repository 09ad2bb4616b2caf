#include <set>

#include "fhir/r4/tables.hpp"
#include "fhir/search/compiled.hpp"
#include "fhir/search/query.hpp"
#include "tests/fhir/conformance/count.hpp"

namespace causeway::test {

namespace {

/// A value that a parameter of that type takes.
std::string value_for(const fhir::search::Parameter& parameter) {
    using fhir::search::ParameterType;
    const auto of = [](ParameterType type) -> std::string {
        switch (type) {
            case ParameterType::number:
                return "ge5.40";
            case ParameterType::date:
                return "lt2024-02";
            case ParameterType::token:
                return "http://example.org|a";
            case ParameterType::reference:
                return "http://example.org/fhir/Patient/1";
            case ParameterType::quantity:
                return "ap5.4|http://unitsofmeasure.org|mg";
            case ParameterType::uri:
                return "http://example.org/x";
            default:
                return "a";
        }
    };
    if (parameter.special == fhir::search::Special::near) return "42.25|-83.69|11.2|km";
    if (parameter.type != ParameterType::composite) return of(parameter.type);
    std::string out;
    for (const auto& component : parameter.components) out += (out.empty() ? "" : "$") + of(component.type);
    return out;
}

}  // namespace

std::vector<Count> count_search_parameters() {
    Count compiled{"search: parameters of all types compile"};
    Count asked{"search: parameters of all types take a value and :missing"};
    std::set<std::string> none;
    for (const auto type : fhir::r4::resource_types()) {
        const auto* all = fhir::search::compiled_type(type);
        for (const auto& failure : all->failures) compiled.failed.push_back(std::string(type) + ": " + failure);
        compiled.passed += all->parameters.size();
        for (const auto& parameter : fhir::search::parameters(type)) {
            if (parameter.expression.empty()) none.insert(std::string(parameter.code));
            if (parameter.code == "_query") continue;  // names a query: there is none
            std::vector<fhir::search::QueryParameter> query{{std::string(parameter.code), value_for(parameter)}};
            const bool special = parameter.expression.empty() || parameter.special == fhir::search::Special::near;
            if (!special && parameter.type != fhir::search::ParameterType::composite)
                query.push_back({std::string(parameter.code) + ":missing", "false"});
            const auto parsed = fhir::search::parse_query(type, query);
            asked.add(parsed.ok(), std::string(type) + "." + std::string(parameter.code) + ": " +
                                       (parsed.issues.empty() ? std::string() : parsed.issues.front().text));
        }
    }
    for (const auto& code : none)
        compiled.listed.push_back(code + ": has no expression in R4; fhir/search/README.md says what happens to it");
    return {compiled, asked};
}

}  // namespace causeway::test
