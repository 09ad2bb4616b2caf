#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::mappings {

/// The first eight bytes of a text as a number that sorts as they do; what is not there counts as zero.
inline std::uint64_t head_of(std::string_view text) noexcept {
    const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
    const std::size_t size = text.size();
    const auto word = [bytes](std::size_t at, std::size_t count) {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < count; ++i) value = value << 8U | bytes[at + i];
        return value;
    };
    // In two pieces of one length, which may overlap: each is one load.
    const auto pieces = [&](std::size_t count) {
        return word(0, count) << (64 - 8 * count) | word(size - count, count) << (64 - 8 * size);
    };
    if (size >= 8) return word(0, 8);
    if (size >= 4) return pieces(4);
    if (size >= 2) return pieces(2);
    return size == 0 ? 0 : word(0, 1) << 56U;
}

/// A few texts that others are compared with, in one piece of memory: most are codes of eight bytes at most, which
/// their heads tell apart.
class CodeList {
public:
    static constexpr std::size_t none = ~std::size_t{0};

    void add(std::string_view text) {
        entries_.push_back(
            {head_of(text), static_cast<std::uint32_t>(text.size()), static_cast<std::uint32_t>(texts_.size())});
        texts_ += text;
    }
    bool empty() const noexcept { return entries_.empty(); }
    std::size_t size() const noexcept { return entries_.size(); }
    /// Which of them a text is, counted from 0.
    std::size_t find(std::string_view text) const noexcept {
        const std::uint64_t head = head_of(text);
        for (const Entry& entry : entries_)
            if (entry.head == head && entry.size == text.size() &&
                (entry.size <= 8 || texts_.compare(entry.at, entry.size, text) == 0))
                return static_cast<std::size_t>(&entry - entries_.data());
        return none;
    }
    bool contains(std::string_view text) const noexcept { return find(text) != none; }

private:
    struct Entry {
        std::uint64_t head;
        std::uint32_t size, at;  ///< of the text in texts_
    };
    std::vector<Entry> entries_;
    std::string texts_;
};

}  // namespace causeway::mappings
