#pragma once
#include <cstdint>
#include <vector>

#include "fhir/model/element.hpp"

namespace causeway::mappings {

/// The references of drafts, which have no urls yet: which resource each of them is to name. In the order they were made.
class PendingReferences {
public:
    struct Entry {
        const fhir::Node* element;  ///< the Reference
        fhir::Node* text;           ///< its `reference`
        std::uint32_t resource;
    };

    /// Null if that element refers to none.
    const Entry* find(const fhir::Node* element) const noexcept {
        if (slots_.empty()) return nullptr;
        for (std::size_t at = home(element);; at = (at + 1) & mask()) {
            if (slots_[at] == 0) return nullptr;
            if (entries_[slots_[at] - 1].element == element) return &entries_[slots_[at] - 1];
        }
    }
    /// The element must not be known yet.
    void add(Entry entry) {
        entries_.push_back(entry);
        if (2 * entries_.size() > slots_.size()) return grow();
        settle(static_cast<std::uint32_t>(entries_.size()));
    }
    const std::vector<Entry>& entries() const noexcept { return entries_; }

private:
    std::size_t mask() const noexcept { return slots_.size() - 1; }
    /// References are made in rows, one behind the other: without the multiplication their homes would be too.
    std::size_t home(const fhir::Node* element) const noexcept {
        const auto mixed = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(element)) * 0x9e3779b97f4a7c15U;
        return static_cast<std::size_t>(mixed >> 32U) & mask();
    }
    void settle(std::uint32_t number) noexcept {
        std::size_t at = home(entries_[number - 1].element);
        while (slots_[at] != 0) at = (at + 1) & mask();
        slots_[at] = number;
    }
    void grow() {
        const std::size_t size = slots_.empty() ? 128 : 2 * slots_.size();
        slots_.assign(size, 0);
        entries_.reserve(size / 2);
        for (std::uint32_t number = 1; number <= entries_.size(); ++number) settle(number);
    }

    std::vector<Entry> entries_;
    std::vector<std::uint32_t> slots_;  ///< number of an entry from 1, 0 = free; a power of two, at most half full
};

}  // namespace causeway::mappings
