// The smallest valid resource of every R4 type, one JSON object per line, for access_matrix.py:
//     {"type":"Observation","plain":{...},"ways":[{"code":"subject","resource":{...}}]}
// `ways` are the parameters by which the type lies in the patient compartment, with the reference "Patient/@patient@".
#include <cstdio>
#include <string>

#include "fhir/r4/tables.hpp"
#include "fhir/search/parameters.hpp"
#include "tests/gateway/rest/minimal_resource.hpp"

int main() {
    using namespace causeway;
    const tests::MinimalResources minimal;
    for (const auto type : fhir::r4::resource_types()) {
        // A Subscription that is on would be served.
        const auto plain =
            type == "Subscription"
                ? std::string(R"({"resourceType":"Subscription","status":"off","reason":"x","criteria":"Patient",)"
                              R"("channel":{"type":"rest-hook","endpoint":"http://127.0.0.1/"}})")
                : minimal.make(type);
        std::string line = R"({"type":")" + std::string(type) + R"(","plain":)" + plain + R"(,"ways":[)";
        bool first = true;
        for (const auto& row : fhir::r4::compartment("Patient")) {
            if (row.type != type) continue;
            for (const auto code : row.parameters) {
                const auto* const parameter = fhir::search::find_parameter(row.type, code);
                const auto made = parameter ? minimal.with_reference(type, parameter->expression, "Patient/@patient@")
                                            : std::string();
                if (made.empty()) continue;
                line += (first ? "" : ",") + std::string(R"({"code":")") + std::string(code) + R"(","resource":)" +
                        made + "}";
                first = false;
            }
        }
        std::puts((line + "]}").c_str());
    }
}
