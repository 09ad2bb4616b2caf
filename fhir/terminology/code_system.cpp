#include "fhir/terminology/code_system.hpp"

#include <algorithm>

namespace causeway::fhir {

namespace {

constexpr unsigned parents_deep_max = 32;

char fold(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

std::uint32_t hash_of(std::string_view code) noexcept {
    std::uint32_t hash = 2166136261U;
    for (const char c : code) hash = (hash ^ static_cast<unsigned char>(fold(c))) * 16777619U;
    return hash ^ (hash >> 15U);
}

bool same_code(std::string_view a, std::string_view b, bool case_sensitive) noexcept {
    if (case_sensitive || a.size() != b.size()) return a == b;
    return std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return fold(x) == fold(y); });
}

}  // namespace

void CodeSystem::add(Concept entry, std::uint32_t depth) {
    const auto index = static_cast<std::uint32_t>(concepts_.size());
    while (open_.size() > depth) {
        concepts_[open_.back()].end = index;
        open_.pop_back();
    }
    entry.parent = open_.empty() ? Concept::none : open_.back();
    entry.end = index + 1;
    concepts_.push_back(entry);
    open_.push_back(index);
}

void CodeSystem::index() {
    const auto size = static_cast<std::uint32_t>(concepts_.size());
    for (const std::uint32_t open : open_) concepts_[open].end = size;
    open_ = {};
    std::size_t slots = 2;
    while (slots < 2 * concepts_.size() + 1) slots *= 2;
    slots_.assign(slots, 0);
    for (std::uint32_t i = 0; i < size; ++i) {
        std::size_t at = hash_of(concepts_[i].code) & (slots - 1);
        while (slots_[at] != 0) at = (at + 1) & (slots - 1);
        slots_[at] = i + 1;
    }
    for (const Pending& pending : pending_) {
        const auto child = find(pending.code);
        const auto parent = find(pending.parent);
        if (child != Concept::none && parent != Concept::none) edges_.push_back({child, parent});
    }
    pending_ = {};
    std::sort(edges_.begin(), edges_.end(), [](Edge a, Edge b) { return a.child < b.child; });
}

std::uint32_t CodeSystem::find(std::string_view code) const noexcept {
    if (slots_.empty()) return Concept::none;
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = hash_of(code) & mask; slots_[at] != 0; at = (at + 1) & mask)
        if (same_code(concepts_[slots_[at] - 1].code, code, case_sensitive)) return slots_[at] - 1;
    return Concept::none;
}

bool CodeSystem::is_a(std::uint32_t index, std::uint32_t ancestor) const noexcept {
    if (index >= ancestor && index < concepts_[ancestor].end) return true;
    return !edges_.empty() && is_above(ancestor, index, 0);
}

bool CodeSystem::is_above(std::uint32_t ancestor, std::uint32_t index, unsigned depth) const noexcept {
    if (depth > parents_deep_max) return false;
    for (std::uint32_t at = index; at != Concept::none; at = concepts_[at].parent) {
        if (at == ancestor) return true;
        auto edge = std::lower_bound(edges_.begin(), edges_.end(), at,
                                     [](Edge e, std::uint32_t child) { return e.child < child; });
        for (; edge != edges_.end() && edge->child == at; ++edge)
            if (is_above(ancestor, edge->parent, depth + 1)) return true;
    }
    return false;
}

}  // namespace causeway::fhir
