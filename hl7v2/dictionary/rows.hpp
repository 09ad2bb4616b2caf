#pragma once
// The compiled form of the dictionary: arrays generated from *.tsv by tools/compile_hl7v2_dictionary.py. Everything
// refers to everything by index, so the data needs no relocation and versions share what they agree on.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace causeway::hl7v2::dictionary::rows {

inline constexpr std::size_t version_count = 13;

/// A string of the pool: offset in the upper 24 bits, length in the lower 8.
struct Text {
    std::uint32_t at;
};

struct ElementRow {
    Text name;
    Text datatype;
    std::uint32_t length;
    std::uint16_t repetitions;
    std::uint16_t table;
    std::uint8_t usage;
};

/// A segment or a data type: `count` elements from element_list[first].
struct DefinitionRow {
    Text name;
    Text title;
    std::uint32_t first;
    std::uint16_t count;
};

struct ItemRow {
    Text name;
    std::uint32_t packed;  ///< a segment's name as one number, 0 for others
    std::uint32_t first_child;
    std::uint16_t count;
    std::uint8_t kind;
    std::uint8_t flags;  ///< 1 required, 2 repeats
};

struct EventRow {
    std::uint32_t type;
    std::uint32_t event;
    Text structure;
    std::uint16_t versions;  ///< bit n: version n
};

struct TableRow {
    Text title;
    std::uint32_t first;
    std::uint16_t number;
    std::uint16_t count;
    std::uint8_t hl7_defined;
};

struct CodeRow {
    Text code;
    Text display;
    std::uint16_t versions;
};

extern const char pool[];
extern const std::span<const ElementRow> elements;
extern const std::span<const std::uint16_t> element_list;
extern const std::span<const DefinitionRow> segments;
extern const std::span<const DefinitionRow> datatypes;
extern const std::span<const ItemRow> items;
extern const std::span<const EventRow> events;
extern const std::span<const TableRow> tables;
extern const std::span<const CodeRow> codes;

/// Rows a version has, sorted by name: from list[ranges[v]] up to list[ranges[v + 1]].
struct PerVersion {
    const std::uint32_t* list;
    const std::uint32_t* ranges;
    std::span<const std::uint32_t> of(std::size_t version) const noexcept {
        return {list + ranges[version], list + ranges[version + 1]};
    }
};
extern const PerVersion segments_of;
extern const PerVersion datatypes_of;
extern const PerVersion structures_of;  ///< root items

inline std::string_view text(Text text) noexcept { return {pool + (text.at >> 8U), text.at & 0xffU}; }

constexpr std::uint32_t pack(std::string_view name) noexcept {
    if (name.size() != 3) return 0;
    const auto byte = [name](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(name[i])); };
    return byte(0) << 16U | byte(1) << 8U | byte(2);
}

}  // namespace causeway::hl7v2::dictionary::rows
