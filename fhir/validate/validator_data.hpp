#pragma once
#include <memory>

#include "fhir/profile/definitions.hpp"
#include "fhir/validate/base_rules.hpp"
#include "fhir/validate/validator.hpp"

namespace causeway::fhir {

/// What a Validator is made of.
struct ValidatorData {
    std::shared_ptr<const Terminology> terminology;
    std::shared_ptr<const BaseRules> rules;
    std::shared_ptr<const Definitions> definitions;
};

}  // namespace causeway::fhir
