#include "fhir/search/custom_parameters.hpp"

#include <algorithm>
#include <array>

#include "fhir/path/expression.hpp"
#include "fhir/r4/tables.hpp"

namespace causeway::fhir::search {
namespace {

constexpr std::size_t expression_bytes_max = 4096;
constexpr std::size_t parts_max = 8;

std::optional<ParameterType> type_named(std::string_view name) {
    constexpr std::array<std::pair<std::string_view, ParameterType>, 8> names = {
        {{"number", ParameterType::number},
         {"date", ParameterType::date},
         {"string", ParameterType::string},
         {"token", ParameterType::token},
         {"composite", ParameterType::composite},
         {"reference", ParameterType::reference},
         {"quantity", ParameterType::quantity},
         {"uri", ParameterType::uri}}};
    for (const auto& [text, type] : names)
        if (text == name) return type;
    return std::nullopt;
}

/// Letters, digits, `_` and `-`: what a query can name without escapes.
bool is_code(std::string_view code) {
    return !code.empty() && code.size() <= 64 && std::ranges::all_of(code, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    });
}

/// The parameter of a type that R4 defines under a canonical, with or without a version; nullptr if there is none.
const Parameter* parameter_of(std::string_view resource_type, std::string_view canonical) {
    const auto url = canonical.substr(0, canonical.find('|'));
    const auto definitions = r4::search_parameters(resource_type);
    const auto found = std::ranges::find(definitions, url, &r4::SearchParameterDef::url);
    return found == definitions.end() ? nullptr : find_parameter(resource_type, found->code);
}

/// What is wrong with the parts of a composite, or nothing.
std::string read_parts(Element resource, std::string_view resource_type, std::vector<CustomParameter::Part>& out) {
    out.clear();
    for (const Element component : resource["component"].items()) {
        const Parameter* const named = parameter_of(resource_type, component["definition"].text());
        if (!named || named->type == ParameterType::composite || named->type == ParameterType::special)
            return "a component's definition names no plain search parameter of R4 for this type";
        const std::string_view expression = component["expression"].text();
        if (expression.size() > expression_bytes_max) return "the expression is longer than 4096 bytes";
        const auto compiled = path::Expression::compile(
            corrected_expression(expression),
            {.context_type = {}, .strict = false, .as_filters = true, .union_combines = true});
        if (compiled.has_error()) return "the expression is no FHIRPath: " + compiled.error().message;
        out.push_back({named->type, std::string(expression)});
    }
    return out.size() < 2 || out.size() > parts_max ? "a composite has two to eight components" : std::string();
}

}  // namespace

std::string CustomParameter::identity() const {
    std::string out = code + "\n" + std::to_string(static_cast<int>(type)) + "\n" + expression;
    for (const auto& target : targets) out.append("\n").append(target);
    for (const auto& part : parts)
        out.append("\n").append(std::to_string(static_cast<int>(part.type))).append(" ").append(part.expression);
    return out;
}

std::vector<CustomParameter> read_search_parameter(Element resource, Issues& issues) {
    const auto wrong = [&](std::string text, std::string_view member) {
        issues.push_back({Severity::error, IssueCode::business_rule, std::move(text),
                          "SearchParameter." + std::string(member), "search"});
        return std::vector<CustomParameter>();
    };
    CustomParameter made;
    made.url = resource["url"].text();
    made.code = resource["code"].text();
    made.expression = resource["expression"].text();
    if (resource["status"].text() != "active" || made.expression.empty()) return {};
    if (made.url.starts_with("http://hl7.org/fhir/SearchParameter/")) return {};  // R4's own: built in, or not of R4
    if (!is_code(made.code)) return wrong("a code has 1 to 64 letters, digits, '_' and '-'", "code");
    const auto type = type_named(resource["type"].text());
    if (!type) return wrong("search parameters of this type cannot be added to this server", "type");
    made.type = *type;
    if (made.expression.size() > expression_bytes_max)
        return wrong("the expression is longer than 4096 bytes", "expression");
    for (const Element target : resource["target"].items()) made.targets.emplace_back(target.text());
    std::vector<CustomParameter> out;
    for (const Element base : resource["base"].items()) {
        const std::string_view name = base.text();
        if (name == "Resource" || name == "DomainResource")
            return wrong("a search parameter for every type cannot be added to this server: name the types", "base");
        if (!r4::is_resource_type(name)) return wrong("base names no resource type of R4", "base");
        if (find_parameter(name, made.code)) continue;
        made.resource_type = name;
        auto compiled = path::Expression::compile(
            made.expression, {.context_type = name, .strict = false, .as_filters = true, .union_combines = true});
        if (compiled.has_error())
            return wrong("the expression is no FHIRPath: " + compiled.error().message, "expression");
        if (made.type == ParameterType::composite)
            if (auto text = read_parts(resource, name, made.parts); !text.empty())
                return wrong(std::move(text), "component");
        out.push_back(made);
    }
    return out;
}

CustomParameters::CustomParameters(std::vector<CustomParameter> definitions) {
    std::ranges::sort(definitions, {}, &CustomParameter::id);
    for (auto& definition : definitions) {
        const CustomParameter& kept = definitions_.emplace_back(std::move(definition));
        auto& targets = targets_.emplace_back(kept.targets.begin(), kept.targets.end());
        Parameter parameter;
        parameter.id = kept.id;
        parameter.resource_type = kept.resource_type;
        parameter.code = kept.code;
        parameter.type = kept.type;
        parameter.expression = kept.expression;
        parameter.targets = targets;
        auto& components = components_.emplace_back();
        for (const auto& part : kept.parts) components.push_back({part.type, part.expression});
        parameter.components = components;
        const Parameter& stays = parameters_.emplace_back(parameter);
        auto compiled = compile_parameter(stays);
        if (compiled.has_error()) continue;
        auto at = std::ranges::find(types_, std::string_view(kept.resource_type), &OfType::type);
        if (at == types_.end()) at = types_.insert(at, {kept.resource_type, {}});
        at->compiled.push_back(std::move(*compiled));
    }
}

const Parameter* CustomParameters::find(std::string_view resource_type, std::string_view code) const noexcept {
    for (const CompiledParameter& one : compiled(resource_type))
        if (one.parameter->code == code) return one.parameter;
    return nullptr;
}

bool CustomParameters::ready(ParameterId id) const noexcept {
    const auto found = std::ranges::find(definitions_, id, &CustomParameter::id);
    return found != definitions_.end() && found->ready;
}

const std::vector<CompiledParameter>& CustomParameters::compiled(std::string_view resource_type) const noexcept {
    static const std::vector<CompiledParameter> none;
    const auto found = std::ranges::find(types_, resource_type, &OfType::type);
    return found == types_.end() ? none : found->compiled;
}

}  // namespace causeway::fhir::search
