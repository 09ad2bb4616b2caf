#pragma once
#include <cstdint>
#include <span>

#include "fhir/r4/tables.hpp"

namespace causeway::fhir::r4::generated {

/// What tools/generate_r4_tables.py writes; tables.cpp is its only reader. Hash tables have a power of two as size,
/// hold index + 1 (0 = empty) and are probed linearly.
struct Tables {
    std::span<const TypeDef> types;
    std::span<const MemberDef> members;
    std::span<const std::uint16_t> type_slots;
    std::span<const std::uint16_t> member_slots;
    std::span<const std::string_view> resource_types;
    std::span<const SearchParameterDef> parameters;
    struct Range {
        std::string_view type;
        std::uint16_t first;
        std::uint16_t count;
    };
    std::span<const Range> parameter_ranges;
    struct Compartment {
        std::string_view name;
        std::span<const CompartmentDef> rows;
    };
    std::span<const Compartment> compartments;
    std::span<const ConstraintDef> constraints;
};

extern const Tables tables;

/// FNV-1a; the generator computes the same.
constexpr std::uint32_t name_hash(std::string_view name) noexcept {
    std::uint32_t hash = 2166136261U;
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
    return hash ^ (hash >> 15U);
}

}  // namespace causeway::fhir::r4::generated
