#include "mappings/engine/leaves.hpp"

#include <algorithm>
#include <cstring>

namespace causeway::mappings {
namespace {

constexpr std::uint64_t first_of(LeafKey key) noexcept { return key.packed(); }

constexpr std::uint64_t last_of(LeafKey key) noexcept {
    std::uint64_t packed = key.packed();
    if (key.component == 0)
        packed |= 0xffff;
    else if (key.subcomponent == 0)
        packed |= 0xff;
    return packed;
}

bool key_less(const Leaf& leaf, std::uint64_t key) noexcept { return leaf.key < key; }

/// Numbers beyond what a leaf can address do not occur in messages; such a leaf is left out rather than misplaced.
constexpr std::size_t repetition_max = 0xfffe;
constexpr std::size_t component_max = 0xff;

struct Cutter {
    std::vector<Leaf>& out;
    std::string_view bytes;
    hl7v2::Delimiters delimiters;

    void leaf(std::string_view raw, LeafKey key) {
        if (raw.empty()) return;
        Leaf leaf;
        leaf.key = key.packed();
        leaf.text = raw;
        leaf.offset = static_cast<std::uint32_t>(raw.data() - bytes.data());
        leaf.escaped = delimiters.escape != '\0' && raw.find(delimiters.escape) != std::string_view::npos;
        leaf.erased = raw == "\"\"";
        out.push_back(leaf);
    }

    /// Calls `piece(text, number from 1)` for each part between separators.
    template <class Piece>
    static void split(std::string_view text, char separator, std::size_t max, Piece piece) {
        std::size_t number = 1;
        for (std::size_t begin = 0; number <= max; ++number) {
            const void* found = separator == '\0' || begin >= text.size()
                                    ? nullptr
                                    : std::memchr(text.data() + begin, separator, text.size() - begin);
            const std::size_t end =
                found ? static_cast<std::size_t>(static_cast<const char*>(found) - text.data()) : text.size();
            piece(text.substr(begin, end - begin), number);
            if (!found) return;
            begin = end + 1;
        }
    }

    void field(std::string_view text, std::uint16_t number) {
        if (text.empty()) return;
        const bool plain = text.find_first_of(std::string_view(separators, 3)) == std::string_view::npos;
        if (plain) return leaf(text, {number, 1, 1, 1});
        split(text, delimiters.repetition, repetition_max, [&](std::string_view repetition, std::size_t r) {
            split(repetition, delimiters.component, component_max, [&](std::string_view component, std::size_t c) {
                split(component, delimiters.subcomponent, component_max, [&](std::string_view sub, std::size_t s) {
                    leaf(sub, {number, static_cast<std::uint16_t>(r), static_cast<std::uint8_t>(c),
                               static_cast<std::uint8_t>(s)});
                });
            });
        });
    }

