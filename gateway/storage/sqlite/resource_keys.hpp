#pragma once
#include "gateway/storage/keys.hpp"
#include "gateway/storage/sqlite/catalog.hpp"

namespace causeway::storage {

/// Every index key of one resource: its type, its values, and those of what it contains.
ResourceKeys resource_keys(Catalog& catalog, std::int64_t type_code, std::span<const fhir::search::SearchValue> values,
                           std::span<const fhir::search::SearchValue> contained);

}  // namespace causeway::storage
