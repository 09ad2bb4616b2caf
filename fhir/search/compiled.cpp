#include "fhir/search/compiled.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <set>
#include <utility>

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

using Names = std::set<std::pair<bool, std::string>>;  ///< is it a choice; its name

/// The members of the focus without which an expression gives nothing. False: it cannot be told, or the focus itself is
/// among what it gives.
bool first_members(const path::Program& program, path::ExprIndex index, Names& names) {
    using path::FunctionId;
    const auto is_focus = [&](path::ExprIndex at) {
        if (at == path::no_expr) return true;
        const path::Step& step = program.steps[at];
        return step.kind == path::ExprKind::member && step.input == path::no_expr && step.first && !step.element &&
               !step.text.empty() && step.text[0] >= 'A' && step.text[0] <= 'Z';
    };
    if (is_focus(index)) return false;
    const path::Step& step = program.steps[index];
    switch (step.kind) {
        case path::ExprKind::member:
            if (!is_focus(step.input)) return first_members(program, step.input, names);
            names.emplace(!step.element || step.element->is_choice, step.text);
            return true;
        case path::ExprKind::function:
            if (step.function != FunctionId::where && step.function != FunctionId::of_type &&
                step.function != FunctionId::as && step.function != FunctionId::resolve &&
                step.function != FunctionId::extension)
                return false;
            return first_members(program, step.input, names);
        case path::ExprKind::indexer:
            return first_members(program, step.input, names);
        case path::ExprKind::type_test:
            return step.op == path::Operator::as && first_members(program, step.arguments[0], names);
        case path::ExprKind::binary:
            return step.op == path::Operator::union_ && first_members(program, step.arguments[0], names) &&
                   first_members(program, step.arguments[1], names);
        default:
            return false;
    }
}

/// What each parameter needs, as names; a composite of the resource itself needs all of its components.
std::vector<Names> needs_of(const CompiledParameter& parameter) {
    std::vector<Names> needs;
    const auto need = [&](const path::Expression& expression) {
        Names names;
        if (first_members(expression.program(), expression.program().root, names)) needs.push_back(std::move(names));
    };
    need(parameter.expression);
    const path::Program& program = parameter.expression.program();
    const path::Step& root = program.steps[program.root];
    if (needs.empty() && root.kind == path::ExprKind::member && root.input == path::no_expr)
        for (const path::Expression& component : parameter.components) need(component);
    return needs;
}

/// Gives the first members of a type their bits; a type with more of them than bits does without.
void number_members(CompiledType& type) {
    std::vector<std::vector<Names>> needs;
    Names all;
    for (const CompiledParameter& parameter : type.parameters) {
        needs.push_back(needs_of(parameter));
        for (const Names& names : needs.back()) all.insert(names.begin(), names.end());
    }
    if (all.size() > 64) return;
    for (const auto& [choice, name] : all) {
        if (!choice) ++type.choices_from;
        type.members.push_back({name, choice});
    }
    for (std::size_t i = 0; i < needs.size(); ++i) {
        for (const Names& names : needs[i]) {
            std::uint64_t bits = 0;
            for (const auto& name : names)
                bits |= std::uint64_t{1} << static_cast<unsigned>(std::distance(all.begin(), all.find(name)));
            type.parameters[i].needs.push_back(bits);
        }
    }
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
    number_members(*compiled);
    return compiled;
}

struct Slot {
    std::once_flag once;
    std::unique_ptr<CompiledType> compiled;
};

}  // namespace

std::uint64_t CompiledType::present(Element resource) const noexcept {
    std::uint64_t bits = 0;
    const auto choices = members.begin() + static_cast<std::ptrdiff_t>(choices_from);
    const auto mark = [&](auto at) { bits |= std::uint64_t{1} << static_cast<unsigned>(at - members.begin()); };
    for (const Element member : resource.children()) {
        const std::string_view name = member.name();
        const auto found = std::lower_bound(members.begin(), choices, name,
                                            [](const FirstMember& one, std::string_view n) { return one.name < n; });
        if (found != choices && found->name == name) mark(found);
        for (auto choice = choices; choice != members.end(); ++choice)
            if (name.starts_with(choice->name)) mark(choice);
    }
    return bits;
}

Result<CompiledParameter> compile_parameter(const Parameter& parameter) {
    path::CompileOptions options{
        .context_type = parameter.resource_type, .strict = false, .as_filters = true, .union_combines = true};
    auto expression = path::Expression::compile(corrected_expression(parameter.expression), options);
    if (expression.has_error()) return expression.error();
    CompiledParameter one{&parameter, std::move(*expression), {}, {}, {}};
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
