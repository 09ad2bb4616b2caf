#pragma once
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace causeway::hl7v2 {
class MessageView;
}

/// What the standard says: segments, fields, data types, message structures and tables of versions 2.1 to 2.8.2.
///
/// The data is compiled in, shared between the versions that agree, and looked up without allocation. Every type here
/// is a small handle or value that stays valid as long as the program.
namespace causeway::hl7v2::dictionary {

/// Whether a field, component or segment must be sent.
enum class Usage : std::uint8_t { optional, required, conditional, backward_compatible, withdrawn };

/// R, O, C, B, X: the letter the standard's tables print.
char letter(Usage usage) noexcept;

/// A field of a segment, or a component of a data type.
struct Element {
    std::string_view name;      ///< `Patient Identifier List`
    std::string_view datatype;  ///< `CX`; `varies` for OBX-5 and its like
    Usage usage = Usage::optional;
    std::uint16_t repetitions_max = 1;  ///< 0: no limit
    std::uint32_t length_max = 0;       ///< 0: the standard states none
    std::uint16_t table = 0;            ///< 0: none
};

/// A segment definition.
class Segment {
public:
    std::string_view name() const noexcept;   ///< `PID`
    std::string_view title() const noexcept;  ///< `Patient Identification`
    std::size_t size() const noexcept;        ///< how many fields
    /// Field `n` from 1; an Element without a name beyond the last.
    Element field(std::size_t n) const noexcept;

private:
    friend class Version;
    Segment(std::uint32_t row) noexcept : row_(row) {}
    std::uint32_t row_;
};

/// A data type. A primitive one has no components.
class Datatype {
public:
    std::string_view name() const noexcept;
    std::string_view title() const noexcept;
    std::size_t size() const noexcept;
    Element component(std::size_t n) const noexcept;
    bool primitive() const noexcept { return size() == 0; }

private:
    friend class Version;
    Datatype(std::uint32_t row) noexcept : row_(row) {}
    std::uint32_t row_;
};

/// One place in a message structure.
class Item {
public:
    enum class Kind : std::uint8_t {
        segment,
        group,
        choice,  ///< exactly one of its children, each time; has no name of its own
        any,     ///< any segment may stand here
    };
    Kind kind() const noexcept;
    /// Of the segment, or of the group as the standard names it, without the structure's name: `PATIENT_RESULT`.
    std::string_view name() const noexcept;
    bool required() const noexcept;
    bool repeats() const noexcept;
    std::size_t size() const noexcept;
    Item child(std::size_t i) const noexcept;
    /// Numbers the items of all structures; equal for the same place of the same structure.
    std::uint32_t id() const noexcept { return row_; }
    friend bool operator==(Item, Item) = default;

private:
    friend class Structure;
    friend class Version;
    friend Item item_of(std::uint32_t) noexcept;
    explicit Item(std::uint32_t row) noexcept : row_(row) {}
    std::uint32_t row_;
};

/// The item with that id().
Item item_of(std::uint32_t id) noexcept;

/// A message structure: the root item is a group that carries the structure's name.
class Structure {
public:
    std::string_view name() const noexcept { return root_.name(); }  ///< `ORU_R01`
    Item root() const noexcept { return root_; }
    friend bool operator==(Structure, Structure) = default;

private:
    friend class Version;
    explicit Structure(Item root) noexcept : root_(root) {}
    Item root_;
};

/// A code of a table.
struct Code {
    std::string_view code;
    std::string_view display;
};

/// A table of codes. A user-defined table holds suggestions, or nothing.
class Table {
public:
    std::uint16_t number() const noexcept { return number_; }
    std::string_view title() const noexcept;
    bool hl7_defined() const noexcept;  ///< only these codes may be sent; false for a user-defined table
    std::size_t size() const noexcept;
    Code operator[](std::size_t i) const noexcept;
    /// The code's display; nothing if the table does not have the code.
    std::optional<std::string_view> display(std::string_view code) const noexcept;

private:
    friend class Version;
    Table(std::uint16_t number, std::uint32_t row, std::uint8_t version) noexcept
        : number_(number), version_(version), row_(row) {}
    std::uint16_t number_;
    std::uint8_t version_;
    std::uint32_t row_;
};

/// A message type and trigger event with its structure: `ADT`, `A08`, `ADT_A01`.
struct Event {
    std::array<char, 3> type_characters;
    std::array<char, 3> event_characters;
    std::string_view structure;
    std::string_view type() const noexcept { return {type_characters.data(), type_characters.size()}; }
    std::string_view event() const noexcept { return {event_characters.data(), event_characters.size()}; }
};

/// One version of the standard; a handle of one byte.
class Version {
public:
    std::string_view text() const noexcept;  ///< `2.5.1`
    friend constexpr auto operator<=>(Version, Version) = default;

    std::optional<Segment> segment(std::string_view name) const noexcept;
    std::optional<Datatype> datatype(std::string_view name) const noexcept;
    std::optional<Structure> structure(std::string_view name) const noexcept;
    std::optional<Table> table(std::uint16_t number) const noexcept;

    /// The structure for MSH-9.1 and MSH-9.2: (`ADT`, `A08`) is ADT_A01.
    std::optional<Structure> structure_for(std::string_view message_type,
                                           std::string_view trigger_event) const noexcept;

    /// All names, in alphabetical order.
    std::size_t segment_count() const noexcept;
    Segment segment_at(std::size_t i) const noexcept;
    std::size_t structure_count() const noexcept;
    Structure structure_at(std::size_t i) const noexcept;
    std::size_t datatype_count() const noexcept;
    Datatype datatype_at(std::size_t i) const noexcept;

    /// The events of all versions, sorted by type and event; nothing where this version does not have it.
    static std::size_t event_count() noexcept;
    std::optional<Event> event_at(std::size_t i) const noexcept;
    /// The tables of all versions, sorted by number; a table without codes in this version has size 0.
    static std::size_t table_count() noexcept;
    Table table_at(std::size_t i) const noexcept;

private:
    friend std::optional<Version> find_version(std::string_view) noexcept;
    friend Version version(std::string_view) noexcept;
    friend std::span<const Version> versions() noexcept;
    constexpr explicit Version(std::uint8_t index) noexcept : index_(index) {}
    std::uint8_t index_;
};

/// All versions, oldest first.
std::span<const Version> versions() noexcept;
/// Exactly that version, written as in MSH-12.1.
std::optional<Version> find_version(std::string_view text) noexcept;
/// The version whose rules hold for a message that says `text` in MSH-12.1: that version, or the nearest one that the text
/// names (2.5 for `v2.5` and `2.5.0`, 2.8.2 for `2.9`), or 2.5.1 if it names none.
Version version(std::string_view text) noexcept;
/// The version that `text` names, however it is written; nothing if it names none.
std::optional<Version> nearest_version(std::string_view text) noexcept;

/// MSH-9.2, or EVN-1 where the sender leaves it out: up to 2.1 MSH-9 has the type only.
std::string_view trigger_event(const MessageView& message) noexcept;

/// The structure by which a message is read: type and trigger_event() decide; MSH-9.3, which senders often get wrong,
/// counts only where they say nothing and it exists in that version. A type without event is taken for its first one
/// (ORU for ORU^R01), as 2.1 has it. Falls back to the nearest version for types that the message's own does not have.
std::optional<Structure> structure_of(const MessageView& message) noexcept;

/// `ADT^A01` in MSH-9.3 form for `version`: what an outbound message states. Empty if the version has no such message.
std::string_view structure_name(Version version, std::string_view message_type,
                                std::string_view trigger_event) noexcept;

}  // namespace causeway::hl7v2::dictionary
