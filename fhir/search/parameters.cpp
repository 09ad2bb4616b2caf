#include "fhir/search/parameters.hpp"

#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "fhir/r4/tables.hpp"

namespace causeway::fhir::search {
namespace {

ParameterType type_of(r4::SearchType type) { return static_cast<ParameterType>(type); }
static_assert(static_cast<int>(ParameterType::special) == static_cast<int>(r4::SearchType::special));
static_assert(static_cast<int>(ParameterType::token) == static_cast<int>(r4::SearchType::token));

Special special_of(const r4::SearchParameterDef& definition) {
    static const std::unordered_map<std::string_view, Special> codes = {
        {"_id", Special::id},         {"_lastUpdated", Special::last_updated},
        {"_text", Special::text},     {"_content", Special::content},
        {"_source", Special::source}, {"_profile", Special::profile},
        {"_tag", Special::tag},       {"_security", Special::security}};
    if (definition.type == r4::SearchType::special) return Special::near;
    const auto found = codes.find(definition.code);
    return found == codes.end() ? Special::none : found->second;
}

/// All parameters, in the order of the R4 tables; the id is the place there plus one.
struct Registry {
    std::vector<Parameter> parameters;
    std::deque<std::vector<Parameter::Component>> components;

    Registry() {
        const auto definitions = r4::search_parameters();
        std::unordered_map<std::string_view, ParameterType> types;
        for (const auto& definition : definitions) types.emplace(definition.id, type_of(definition.type));
        parameters.reserve(definitions.size());
        for (const auto& definition : definitions) {
            Parameter parameter;
            parameter.id = static_cast<ParameterId>(definition.index + 1);
            parameter.resource_type = definition.base;
            parameter.code = definition.code;
            parameter.type = type_of(definition.type);
            parameter.special = special_of(definition);
            parameter.expression = definition.expression;
            parameter.targets = definition.targets;
            parameter.contact = parameter.type == ParameterType::token &&
                                (parameter.code == "telecom" || parameter.code == "phone" || parameter.code == "email");
            if (!definition.components.empty()) {
                auto& list = components.emplace_back();
                for (const auto& component : definition.components) {
                    const auto found = types.find(component.id);
                    list.push_back({found == types.end() ? ParameterType::token : found->second, component.expression});
                }
                parameter.components = list;
            }
            parameters.push_back(parameter);
        }
    }
};

const Registry& registry() {
    static const Registry instance;
    return instance;
}

}  // namespace

std::span<const Parameter> parameters(std::string_view resource_type) {
    const auto definitions = r4::search_parameters(resource_type);
    if (definitions.empty()) return {};
    return std::span(registry().parameters).subspan(definitions.front().index, definitions.size());
}

const Parameter* find_parameter(std::string_view resource_type, std::string_view code) {
    const auto* const definition = r4::find_search_parameter(resource_type, code);
    return definition ? &registry().parameters[definition->index] : nullptr;
}

const Parameter& parameter(ParameterId id) { return registry().parameters[id - 1U]; }

std::size_t parameter_count() { return registry().parameters.size(); }

}  // namespace causeway::fhir::search
