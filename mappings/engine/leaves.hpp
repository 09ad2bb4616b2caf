#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/model/arena.hpp"
#include "hl7v2/message_view.hpp"
#include "mappings/engine/report.hpp"

namespace causeway::mappings {

/// A segment name as a number, so that finding one compares words.
using SegmentCode = std::uint32_t;
constexpr SegmentCode segment_code(std::string_view name) noexcept {
    SegmentCode code = 0;
    for (const char c : name.substr(0, 3)) code = (code << 8) | static_cast<unsigned char>(c);
    return code;
}
std::string segment_name(SegmentCode code);

/// As ==, without a call for texts as short as codes are: those are compared in two pieces that may overlap.
inline bool same_text(std::string_view a, std::string_view b) noexcept {
    const std::size_t size = a.size();
    if (size != b.size()) return false;
    const auto pieces = [&](auto word) {
        auto other = word;
        const auto same = [&](std::size_t at) {
            std::memcpy(&word, a.data() + at, sizeof word);
            std::memcpy(&other, b.data() + at, sizeof other);
            return word == other;
        };
        return same(0) && same(size - sizeof word);
    };
    if (size > 16) return a == b;
    if (size >= 8) return pieces(std::uint64_t{});
    if (size >= 4) return pieces(std::uint32_t{});
    if (size >= 2) return pieces(std::uint16_t{});
    return size == 0 || a.front() == b.front();
}

/// Texts that live as long as one run, or as the documents it makes if it writes into their memory.
class TextArena {
public:
    TextArena() : arena_(&own_) {}
    explicit TextArena(fhir::Arena& arena) : arena_(&arena) {}
    TextArena(const TextArena&) = delete;
    TextArena& operator=(const TextArena&) = delete;

    std::string_view copy(std::string_view text) { return text.empty() ? std::string_view() : arena_->copy(text); }
    /// The list alone; its texts must live as long.
    std::span<const std::string_view> copy(std::span<const std::string_view> texts) { return arena_->copy(texts); }

private:
    fhir::Arena own_;
    fhir::Arena* arena_;
};

/// A place inside one segment: field, repetition, component, subcomponent, packed in the order of the message.
/// 0 in the last two means "all of it".
struct LeafKey {
    std::uint16_t field = 0;
    std::uint16_t repetition = 1;
    std::uint8_t component = 0;
    std::uint8_t subcomponent = 0;

    constexpr std::uint64_t packed() const noexcept {
        return (std::uint64_t{field} << 32) | (std::uint64_t{repetition} << 16) | (std::uint64_t{component} << 8) |
               subcomponent;
    }
    /// The greatest key of what lies below the place.
    constexpr std::uint64_t last() const noexcept {
        return packed() | (component == 0 ? 0xffffU : subcomponent == 0 ? 0xffU : 0U);
    }
    /// The key of the place's first leaf.
    constexpr std::uint64_t leaf() const noexcept {
        return packed() | (component == 0 ? 0x100U : 0U) | (subcomponent == 0 ? 1U : 0U);
    }
    friend constexpr bool operator==(const LeafKey&, const LeafKey&) = default;
};

/// One value that was sent, or one that is about to be.
struct Leaf {
    std::uint64_t key = 0;
    std::string_view text;  ///< as it stands in the message (escaped) when read; plain when written
    std::uint32_t offset = 0;
    std::uint32_t line = 0;      ///< written: the map line it came from
    const void* node = nullptr;  ///< written: the FHIR leaf it came from
    std::uint32_t resource = 0;
    bool escaped = false;
    bool read = false;    ///< some line that fired has used it
    bool erased = false;  ///< `""`

    LeafKey position() const noexcept {
        return {static_cast<std::uint16_t>(key >> 32), static_cast<std::uint16_t>(key >> 16),
                static_cast<std::uint8_t>(key >> 8), static_cast<std::uint8_t>(key)};
    }
};

/// A bit per number, modulo 64: tells cheaply that something is not there.
constexpr std::uint64_t bit_of(unsigned number) noexcept { return std::uint64_t{1} << (number & 63U); }

/// The leaves below a place.
struct LeafRange {
    Leaf* first = nullptr;
    Leaf* last = nullptr;
    bool empty() const noexcept { return first == last; }
    Leaf* begin() const noexcept { return first; }
    Leaf* end() const noexcept { return last; }
};

/// The valued leaves of one segment, in order. The same class serves a segment that is read and one that is built,
/// because a map's conditions look at either.
class LeafSegment {
public:
    using Leaves = std::pmr::vector<Leaf>;

    LeafSegment() = default;
    LeafSegment(SegmentCode code, std::uint32_t number) noexcept : code_(code), number_(number) {}

    SegmentCode code() const noexcept { return code_; }
    /// Among the segments of the message, from 0.
    std::uint32_t number() const noexcept { return number_; }
    void renumber(std::uint32_t number) noexcept { number_ = number; }

