#pragma once
#include <cstddef>
#include <cstdint>

namespace causeway::fhir::search {

/// What one code point becomes under normalise(): a slice of fold_pool. Generated from fold.tsv, ascending by code.
struct Fold {
    char32_t code;
    std::uint16_t offset;
    std::uint8_t size;
};
extern const Fold folds[];
extern const std::size_t fold_count;
extern const char fold_pool[];

}  // namespace causeway::fhir::search
