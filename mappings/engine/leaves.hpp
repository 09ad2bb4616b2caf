#pragma once
#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

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

/// Texts that live as long as one run.
class TextArena {
public:
    std::string_view copy(std::string_view text);
    /// Joined from two parts.
    std::string_view copy(std::string_view first, std::string_view second);

private:
    std::pmr::monotonic_buffer_resource memory_{4096};
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

/// The valued leaves of one segment, in order. The same class serves a segment that is read and one that is built,
/// because a map's conditions look at either.
class LeafSegment {
public:
    LeafSegment() = default;
    LeafSegment(SegmentCode code, std::uint32_t number) noexcept : code_(code), number_(number) {}

    SegmentCode code() const noexcept { return code_; }
    /// Among the segments of the message, from 0.
    std::uint32_t number() const noexcept { return number_; }
    void renumber(std::uint32_t number) noexcept { number_ = number; }

    std::vector<Leaf>& leaves() noexcept { return leaves_; }
    const std::vector<Leaf>& leaves() const noexcept { return leaves_; }
    /// The leaves of a segment that was cut, in their order.
    void take(std::vector<Leaf> leaves);

    /// The leaf at a place; a component or subcomponent of 0 means the first. Null if nothing was sent.
    Leaf* find(LeafKey key) noexcept;
    /// The leaves below a place.
    struct Range {
        Leaf* first;
        Leaf* last;
        bool empty() const noexcept { return first == last; }
        Leaf* begin() const noexcept { return first; }
        Leaf* end() const noexcept { return last; }
    };
    Range below(LeafKey key) noexcept;
    /// Of the field's valued or erased repetitions, the one after `repetition`; 0 if there is none.
    std::uint16_t next_repetition(std::uint16_t field, std::uint16_t repetition) noexcept;
    std::uint16_t last_repetition(std::uint16_t field) noexcept;

    /// Puts a leaf where none is; false if one is there.
    bool insert(Leaf leaf);
    void erase_below(LeafKey key);

private:
    /// Index of the first leaf whose key is not below `key`.
    std::size_t lower_bound(std::uint64_t key) noexcept;
    static constexpr std::uint64_t bit_of(std::uint16_t field) noexcept { return std::uint64_t{1} << (field & 63U); }
    bool may_have(std::uint16_t field) const noexcept { return (fields_ & bit_of(field)) != 0; }

    SegmentCode code_ = 0;
    std::uint32_t number_ = 0;
    std::size_t last_found_ = 0;  ///< a line asks for the same place several times over
    std::uint64_t fields_ = 0;    ///< which fields have leaves, modulo 64: most that a map asks for have none
    std::vector<Leaf> leaves_;
};

/// All segments of a message, cut into leaves. Borrows the message's bytes.
std::vector<LeafSegment> cut(const hl7v2::MessageView& message);

/// "PID[1]-3[2].4.1": `ordinal` counts segments of that name from 1.
std::string leaf_path(SegmentCode code, std::size_t ordinal, LeafKey key);

/// A value in a segment as a type map sees it: a repetition, a component or a subcomponent.
struct V2Value {
    LeafSegment* segment = nullptr;
    LeafKey at;

    /// The part of this value that `component.subcomponent` of its type names; a null segment if it is too deep.
    V2Value part(std::uint8_t component, std::uint8_t subcomponent) const noexcept;
};

}  // namespace causeway::mappings