    Leaves& leaves() noexcept { return leaves_; }
    const Leaves& leaves() const noexcept { return leaves_; }
    /// The leaves of a segment that was cut, in their order.
    LeafSegment(SegmentCode code, std::uint32_t number, Leaves leaves);

    /// Which fields have leaves, by bit_of: most that a map asks for have none.
    std::uint64_t fields() const noexcept { return fields_; }
    /// Whether a value of it is `""`.
    bool erases() const noexcept { return erases_; }
    /// Whether a repetition of that field but the first may have leaves.
    bool may_repeat(std::uint16_t field) const noexcept { return (repeating_ & bit_of(field)) != 0; }

    /// The leaf at a place; a component or subcomponent of 0 means the first. Null if nothing was sent.
    Leaf* find(LeafKey key) noexcept {
        if ((fields_ & bit_of(key.field)) == 0) return nullptr;
        const std::uint64_t wanted = key.leaf();
        Leaf* at = lower_bound(wanted);
        return at != end() && at->key == wanted ? at : nullptr;
    }
    LeafRange below(LeafKey key) noexcept {
        if ((fields_ & bit_of(key.field)) == 0) return {};
        Leaf* first = lower_bound(key.packed());
        Leaf* last = first;
        const std::uint64_t most = key.last();
        while (last != end() && last->key <= most) ++last;
        return {first, last};
    }
    /// Of the field's valued or erased repetitions, the one after `repetition`; 0 if there is none.
    std::uint16_t next_repetition(std::uint16_t field, std::uint16_t repetition) noexcept;
    std::uint16_t last_repetition(std::uint16_t field) noexcept;

    /// Puts a leaf where none is; false if one is there.
    bool insert(Leaf leaf);
    void erase_below(LeafKey key);

private:
    Leaf* end() noexcept { return leaves_.data() + leaves_.size(); }
    /// The first leaf whose key is not below `key`.
    Leaf* lower_bound(std::uint64_t key) noexcept {
        Leaf* first = leaves_.data();
        if (const std::uint64_t field = key >> 32; indexed_ && field < starts_.size()) {
            for (first += starts_[field]; first != end() && first->key < key;) ++first;
            return first;
        }
        for (std::size_t left = leaves_.size(); left != 0;) {
            const std::size_t half = left / 2;
            if (first[half].key < key) {
                first += half + 1;
                left -= half + 1;
            } else {
                left = half;
            }
        }
        return first;
    }
    void note(LeafKey at) noexcept {
        fields_ |= bit_of(at.field);
        if (at.repetition > 1) repeating_ |= bit_of(at.field);
    }

    SegmentCode code_ = 0;
    std::uint32_t number_ = 0;
    std::uint64_t fields_ = 0, repeating_ = 0;
    bool erases_ = false;
    bool indexed_ = false;                   ///< of a segment that was cut, and has few leaves
    std::array<std::uint8_t, 32> starts_{};  ///< of the field of that number, or the next one there is: its first leaf
    Leaves leaves_;
};

/// All segments of a message, cut into leaves that lie in `memory`. The texts borrow from `bytes`: the message's own, or
/// a copy of them.
std::pmr::vector<LeafSegment> cut(const hl7v2::MessageView& message, std::string_view bytes,
                                  std::pmr::memory_resource* memory);
/// The same, borrowing the message's bytes.
std::pmr::vector<LeafSegment> cut(const hl7v2::MessageView& message);

/// "PID[1]-3[2].4.1": `ordinal` counts segments of that name from 1.
std::string leaf_path(SegmentCode code, std::size_t ordinal, LeafKey key);

/// A value in a segment as a type map sees it: a repetition, a component or a subcomponent.
struct V2Value {
    LeafSegment* segment = nullptr;
    LeafKey at;
    LeafRange known;  ///< the leaves below it where they were looked up; not kept while the segment is written to

    /// The part of this value that `component.subcomponent` of its type names; a null segment if it is too deep.
    V2Value part(std::uint8_t component, std::uint8_t subcomponent) const noexcept {
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
        if (known.first) result.narrow();
        return result;
    }
    /// The leaves below it.
    LeafRange below() const noexcept { return known.first ? known : segment ? segment->below(at) : LeafRange(); }
    /// Its first leaf, null if nothing was sent there.
    Leaf* leaf() const noexcept {
        if (!segment) return nullptr;
        if (!known.first) return segment->find(at);
        const std::uint64_t wanted = at.leaf();
        for (Leaf& one : known)
            if (one.key == wanted) return &one;
        return nullptr;
    }

private:
    void narrow() noexcept {
        const std::uint64_t least = at.packed(), most = at.last();
        while (known.first != known.last && known.first->key < least) ++known.first;
        Leaf* end = known.first;
        while (end != known.last && end->key <= most) ++end;
        known.last = end;
    }
};

}  // namespace causeway::mappings
