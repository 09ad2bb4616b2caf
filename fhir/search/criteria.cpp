#include <algorithm>
#include <array>

#include "fhir/r4/tables.hpp"
#include "fhir/search/custom_parameters.hpp"
#include "fhir/search/query_parser.hpp"
#include "fhir/search/query_text.hpp"

namespace causeway::fhir::search {
namespace {

struct ModifierName {
    std::string_view text;
    Modifier modifier;
    std::initializer_list<ParameterType> types;
};

std::string quoted(std::string_view name) { return "'" + std::string(name) + "'"; }

}  // namespace

const Parameter* find_parameter(std::string_view type, std::string_view code, const QueryOptions& options) {
    if (const Parameter* const own = find_parameter(type, code)) return own;
    return options.custom ? options.custom->find(type, code) : nullptr;
}

bool is_ready(const Parameter& parameter, const QueryOptions& options) {
    return parameter.id <= parameter_count() || (options.custom && options.custom->ready(parameter.id));
}

std::string known_parameters(std::string_view type, const QueryOptions& options) {
    std::string text;
    for (const Parameter& parameter : parameters(type)) {
        if (!text.empty()) text += ", ";
        text += parameter.code;
    }
    if (options.custom)
        for (const CompiledParameter& one : options.custom->compiled(type))
            text.append(", ").append(one.parameter->code);
    return text;
}

std::optional<Modifier> find_modifier(const Parameter& parameter, std::string_view text, std::string_view& target) {
    using P = ParameterType;
    using M = Modifier;
    static const std::array<ModifierName, 10> names = {{{"exact", M::exact, {P::string}},
                                                        {"contains", M::contains, {P::string, P::uri}},
                                                        {"text", M::text, {P::token, P::string}},
                                                        {"not", M::not_, {P::token}},
                                                        {"above", M::above, {P::token, P::uri, P::reference}},
                                                        {"below", M::below, {P::token, P::uri, P::reference}},
                                                        {"in", M::in, {P::token}},
                                                        {"not-in", M::not_in, {P::token}},
                                                        {"of-type", M::of_type, {P::token}},
                                                        {"identifier", M::identifier, {P::reference}}}};
    if (text.empty()) return M::none;
    const bool plain = parameter.special == Special::none || parameter.special == Special::tag ||
                       parameter.special == Special::security || parameter.special == Special::profile ||
                       parameter.special == Special::source || parameter.special == Special::id;
    if (!plain) return std::nullopt;
    for (const ModifierName& name : names) {
        if (name.text == text && std::find(name.types.begin(), name.types.end(), parameter.type) != name.types.end()) {
            if (parameter.special == Special::id && name.modifier != M::not_) return std::nullopt;
            return name.modifier;
        }
    }
    if (parameter.type == P::reference && r4::is_resource_type(text)) {
        const bool allowed = parameter.targets.empty() || std::find(parameter.targets.begin(), parameter.targets.end(),
                                                                    text) != parameter.targets.end();
        if (!allowed) return std::nullopt;
        target = text;
        return M::none;
    }
    return std::nullopt;
}

std::nullopt_t CriterionReader::fail(std::string text, IssueCode code) {
    fault_ = {code, std::move(text)};
    return std::nullopt;
}

const Parameter* CriterionReader::find(std::string_view type, std::string_view code) {
    const Parameter* const parameter = find_parameter(type, code, options_);
    if (parameter && !is_ready(*parameter, options_)) {
        fail(quoted(code) + " is being made ready: not all resources are indexed by it yet", IssueCode::not_supported);
        return nullptr;
    }
    if (!parameter) {
        unknown_ = true;
        fault_ = {IssueCode::not_supported, std::string(type) + " has no search parameter " + quoted(code) +
                                                "; it has " + known_parameters(type, options_)};
    }
    return parameter;
}

bool CriterionReader::count_values(std::size_t values) {
    values_ += values;
    if (values_ <= options_.values_max) return true;
    fault_ = {IssueCode::too_costly, "more values than the limit of " + std::to_string(options_.values_max)};
    return false;
}

std::optional<Criterion> CriterionReader::read(std::string_view type, std::string_view name, std::string_view value,
                                               std::size_t depth) {
    if (depth > options_.chain_depth_max)
        return fail("the chain is longer than the limit of " + std::to_string(options_.chain_depth_max),
                    IssueCode::too_costly);
    // a chain without types goes to every type that a reference may name, and so on from there
    if (++steps_ > steps_max)
        return fail("the chain leads to too many types; name them, as in subject:Patient.name", IssueCode::too_costly);
    if (name.starts_with("_has:")) return read_has(type, name.substr(5), value, depth);
    const std::size_t dot = name.find('.');
    if (dot != std::string_view::npos) return read_chain(type, name.substr(0, dot), name.substr(dot + 1), value, depth);
    if (name == "_filter") return read_filter(type, value);
    if (name == "_list" && value.starts_with('$')) return read_current_list(type, value, depth);
    if (name == "_list") {
        Criterion criterion;
        criterion.kind = Criterion::Kind::compare;
        criterion.special = Special::list;
        for (const std::string_view one : split_escaped(value, ',')) {
            const auto text = unescape(one);
            if (!text || text->empty()) return fail("_list takes the id of a List");
            criterion.operands.emplace_back().text = *text;
        }
        return criterion;
    }
    const std::size_t colon = name.find(':');
    const Parameter* const parameter = find(type, name.substr(0, colon));
    if (!parameter) return std::nullopt;
    return read_values(*parameter, colon == std::string_view::npos ? std::string_view() : name.substr(colon + 1),
                       value);
}

/// The lists that R4 names by what they are for (`$current-allergies`): answered by what their resources say.
std::optional<Criterion> CriterionReader::read_current_list(std::string_view type, std::string_view value,
                                                            std::size_t depth) {
    struct Rule {
        std::string_view list, type, parameter, value;
    };
    static constexpr std::array<Rule, 10> rules = {
        {{"$current-problems", "Condition", "clinical-status", "active,recurrence,relapse"},
         {"$current-problems", "Condition", "category", "problem-list-item"},
         {"$current-problems", "Condition", "verification-status:not", "refuted,entered-in-error"},
         {"$current-medications", "MedicationStatement", "status", "active"},
         {"$current-medications", "MedicationRequest", "status", "active"},
         {"$current-allergies", "AllergyIntolerance", "clinical-status", "active"},
         {"$current-allergies", "AllergyIntolerance", "verification-status:not", "refuted,entered-in-error"},
         {"$current-drug-allergies", "AllergyIntolerance", "clinical-status", "active"},
         {"$current-drug-allergies", "AllergyIntolerance", "verification-status:not", "refuted,entered-in-error"},
         {"$current-drug-allergies", "AllergyIntolerance", "category", "medication"}}};
    Criterion all;
    all.kind = Criterion::Kind::all;
    bool known = false;
    for (const Rule& rule : rules) {
        known = known || rule.list == value;
        if (rule.list != value || rule.type != type) continue;
        auto one = read(type, rule.parameter, rule.value, depth + 1);
        if (!one) return std::nullopt;
        all.children.push_back(std::move(*one));
    }
    if (!known)
        return fail(
            "the lists known by name are $current-problems, $current-medications, $current-allergies and "
            "$current-drug-allergies",
            IssueCode::not_supported);
    if (all.children.empty()) return fail(std::string(value) + " holds no " + std::string(type));
    return all;
}

std::optional<Criterion> CriterionReader::read_values(const Parameter& parameter, std::string_view modifier,
                                                      std::string_view value) {
    if (parameter.code == "_query") return fail("named queries are not supported", IssueCode::not_supported);
    Criterion criterion;
    criterion.parameters = {parameter.id};
    criterion.type = parameter.type;
    criterion.special = parameter.special;
    if (modifier == "missing") {
        const bool allowed = parameter.type != ParameterType::composite && parameter.special != Special::text &&
                             parameter.special != Special::content;
        if (!allowed) return fail(quoted(parameter.code) + " has no modifier :missing", IssueCode::not_supported);
        if (value != "true" && value != "false") return fail(":missing takes true or false");
        criterion.kind = Criterion::Kind::missing;
        criterion.missing = value == "true";
        return criterion;
    }
    std::string_view target;
    const auto found = find_modifier(parameter, modifier, target);
    if (!found) return fail(quoted(parameter.code) + " has no modifier " + quoted(modifier), IssueCode::not_supported);
    criterion.kind = Criterion::Kind::compare;
    criterion.modifier = *found;
    OperandReader reader(options_, fault_);
    const auto values = split_escaped(value, ',');
    if (!count_values(values.size())) return std::nullopt;
    std::size_t number = 0;
    for (const std::string_view one : values) {
        ++number;
        if (one.empty()) continue;
        Operand operand;
        if (!reader.read(parameter, *found, target, one, operand)) {
            if (values.size() > 1) fault_.text = "value " + std::to_string(number) + ": " + fault_.text;
            return std::nullopt;
        }
        criterion.operands.push_back(std::move(operand));
    }
    if (criterion.operands.empty()) return fail("there are only commas");
    return criterion;
}

std::optional<Criterion> CriterionReader::read_chain(std::string_view type, std::string_view head,
                                                     std::string_view rest, std::string_view value, std::size_t depth) {
    const std::size_t colon = head.find(':');
    const Parameter* const parameter = find(type, head.substr(0, colon));
    if (!parameter) return std::nullopt;
    if (parameter->type != ParameterType::reference)
        return fail(quoted(parameter->code) + " is no reference and cannot be chained", IssueCode::not_supported);
    const std::string_view wanted = colon == std::string_view::npos ? std::string_view() : head.substr(colon + 1);
    if (!wanted.empty()) {
        const bool allowed =
            r4::is_resource_type(wanted) &&
            (parameter->targets.empty() ||
             std::find(parameter->targets.begin(), parameter->targets.end(), wanted) != parameter->targets.end());
        if (!allowed)
            return fail(quoted(parameter->code) + " does not point to " + quoted(wanted), IssueCode::not_supported);
    }
    Criterion criterion;
    criterion.kind = Criterion::Kind::chain;
    criterion.parameters = {parameter->id};
    criterion.type = ParameterType::reference;
    const auto types = !wanted.empty()              ? std::span<const std::string_view>(&wanted, 1)
                       : parameter->targets.empty() ? r4::resource_types()
                                                    : parameter->targets;
    QueryFault first;
    for (const std::string_view target : types) {
        auto inner = read(target, rest, value, depth + 1);
        if (inner) {
            criterion.targets.push_back({std::string(target), 0, std::make_shared<const Criterion>(std::move(*inner))});
        } else if (!unknown_) {
            return std::nullopt;  // the parameter exists and its value is wrong
        } else {
            if (first.text.empty()) first = fault_;
            unknown_ = false;
        }
    }
    if (criterion.targets.empty()) {
        fault_ = std::move(first);
        unknown_ = true;
        return std::nullopt;
    }
    fault_ = {};
    return criterion;
}

std::optional<Criterion> CriterionReader::read_has(std::string_view type, std::string_view rest, std::string_view value,
                                                   std::size_t depth) {
    const std::size_t first = rest.find(':');
    const std::size_t second = first == std::string_view::npos ? first : rest.find(':', first + 1);
    if (second == std::string_view::npos)
        return fail("_has is _has:Type:reference:parameter", IssueCode::not_supported);
    const std::string_view source = rest.substr(0, first);
    if (!r4::is_resource_type(source))
        return fail("_has names no resource type: " + quoted(source), IssueCode::not_supported);
    const Parameter* const via = find(source, rest.substr(first + 1, second - first - 1));
    if (!via) return std::nullopt;
    const bool points =
        via->type == ParameterType::reference &&
        (via->targets.empty() || std::find(via->targets.begin(), via->targets.end(), type) != via->targets.end());
    if (!points)
        return fail(quoted(via->code) + " of " + std::string(source) + " does not point to " + std::string(type),
                    IssueCode::not_supported);
    auto inner = read(source, rest.substr(second + 1), value, depth + 1);
    if (!inner) return std::nullopt;
    Criterion criterion;
    criterion.kind = Criterion::Kind::has;
    criterion.type = ParameterType::reference;
    criterion.targets.push_back({std::string(source), via->id, std::make_shared<const Criterion>(std::move(*inner))});
    return criterion;
}

}  // namespace causeway::fhir::search
