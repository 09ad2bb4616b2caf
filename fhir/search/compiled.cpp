#include "fhir/search/compiled.hpp"

#include <array>
#include <memory>
#include <mutex>

#include "fhir/path/program.hpp"

namespace causeway::fhir::search {
namespace {

constexpr std::size_t types_max = 1024;

/// The value set URL of FHIR's own codes names the code system: .../ValueSet/x -> .../x.
std::string system_of(const r4::ElementDef& element) {
    constexpr std::string_view prefix = "http://hl7.org/fhir/ValueSet/";
    const bool code = element.types.size() == 1 && element.types.front()->name == "code";
    if (!code || element.binding != r4::BindingStrength::required || !element.value_set.starts_with(prefix)) return {};
    return "http://hl7.org/fhir/" + std::string(element.value_set.substr(prefix.size()));
}

/// The system that all alternatives of an expression share.
std::string implicit_system(const path::Program& program, path::ExprIndex index) {
    const path::Step& step = program.steps[index];
    if (step.kind == path::ExprKind::binary && step.op == path::Operator::union_) {
        const std::string left = implicit_system(program, step.arguments[0]);
        return left == implicit_system(program, step.arguments[1]) ? left : std::string();
    }
    return step.kind == path::ExprKind::member && step.element ? system_of(*step.element) : std::string();
}

std::unique_ptr<CompiledType> compile(std::string_view resource_type) {
    auto compiled = std::make_unique<CompiledType>();
    compiled->type = r4::find_type(resource_type);
    if (const Parameter* const text = find_parameter(resource_type, "_text")) compiled->text = text->id;
    for (const Parameter& parameter : parameters(resource_type)) {
        if (parameter.expression.empty()) continue;
        auto one = compile_parameter(parameter);
        if (one.has_error())
            compiled->failures.push_back(std::string(parameter.code) + ": " + one.error().message);
        else
            compiled->parameters.push_back(std::move(*one));
    }
    return compiled;
}

struct Slot {
    std::once_flag once;
    std::unique_ptr<CompiledType> compiled;
};

}  // namespace

Result<CompiledParameter> compile_parameter(const Parameter& parameter) {
    path::CompileOptions options{
        .context_type = parameter.resource_type, .strict = false, .as_filters = true, .union_combines = true};
    auto expression = path::Expression::compile(corrected_expression(parameter.expression), options);
    if (expression.has_error()) return expression.error();
    CompiledParameter one{&parameter, std::move(*expression), {}, {}};
    if (parameter.type == ParameterType::token)
        one.implicit_system = implicit_system(one.expression.program(), one.expression.program().root);
    options.context_type = {};
    for (const Parameter::Component& component : parameter.components) {
        auto part = path::Expression::compile(corrected_expression(component.expression), options);
        if (part.has_error()) return part.error();
        one.components.push_back(std::move(*part));
    }
    return one;
}

std::string corrected_expression(std::string_view expression) {
    std::string text(expression);
    for (const auto& [wrong, right] :
         {std::pair<std::string_view, std::string_view>{"(DateTime)", "(dateTime)"}, {"as DateTime", "as dateTime"}}) {
        for (std::size_t at = text.find(wrong); at != std::string::npos; at = text.find(wrong, at + right.size()))
            text.replace(at, wrong.size(), right);
    }
    return text;
}

const CompiledType* compiled_type(std::string_view resource_type) {
    static std::array<Slot, types_max> slots;
    const r4::TypeDef* const type = r4::find_type(resource_type);
    if (!type || !r4::is_resource_type(resource_type) || type->index >= types_max) return nullptr;
    Slot& slot = slots[type->index];
    std::call_once(slot.once, [&] { slot.compiled = compile(type->name); });
    return slot.compiled.get();
}

}  // namespace causeway::fhir::search
