#include "gateway/exchange/fhir_condition.hpp"

#include <map>
#include <span>

#include "fhir/json/json.hpp"
#include "fhir/search/match.hpp"
#include "fhir/search/query.hpp"

namespace causeway::exchange {
namespace {

constexpr std::size_t resolved_max = 32;    // references that one condition may follow
constexpr std::size_t steps_max = 200'000;  // it runs while a transaction waits: what takes longer cannot be told

/// resolve(): relative references to what the store holds.
class StoredReferences final : public fhir::path::Hooks {
public:
    explicit StoredReferences(storage::Reader& reader) : reader_(reader) {}

    fhir::Element resolve(std::string_view reference) const override {
        if (const auto known = documents_.find(reference); known != documents_.end()) return root_of(known->second);
        if (documents_.size() == resolved_max) return {};
        const auto slash = reference.find('/');
        if (slash == std::string_view::npos || reference.find('/', slash + 1) != std::string_view::npos) return {};
        auto& place = documents_[std::string(reference)];
        auto stored = reader_.read(reference.substr(0, slash), reference.substr(slash + 1));
        if (stored.has_error() || !*stored || (*stored)->erased()) return {};
        auto document = fhir::parse_json(std::move((*stored)->body.json));
        if (document.has_value()) place = std::move(*document);
        return root_of(place);
    }

private:
    static fhir::Element root_of(const fhir::DocumentPtr& document) {
        return document ? document->root() : fhir::Element();
    }
    storage::Reader& reader_;
    mutable std::map<std::string, fhir::DocumentPtr, std::less<>> documents_;
};

}  // namespace

FhirCondition FhirCondition::compile(const RoutingRule& rule, std::vector<ConfigurationFault>& faults) {
    FhirCondition condition;
    const auto fault = [&](std::string_view setting, std::string text) {
        faults.push_back({"route \"" + rule.name + "\": " + std::string(setting), std::move(text)});
    };
    if (!rule.criteria.empty()) {
        const auto parameters = fhir::search::decode_query(rule.criteria);
        if (parameters.has_error()) {
            fault("criteria", parameters.error().message);
            return condition;
        }
        fhir::search::QueryOptions options;
        options.result_parameters = false;
        for (const auto& each : *parameters) {
            auto parsed = fhir::search::parse_query(rule.resource_type, std::span(&each, 1), options);
            for (const auto& issue : parsed.issues) fault("criteria", issue.text);
            condition.criteria_.emplace_back(each.name + "=" + each.value, std::move(parsed.plan));
        }
    }
    if (rule.where.empty()) return condition;
    auto expression = fhir::path::Expression::compile(rule.where, {.context_type = rule.resource_type, .strict = true});
    if (expression.has_error())
        fault("where", "is no FHIRPath: " + expression.error().message);
    else
        condition.where_ = std::move(*expression);
    return condition;
}

std::string FhirCondition::why_not(const rest::Written& written, storage::Reader& reader) const {
    if (criteria_.empty() && !where_) return {};
    if (!written.document) return "a deleted resource meets no condition";
    for (const auto& [text, plan] : criteria_) {
        fhir::search::MatchContext context;
        context.type = written.type;
        context.id = written.id;
        context.last_updated_us = written.version.at_us;
        if (!fhir::search::matches(plan, written.document, context)) return "criteria " + text + " does not hold";
    }
    if (!where_) return {};
    const StoredReferences references(reader);
    fhir::path::Environment environment;
    environment.now_us = written.version.at_us;
    environment.hooks = &references;
    environment.steps_max = steps_max;
    fhir::path::Evaluation evaluation;
    const auto holds = evaluation.test(*where_, fhir::path::item_of(written.document->root()), environment);
    const std::string text(where_->text());
    if (holds.has_error()) return "where " + text + " cannot be told: " + holds.error().message;
    return *holds ? std::string() : "where " + text + " does not hold";
}

}  // namespace causeway::exchange
