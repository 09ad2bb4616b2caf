#include "fhir/validate/validator.hpp"

#include "causeway_profiles.hpp"
#include "fhir/profile/snapshot.hpp"
#include "fhir/validate/expression.hpp"
#include "fhir/validate/run.hpp"
#include "fhir/validate/structure.hpp"

namespace causeway::fhir {

struct ValidatorBuilder::Parts {
    explicit Parts(std::shared_ptr<const Terminology> base) : terminology(base), base_terminology(std::move(base)) {}
    TerminologyBuilder terminology;
    std::shared_ptr<const Terminology> base_terminology;
    std::shared_ptr<Definitions> definitions;
    bool more_terms = false;
};

Validator::Validator(std::unique_ptr<const ValidatorData> data) : data_(std::move(data)) {}
Validator::~Validator() = default;

std::shared_ptr<const Validator> Validator::built_in() { return ValidatorBuilder().build(); }

const Terminology& Validator::terminology() const noexcept { return *data_->terminology; }

Issues Validator::validate(const Document& document, const ValidationOptions& options) const {
    return validate(document.root(), options);
}

Issues Validator::validate(Element resource, const ValidationOptions& options) const {
    Issues issues = validate_structure(resource, {options.issues_max, options.resource_type});
    Run run(*data_, options, resource, issues);
    walk_resource(run, resource, false);
    if (resource.parent() && !issues.empty()) {
        const std::string wrapped = expression_of(resource);
        for (Issue& issue : issues)
            if (issue.expression.starts_with(wrapped))
                issue.expression.replace(0, wrapped.size(), resource.resource_type());
    }
    return issues;
}

bool Validator::knows_profile(std::string_view canonical) const {
    return core_type(canonical) != nullptr || data_->definitions->find(canonical).profile != nullptr;
}

std::size_t Validator::profiles() const noexcept { return data_->definitions->size(); }

std::vector<std::string> Validator::rules_not_run() const { return data_->rules->not_run(); }

Result<std::vector<std::string>> Validator::must_support(std::string_view canonical) const {
    const auto found = data_->definitions->find(canonical);
    if (!found.profile)
        return Error{Errc::unknown_name,
                     found.fault.empty() ? "the profile is not loaded" : std::string(found.fault),
                     std::string(canonical),
                     0,
                     0,
                     0};
    return found.profile->must_support;
}

Result<DocumentPtr> Validator::snapshot(std::string_view canonical) const {
    const auto definition = data_->definitions->definition(canonical);
    if (!definition) return Error{Errc::unknown_name, "the profile is not loaded", std::string(canonical), 0, 0, 0};
    return generate_snapshot(definition, *data_->definitions);
}

ValidatorBuilder::ValidatorBuilder(std::shared_ptr<const Terminology> base)
    : parts_(std::make_unique<Parts>(std::move(base))) {
    parts_->definitions = std::make_shared<Definitions>();
    for (const auto& file : embedded::profiles()) parts_->definitions->add_condensed(file.bytes);
}
ValidatorBuilder::ValidatorBuilder(const Validator& base) : parts_(std::make_unique<Parts>(base.data_->terminology)) {
    parts_->definitions = std::make_shared<Definitions>(*base.data_->definitions);
}
ValidatorBuilder::~ValidatorBuilder() = default;

bool ValidatorBuilder::add(const DocumentPtr& definition) {
    if (definition->resource_type() == "StructureDefinition") return parts_->definitions->add(definition);
    const bool taken = parts_->terminology.add(definition);
    parts_->more_terms |= taken;
    return taken;
}

void ValidatorBuilder::set_store(std::shared_ptr<const ConceptStore> store) {
    parts_->terminology.set_store(std::move(store));
    parts_->more_terms = true;
}

std::shared_ptr<const Validator> ValidatorBuilder::build() && {
    auto data = std::make_unique<ValidatorData>();
    data->terminology = parts_->more_terms ? std::move(parts_->terminology).build() : parts_->base_terminology;
    data->rules = std::make_shared<const BaseRules>(*data->terminology);
    data->definitions = std::move(parts_->definitions);
    return std::make_shared<const Validator>(std::move(data));
}

}  // namespace causeway::fhir
