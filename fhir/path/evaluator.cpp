#include "fhir/path/evaluator.hpp"

#include "fhir/path/ucum.hpp"

namespace causeway::fhir::path {

const r4::TypeDef* actual_type(Element element, const r4::TypeDef* declared) {
    if (declared && !(declared->kind == r4::TypeKind::resource && declared->is_abstract)) return declared;
    if (const std::string_view name = element.resource_type(); !name.empty()) return r4::find_type(name);
    return declared;
}

bool has_type(const Item& item, const TypeSpecifier& type, bool exact) {
    if (type.system == SystemType::any) return true;
    if (item.is_element()) {
        if (!type.fhir || !item.type()) return false;
        if (exact && item.type()->kind == r4::TypeKind::primitive) return item.type() == type.fhir;
        for (const r4::TypeDef* at = item.type(); at; at = at->base) {
            if (at == type.fhir) return true;
        }
        return false;
    }
    return type.system != SystemType::none && static_cast<SystemType>(item.kind()) == type.system;
}

bool Evaluator::run(Collection& out) {
    Scope scope;
    scope.focus = {&root_, 1};
    return eval(program_.root, scope, out);
}

bool Evaluator::fail(const Step& step, std::string message, Errc code) {
    if (!error_) error_ = error_at(program_.text, step.offset, std::move(message), code);
    return false;
}

bool Evaluator::spend(std::size_t steps, const Step& step) {
    spent_ += steps;
    return spent_ <= environment_.steps_max ||
           fail(step, "expression touches more items than the limit allows", Errc::too_large);
}

bool Evaluator::one_or_none(const Step& step, const Collection& input, std::string_view what) {
    return input.size() <= 1 || fail(step, std::string(what) + " takes one item, not " + std::to_string(input.size()));
}

bool Evaluator::eval(ExprIndex index, const Scope& scope, Collection& out) {
    const Step& step = program_.steps[index];
    switch (step.kind) {
        case ExprKind::empty:
            return true;
        case ExprKind::literal:
            out.push_back(step.literal);
            return true;
        case ExprKind::this_:
            out.insert(out.end(), scope.focus.begin(), scope.focus.end());
            return true;
        case ExprKind::index:
            if (scope.index < 0) return fail(step, "$index has no meaning here");
            out.push_back(Item::of(scope.index));
            return true;
        case ExprKind::total:
            if (!scope.total) return fail(step, "$total has no meaning here");
            out.insert(out.end(), scope.total->begin(), scope.total->end());
            return true;
        case ExprKind::variable:
            return eval_variable(step, scope, out);
        case ExprKind::member:
            return eval_member(step, scope, out);
        case ExprKind::function:
            return eval_function(step, scope, out);
        case ExprKind::indexer:
            return eval_indexer(step, scope, out);
        case ExprKind::negate:
        case ExprKind::identity:
            return eval_sign(step, scope, out);
        case ExprKind::binary:
            return eval_binary(step, scope, out);
        case ExprKind::type_test:
            return eval_type_test(step, scope, out);
    }
    return true;
}

bool Evaluator::eval_member(const Step& step, const Scope& scope, Collection& out) {
    if (step.input == no_expr) {
        for (const Item& item : scope.focus) step_into(step, item, out);
        return spend(scope.focus.size() + out.size(), step);
    }
    Collection input = collection();
    if (!eval(step.input, scope, input)) return false;
    for (const Item& item : input) step_into(step, item, out);
    return spend(input.size() + out.size(), step);
}

void Evaluator::step_into(const Step& step, const Item& item, Collection& out) {
    if (!item.is_element()) {
        if (item.kind() == ItemKind::type_info) {
            if (step.text == "namespace") out.push_back(Item::of(item.type_info().space));
            if (step.text == "name") out.push_back(Item::of(item.type_info().name));
        } else if (item.kind() == ItemKind::quantity) {
            if (step.text == "value") out.push_back(Item::of(&item.quantity().value));
            if (step.text == "unit" || step.text == "code") out.push_back(Item::of(item.quantity().unit));
        }
        return;
    }
    const r4::TypeDef* const type = item.type();
    const bool resolved = step.parent && step.parent == type;
    if (step.first && !step.text.empty() && step.text[0] >= 'A' && step.text[0] <= 'Z' && type &&
        (resolved ? !step.element : r4::is_a(*type, step.text))) {
        out.push_back(item);
        return;
    }
    const Element element = item.element();
    if (!element || element.is_array() || element.size() == 0) return;
    const r4::ElementDef* const definition = resolved ? step.element
                                             : type   ? r4::find_choice(*type, step.text)
                                                      : nullptr;
    if (definition && definition->is_choice) {
        for (const Element child : element.children()) {
            const std::string_view name = child.name();
            if (name.size() <= step.text.size() || !name.starts_with(step.text)) continue;
            const r4::MemberDef member = r4::find_element(*type, name);
            if (member.element == definition) return push_children(item, child, member.type, out);
        }
        return;
    }
    const Element child = element[step.text];
    if (!child || step.text == "resourceType") return;
    if (resolved && step.child) return push_children(item, child, step.child, out);
    const r4::TypeDef* child_type = nullptr;
    if (type) {
        const r4::MemberDef member = r4::find_element(*type, step.text);
        if (member.element && member.element->is_choice) return;  // valueQuantity is no element's name
        child_type = member.type;
    }
    push_children(item, child, child_type, out);
}

void Evaluator::push_children(const Item&, Element child, const r4::TypeDef* type, Collection& out) {
    const bool resource = !type || (type->kind == r4::TypeKind::resource && type->is_abstract);
    for (const Element one : child.items()) {
        if (one.kind() == Kind::null && one.size() == 0) continue;
        out.push_back(Item(one, resource ? actual_type(one, type) : type));
    }
}

void Evaluator::all_children(const Item& item, Collection& out) {
    if (!item.is_element()) return;
    for (const Element child : item.element().children()) {
        if (child.name() == "resourceType") continue;
        const r4::TypeDef* type = nullptr;
        if (item.type()) type = r4::find_element(*item.type(), child.name()).type;
        push_children(item, child, type, out);
    }
}

bool Evaluator::eval_indexer(const Step& step, const Scope& scope, Collection& out) {
    Collection input = collection();
    if (!eval(step.input, scope, input)) return false;
    const auto index = integer_argument(step, 0, scope);
    if (index && *index >= 0 && static_cast<std::size_t>(*index) < input.size())
        out.push_back(input[static_cast<std::size_t>(*index)]);
    return !error_;
}

bool Evaluator::eval_sign(const Step& step, const Scope& scope, Collection& out) {
    Collection input = collection();
    if (!eval(step.arguments[0], scope, input)) return false;
    if (input.empty()) return true;
    if (!one_or_none(step, input, "a sign")) return false;
    const Item value = value_of(input.front());
    const bool minus = step.kind == ExprKind::negate;
    switch (value.kind()) {
        case ItemKind::integer:
            out.push_back(Item::of(minus ? -value.integer() : value.integer()));
            return true;
        case ItemKind::decimal:
            out.push_back(minus ? make(value.decimal().negated()) : value);
            return true;
        case ItemKind::quantity: {
            Quantity quantity = value.quantity();
            if (minus) quantity.value = quantity.value.negated();
            out.push_back(make(quantity));
            return true;
        }
        default:
            return fail(step, "a sign takes a number or a quantity");
    }
}

bool Evaluator::eval_variable(const Step& step, const Scope&, Collection& out) {
    const std::string_view name = step.text;
    for (const Variable* at = defined_; at; at = at->outer) {
        if (at->name != name) continue;
        out.insert(out.end(), at->value.begin(), at->value.end());
        return true;
    }
    for (const auto& [known, items] : environment_.variables) {
        if (known != name) continue;
        out.insert(out.end(), items.begin(), items.end());
        return true;
    }
    if (name == "context") {
        out.push_back(root_);
    } else if (name == "resource" || name == "rootResource") {
        const Element container =
            name == "resource" || !environment_.root_resource ? environment_.resource : environment_.root_resource;
        out.push_back(container ? item_of(container) : root_);
    } else if (name == "sct") {
        out.push_back(Item::of(std::string_view("http://snomed.info/sct")));
    } else if (name == "loinc") {
        out.push_back(Item::of(std::string_view("http://loinc.org")));
    } else if (name == "ucum") {
        out.push_back(Item::of(std::string_view("http://unitsofmeasure.org")));
    } else if (name.starts_with("vs-")) {
        out.push_back(make_text("http://hl7.org/fhir/ValueSet/" + std::string(name.substr(3))));
    } else if (name.starts_with("ext-")) {
        out.push_back(make_text("http://hl7.org/fhir/StructureDefinition/" + std::string(name.substr(4))));
    } else {
        return fail(step, "unknown variable %" + std::string(name), Errc::unknown_name);
    }
    return true;
}

bool Evaluator::eval_type_test(const Step& step, const Scope& scope, Collection& out) {
    Collection input = collection();
    if (!eval(step.arguments[0], scope, input)) return false;
    const bool filters = step.op == Operator::as && program_.as_filters;
    if (!filters && !one_or_none(step, input, step.op == Operator::is ? "is" : "as")) return false;
    for (const Item& item : input) {
        if (step.op == Operator::is) {
            out.push_back(Item::of(has_type(item, step.type, false)));
        } else if (has_type(item, step.type, true)) {
            out.push_back(item);
        }
    }
    return true;
}

bool Evaluator::eval_function(const Step& step, const Scope& scope, Collection& out) {
    Collection input = collection();
    if (step.input == no_expr) {
        input.assign(scope.focus.begin(), scope.focus.end());
    } else if (!eval(step.input, scope, input)) {
        return false;
    }
    return spend(input.size() + 1, step) && call(step, scope, input, out);
}

bool Evaluator::call(const Step& step, const Scope& scope, const Collection& input, Collection& out) {
    using F = FunctionId;
    const FunctionId id = step.function;
    if (id <= F::coalesce || id == F::children || id == F::descendants || id == F::trace || id == F::aggregate ||
        id == F::not_ || id == F::iif || id == F::define_variable) {
        return Collections::call(*this, step, scope, input, out);
    }
    if (id >= F::to_boolean && id <= F::converts_to_time) return Conversions::call(*this, step, scope, input, out);
    if (id >= F::index_of && id <= F::join) return Strings::call(*this, step, scope, input, out);
    if ((id >= F::abs && id <= F::truncate) || id == F::comparable)
        return Numbers::call(*this, step, scope, input, out);
    if (id >= F::now && id <= F::timezone_offset_of) return Moments::call(*this, step, scope, input, out);
    return Fhir::call(*this, step, scope, input, out);
}

std::string_view Evaluator::keep(std::string_view text) {
    if (text.empty()) return {};
    char* const to = static_cast<char*>(memory_.allocate(text.size(), 1));
    text.copy(to, text.size());
    return {to, text.size()};
}

Item Evaluator::make(const Decimal& value) {
    return Item::of(
        static_cast<const Decimal*>(new (memory_.allocate(sizeof(Decimal), alignof(Decimal))) Decimal(value)));
}

Item Evaluator::make(const Quantity& value) {
    return Item::of(
        static_cast<const Quantity*>(new (memory_.allocate(sizeof(Quantity), alignof(Quantity))) Quantity(value)));
}

// --- public face

Element Hooks::resolve(std::string_view) const { return {}; }
std::optional<bool> Hooks::member_of(const Item&, std::string_view) const { return std::nullopt; }
std::optional<bool> Hooks::subsumes(std::string_view, std::string_view, std::string_view) const { return std::nullopt; }
std::optional<bool> Hooks::conforms_to(Element, std::string_view) const { return std::nullopt; }
void Hooks::trace(std::string_view, std::span<const Item>) const {}

Item item_of(Element element, std::string_view type) {
    return Item(element, type.empty() ? r4::find_type(element.resource_type()) : r4::find_type(type));
}

Evaluation::Evaluation() : memory_(first_.data(), first_.size()) {}

Result<std::span<const Item>> Evaluation::run(const Expression& expression, const Item& focus,
                                              const Environment& environment) {
    result_.reset();
    memory_.release();
    result_.emplace(&memory_);
    Environment complete = environment;
    if (!complete.resource && focus.is_element()) complete.resource = focus.element();
    Evaluator evaluator(expression.program(), complete, focus, memory_);
    if (!evaluator.run(*result_)) return *evaluator.error();
    return std::span<const Item>(*result_);
}

Result<std::span<const Item>> Evaluation::run(const Expression& expression, Element focus, std::string_view type,
                                              const Environment& environment) {
    return run(expression, item_of(focus, type), environment);
}

Result<std::span<const Item>> Evaluation::run(const Expression& expression, Element resource,
                                              const Environment& environment) {
    return run(expression, item_of(resource), environment);
}

Result<bool> Evaluation::test(const Expression& expression, const Item& focus, const Environment& environment) {
    const auto items = run(expression, focus, environment);
    if (items.has_error()) return items.error();
    if (items->empty()) return false;
    if (items->size() > 1)
        return Error{Errc::evaluation, "the expression gives several items where true or false is wanted", {}, 0, 0, 0};
    const Item& item = items->front();
    if (item.kind() == ItemKind::boolean) return item.boolean();
    if (item.is_element() && item.element().kind() == Kind::boolean) return item.element().text() == "true";
    return true;
}

}  // namespace causeway::fhir::path
