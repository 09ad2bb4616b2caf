#pragma once
#include <string_view>
#include <vector>

#include "fhir/search/plan.hpp"

namespace causeway::storage {

/// What somebody may see, in terms of searches: a resource of a type that has a row here and meets the row's criterion.
/// A type without a row is not there at all. Every verb that takes one behaves as if the store held nothing else, also
/// on the far side of chains, `_has` and includes, and in totals.
struct Visibility {
    std::vector<fhir::search::TypeCondition> types;

    const fhir::search::Criterion* find(std::string_view type) const noexcept {
        for (const auto& each : types)
            if (each.type == type) return &each.criterion;
        return nullptr;
    }
};

}  // namespace causeway::storage