    char separators[3];
};

}  // namespace

std::string segment_name(SegmentCode code) {
    return {static_cast<char>(code >> 16), static_cast<char>(code >> 8), static_cast<char>(code)};
}

std::string_view TextArena::copy(std::string_view text) { return copy(text, {}); }

std::string_view TextArena::copy(std::string_view first, std::string_view second) {
    const std::size_t size = first.size() + second.size();
    if (size == 0) return {};
    char* bytes = static_cast<char*>(memory_.allocate(size, 1));
    std::memcpy(bytes, first.data(), first.size());
    if (!second.empty()) std::memcpy(bytes + first.size(), second.data(), second.size());
    return {bytes, size};
}

std::size_t LeafSegment::lower_bound(std::uint64_t key) noexcept {
    const std::size_t at = last_found_;
    const bool known = at < leaves_.size() && leaves_[at].key >= key && (at == 0 || leaves_[at - 1].key < key);
    if (!known)
        last_found_ =
            static_cast<std::size_t>(std::lower_bound(leaves_.begin(), leaves_.end(), key, key_less) - leaves_.begin());
    return last_found_;
}

Leaf* LeafSegment::find(LeafKey key) noexcept {
    if (key.component == 0) key.component = 1;
    if (key.subcomponent == 0) key.subcomponent = 1;
    if (!may_have(key.field)) return nullptr;
    const std::uint64_t packed = key.packed();
    const std::size_t at = lower_bound(packed);
    return at < leaves_.size() && leaves_[at].key == packed ? &leaves_[at] : nullptr;
}

LeafSegment::Range LeafSegment::below(LeafKey key) noexcept {
    if (!may_have(key.field)) return {leaves_.data(), leaves_.data()};
    const std::size_t first = lower_bound(first_of(key));
    std::size_t last = first;
    const std::uint64_t end = last_of(key);
    while (last < leaves_.size() && leaves_[last].key <= end) ++last;
    return {leaves_.data() + first, leaves_.data() + last};
}

std::uint16_t LeafSegment::next_repetition(std::uint16_t field, std::uint16_t repetition) noexcept {
    if (!may_have(field)) return 0;
    const std::uint64_t after = last_of({field, repetition, 0, 0});
    const auto at = std::upper_bound(leaves_.begin(), leaves_.end(), after,
                                     [](std::uint64_t key, const Leaf& leaf) { return key < leaf.key; });
    if (at == leaves_.end() || at->position().field != field) return 0;
    return at->position().repetition;
}

std::uint16_t LeafSegment::last_repetition(std::uint16_t field) noexcept {
    const auto at = std::lower_bound(leaves_.begin(), leaves_.end(), (std::uint64_t{field} + 1) << 32, key_less);
    if (at == leaves_.begin()) return 0;
    const LeafKey key = std::prev(at)->position();
    return key.field == field ? key.repetition : std::uint16_t{0};
}

bool LeafSegment::insert(Leaf leaf) {
    const auto at = std::lower_bound(leaves_.begin(), leaves_.end(), leaf.key, key_less);
    if (at != leaves_.end() && at->key == leaf.key) return false;
    fields_ |= bit_of(leaf.position().field);
    leaves_.insert(at, leaf);
    return true;
}

void LeafSegment::take(std::vector<Leaf> leaves) {
    leaves_ = std::move(leaves);
    for (const Leaf& leaf : leaves_) fields_ |= bit_of(leaf.position().field);
}

void LeafSegment::erase_below(LeafKey key) {
    const Range range = below(key);
    leaves_.erase(leaves_.begin() + (range.first - leaves_.data()), leaves_.begin() + (range.last - leaves_.data()));
}

std::vector<LeafSegment> cut(const hl7v2::MessageView& message) {
    std::vector<LeafSegment> segments;
    segments.reserve(message.size());
    const hl7v2::Delimiters& delimiters = message.delimiters();
    for (const hl7v2::SegmentView segment : message) {
        const std::string_view raw = segment.raw();
        segments.emplace_back(segment_code(segment.name()), static_cast<std::uint32_t>(segment.index()));
        std::vector<Leaf> leaves;
        leaves.reserve(raw.size() / 6);
        Cutter cutter{leaves,
                      message.bytes(),
                      delimiters,
                      {delimiters.component, delimiters.repetition, delimiters.subcomponent}};
        const bool header = segment.declares_delimiters();
        if (raw.size() <= 4) continue;
        Cutter::split(raw.substr(4), delimiters.field, 0xfffe, [&](std::string_view text, std::size_t n) {
            if (!header) return cutter.field(text, static_cast<std::uint16_t>(n));
            if (n > 1)
                cutter.field(text, static_cast<std::uint16_t>(n + 1));  // MSH-1 and MSH-2 are structure, not data
        });
        segments.back().take(std::move(leaves));
    }
    return segments;
}

std::string leaf_path(SegmentCode code, std::size_t ordinal, LeafKey key) {
    std::string out = segment_name(code) + "[" + std::to_string(ordinal) + "]-" + std::to_string(key.field) + "[" +
                      std::to_string(key.repetition) + "]";
    if (key.component != 0) out += "." + std::to_string(key.component);
    if (key.subcomponent != 0) out += "." + std::to_string(key.subcomponent);
    return out;
}

V2Value V2Value::part(std::uint8_t component, std::uint8_t subcomponent) const noexcept {
    V2Value result = *this;
    if (component == 0) return result;
    if (at.component == 0) {
        result.at.component = component;
        result.at.subcomponent = subcomponent;
    } else if (at.subcomponent == 0 && subcomponent <= 1) {
        result.at.subcomponent = component;
    } else if (component != 1 || subcomponent > 1) {
        result.segment = nullptr;  // a leaf has no parts but itself
    }
    return result;
}

}  // namespace causeway::mappings
