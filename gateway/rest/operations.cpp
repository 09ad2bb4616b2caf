#include "gateway/rest/operations.hpp"

#include <algorithm>

#include "gateway/rest/answer.hpp"

namespace causeway::rest {

const Operations::Entry* Operations::find(const Route& route) const {
    for (const Entry& entry : entries_) {
        const Operation& operation = entry.operation;
        if (operation.name != route.operation) continue;
        const bool level = route.type.empty() ? operation.at_system
                           : route.id.empty() ? operation.at_type
                                              : operation.at_instance;
        const bool type = route.type.empty() || operation.types.empty() ||
                          std::ranges::find(operation.types, route.type) != operation.types.end();
        if (level && type) return &entry;
    }
    return nullptr;
}

bool Operations::known(std::string_view name) const {
    return std::ranges::any_of(entries_, [&](const Entry& entry) { return entry.operation.name == name; });
}

std::string_view input(const Call& call, const fhir::DocumentPtr& body, std::string_view name) {
    if (const std::string_view value = parameter(call, name); !value.empty()) return value;
    if (!body || body->resource_type() != "Parameters") return {};
    for (const fhir::Element one : body->root()["parameter"].items()) {
        if (one["name"].text() != name) continue;
        for (const fhir::Element member : one.children())
            if (member.name().starts_with("value")) return member.text();
    }
    return {};
}

fhir::Element input_resource(const fhir::DocumentPtr& body, std::string_view name) {
    if (!body) return {};
    if (body->resource_type() != "Parameters") return body->root();
    for (const fhir::Element one : body->root()["parameter"].items())
        if (one["name"].text() == name) return one["resource"];
    return {};
}

}  // namespace causeway::rest
