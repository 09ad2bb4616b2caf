#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace causeway::mappings {

/// A number for each of some texts, which must outlive it: in one piece of memory, as a message has few of them and is
/// gone soon.
class TextIndex {
public:
    /// `expected`: how many texts it takes without growing.
    explicit TextIndex(std::size_t expected) : slots_(std::bit_ceil(2 * expected + 1)) {}

    /// The number of a text; `fresh` if it had none. Valid until the next call.
    std::uint32_t& number(std::string_view text, std::uint32_t fresh) {
        if (2 * (used_ + 1) > slots_.size()) grow();
        const std::uint32_t mixed = hash(text);
        Slot* slot = home(mixed);
        for (; slot->text.data() != nullptr; slot = next(slot))
            if (slot->hash == mixed && slot->text == text) return slot->number;
        ++used_;
        *slot = {text.data() ? text : std::string_view("", 0), mixed, fresh};
        return slot->number;
    }

private:
    struct Slot {
        std::string_view text;  ///< null: free
        std::uint32_t hash = 0, number = 0;
    };

    static std::uint32_t hash(std::string_view text) noexcept {
        constexpr std::uint64_t odd = 0x9e3779b97f4a7c15U;
        std::uint64_t mixed = text.size();
        for (; !text.empty(); text.remove_prefix(text.size() < 8 ? text.size() : 8)) {
            std::uint64_t word = 0;
            std::memcpy(&word, text.data(), text.size() < 8 ? text.size() : 8);
            mixed = (std::rotl(mixed, 23) ^ word) * odd;
        }
        return static_cast<std::uint32_t>(mixed >> 32U);
    }
    Slot* home(std::uint32_t mixed) noexcept { return &slots_[mixed & (slots_.size() - 1)]; }
    Slot* next(Slot* slot) noexcept { return slot == &slots_.back() ? slots_.data() : slot + 1; }
    void grow() {
        std::vector<Slot> old(2 * slots_.size());
        old.swap(slots_);
        for (const Slot& one : old) {
            if (one.text.data() == nullptr) continue;
            Slot* slot = home(one.hash);
            while (slot->text.data() != nullptr) slot = next(slot);
            *slot = one;
        }
    }

    std::vector<Slot> slots_;  ///< a power of two, at most half full
    std::size_t used_ = 0;
};

}  // namespace causeway::mappings
