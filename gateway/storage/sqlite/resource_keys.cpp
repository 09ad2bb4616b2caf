#include "gateway/storage/sqlite/resource_keys.hpp"

#include "fhir/search/parameters.hpp"

namespace causeway::storage {

ResourceKeys resource_keys(Catalog& catalog, std::int64_t type_code, std::span<const fhir::search::SearchValue> values,
                           std::span<const fhir::search::SearchValue> contained) {
    const keys::Hasher hash{catalog.hash_key, catalog.hash_mask};
    const auto durable = [&](fhir::search::ParameterId parameter) { return catalog.durable_parameter(parameter); };
    ResourceKeys made;
    made.list.add(keys::type_key(type_code));
    make_keys(values, hash, durable, made);
    if (!contained.empty()) {
        ResourceKeys inner;
        make_keys(contained, hash, durable, inner);
        add_contained(std::move(inner), made);
        std::string_view last;
        for (const auto& value : contained) {
            if (value.parameter > fhir::search::parameter_count()) continue;  // `_id` has said the type
            const auto type = fhir::search::parameter(value.parameter).resource_type;
            if (type != last) made.list.add(keys::contained_type_key(catalog.type_code(type)));
            last = type;
        }
    }
    made.list.sort();
    return made;
}

}  // namespace causeway::storage
