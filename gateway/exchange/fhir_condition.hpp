#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fhir/path/expression.hpp"
#include "fhir/search/plan.hpp"
#include "gateway/exchange/partner.hpp"
#include "gateway/rest/resource_writer.hpp"
#include "gateway/storage/storage.hpp"

namespace causeway::exchange {

/// What a route with a FHIR source asks of a resource that is written: its search criteria and its FHIRPath condition,
/// compiled. Immutable.
class FhirCondition {
public:
    /// Adds to `faults` what cannot be compiled: unknown search parameters, elements that the type cannot have.
    static FhirCondition compile(const RoutingRule& rule, std::vector<ConfigurationFault>& faults);

    /// Empty: all of it holds. Otherwise what does not, in the words of the configuration: no value of the resource.
    /// resolve() in FHIRPath reads what the store holds.
    std::string why_not(const rest::Written& written, storage::Reader& reader) const;

private:
    /// Each criterion by itself, so that `explain` can name the one that fails.
    std::vector<std::pair<std::string, fhir::search::SearchPlan>> criteria_;
    std::optional<fhir::path::Expression> where_;
};

}  // namespace causeway::exchange
