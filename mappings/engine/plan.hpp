#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "fhir/model/builder.hpp"
#include "mappings/engine/code_list.hpp"
#include "mappings/engine/leaves.hpp"
#include "mappings/engine/mapset.hpp"
#include "mappings/engine/syntax.hpp"
#include "mappings/functions/codec.hpp"

namespace causeway::mappings {

using syntax::Test;

/// How the text of a primitive is read and written.
enum class V2Kind : std::uint8_t { text, number, date, time, timestamp, composite };
enum class FhirKind : std::uint8_t { string, number, integer, boolean, date, date_time, instant, time, complex };

/// A v2 path with its type looked up.
struct V2Ref {
    enum class Kind : std::uint8_t { field, value, event, version };
    Kind kind = Kind::value;
    SegmentCode segment = 0;
    bool all_segments = false;
    std::uint16_t segment_repetition = 1;
    LeafKey at;  ///< repetition 0 = all; field 0 = the segment itself

    /// Whether it may name more than one value.
    bool many() const noexcept { return kind == Kind::field && (all_segments || at.repetition == 0); }
    bool repetition_given = false;
    V2Kind type = V2Kind::text;  ///< of what the path names
    std::string type_name;
};

/// A constant as it is written and compared: a scalar, or one code that fits code, Coding, CodeableConcept and
/// Quantity.
struct Constant {
    enum class Kind : std::uint8_t { scalar, code, now, ordinal, control_id, quantity, v2 };
    Kind kind = Kind::scalar;
    FhirKind type = FhirKind::string;
    std::string text;             ///< scalar, code; quantity: the number
    std::string system, display;  ///< code; quantity: display is the unit
    V2Ref v2;                     ///< v2: read from the message
};

struct Path;

/// One constraint of a slice: asserted when written (if it is an equality), tested when read.
struct SliceTest {
    std::shared_ptr<const Path> path;
    Test test = Test::equal;
    std::vector<Constant> values;
};

struct Step {
    enum class Index : std::uint8_t {
        only,
        first,
        all,
        nth,
        same
    };  ///< not an array; array without bracket, [], [n], [#]

    // What is asked of every step of every message stands together.
    std::string_view key;  ///< the name, one text for all: r4::framed_name
    /// Forward, of a line's target: steps of one block with one number lead to one element, whatever stands there; 0:
    /// that cannot be said beforehand.
    std::uint32_t place = 0;
    std::uint32_t n = 0;
    Index index = Index::only;
    bool primitive = false;                  ///< a FHIR primitive: what hangs below it is id and extension
    std::vector<std::string_view> crossing;  ///< resource types behind the reference, as R4's tables name them
    /// The names a choice element can have (valueString, valueQuantity ...), of which one may stand; empty: no choice.
    std::span<const std::string_view> choice;
    std::uint64_t other_choices = 0;        ///< FramedName::bit_of the others
    std::vector<SliceTest> where;           ///< on the element (an extension's url is one of them)
    std::vector<SliceTest> crossing_where;  ///< on the resource
    std::string name;
    std::string owner;  ///< FHIR type whose member it is
};

/// A FHIR path below some element, checked against the model.
struct Path {
    std::vector<Step> steps;  ///< empty: the element itself (`$`)
    FhirKind kind = FhirKind::complex;
    bool is_uri = false;      ///< it ends in a uri or url
    bool is_concept = false;  ///< .. in a CodeableConcept
    int iterates = -1;        ///< the last step with [], -1 if none
    int each = -1;            ///< the step with [*], -1 if none; it is Step::same, once for every element there is
    std::string type;         ///< FHIR type at its end, "Patient.contact" for a backbone element
    std::string text;         ///< as written in the map
};

/// A condition with everything that does not depend on the message already decided.
struct Condition {
    enum class Kind : std::uint8_t { yes, no, all, any, negation, v2, fhir, count, length };
    Kind kind = Kind::yes;
    Test test = Test::valued;
    bool about_fhir = false;  ///< it, or a part of it, tests the FHIR side
    std::vector<Constant> values;
    CodeList codes;   ///< v2: the values, if all of them are plain texts
    int number = -1;  ///< count, length: the first value, if it is a number
    V2Ref v2;
    std::vector<Condition> parts;
    Path fhir;
};

struct TypePlan;
struct TablePlan;

struct Conversion {
    enum class Kind : std::uint8_t { builtin, type, table, text, parts, codec };
    Kind kind = Kind::builtin;
    const TypePlan* type = nullptr;  ///< type; table with a composite source and target: for the sender's coding
    const TablePlan* table = nullptr;
    const Codec* codec = nullptr;
    bool keep = false;
    std::string before, after;   ///< text: around the value (fmt "a{}b")
    bool constant_text = false;  ///< text: fmt without {}
    struct Part {
        LeafKey at;
        std::string after;
    };
    std::vector<Part> parts;  ///< parts: fmt "{SN.1}-{SN.2}", `before` leads
};

struct Line {
    std::uint32_t id = 0;  ///< index into Plan::lines
    bool forward = true, backward = true;
    bool required = false, refuse = false, mirror = false;
    bool one_way = false;  ///< the map says why there is no way back
    bool joined = false;
    bool takes_first = false;  ///< it reads a field's first repetition without saying so
    bool conditional = false;  ///< it has an `if`
    /// forward: its target lies behind two references, and nothing else writes to the resource behind the first one
    bool owns_crossing = false;
    bool competes = false;        ///< a `->` line of the block has this target: backward, this one runs last
    std::optional<V2Ref> single;  ///< forward: its source, if it is the only one and names one value at most
    std::vector<V2Ref> sources;
    Path target;
    Conversion conversion;
    Condition if_, where;
    std::string join;
    std::vector<std::uint32_t> derived;  ///< those `->` lines, by index in the block
};

struct Assignment {
    std::uint32_t id = 0;
    bool to_v2 = false;
    bool is_default = false;
    V2Ref v2;
    Path fhir;
    Constant value;
    Condition if_;
};

struct Choose;
using Statement = std::variant<Line, Assignment, Choose>;

/// Once it is compiled, what it consists of stays where it is.
struct Block {
    /// A line or choose as it comes up forward, with what must have been sent for it to do anything: most lines of a
    /// map have nothing to read in a given message, and are passed over by one look at a bit.
    struct Turn {
        std::uint64_t parts = 0;  ///< any of these, by bit_of; 0: it may do something whatever was sent
        SegmentCode segment = 0;  ///< fields of that segment; 0: components of the value
        const Line* line = nullptr;
        const Choose* choose = nullptr;  ///< if it is no line
    };
    Block() = default;
    Block(Block&&) = default;  // a copy's turns would be those of the other
    Block& operator=(Block&&) = default;

    std::vector<Statement> statements;
    std::vector<Turn> forward;            ///< lines and chooses, in the order of the file
    std::vector<std::uint64_t> turns_of;  ///< by part (0 to 63), then 64: which turns it, or none, asks for; by bit
    SegmentCode turns_segment = 0;        ///< .. of which segment's parts
    static constexpr std::size_t turns_words_max = 4;
    std::size_t turns_words = 0;                 ///< .. how many words each takes; 0: a block of few or very many turns
    std::vector<const Assignment*> assignments;  ///< those that act forward: `set`, then `default`
    std::vector<std::uint32_t> backward;         ///< the order in which they run backward
};

struct Choose {
    struct Branch {
        Condition if_, where;
        Block block;
    };
    std::vector<Branch> branches;
    /// The one place that most branches ask for first (OBX-2): looked up once, it passes over all but a few.
    std::optional<V2Ref> asks;
    CodeList answers;  ///< what they ask for
    /// By the number of the answer, or after the last for any other: which branches can be chosen, in their order.
    std::vector<std::vector<std::uint32_t>> open_to;
};

/// A type map: `type CX <-> Identifier`.
struct TypePlan {
    std::string name;  ///< "CX", "CWE.unit"
    std::string fhir_type;
    FhirKind kind = FhirKind::complex;
    Block block;
};

/// A segment map: `map PID_Patient : PID <-> Patient`.
struct MapPlan {
    std::string name;
    std::vector<SegmentCode> segments;
    std::string fhir_type;
    Block block;
};

/// Code translation in both directions; look-ups borrow from the plan.
struct TablePlan {
    struct Entry {
        std::string from, to, display;
    };
    std::uint32_t id = 0;  ///< index into Plan::lines
    std::string name;
    std::string system;                                        ///< of the FHIR codes; may be empty
    std::vector<Entry> forward, backward;                      ///< sorted by `from`
    std::vector<std::uint64_t> forward_heads, backward_heads;  ///< head_of their `from`: most codes are found by these
    std::vector<Entry> forward_patterns, backward_patterns;    ///< with one '*', in the order of the file
    bool passes_through = false;                               ///< `* <-> *`

    /// What a code becomes: borrowed from the plan, or made by a row with a star. Empty if there is no row.
    struct Found {
        std::string_view row, display;
        std::string made;

        std::string_view code() const noexcept { return made.empty() ? row : std::string_view(made); }
        bool empty() const noexcept { return code().empty(); }
    };
    Found find_forward(std::string_view code) const;
    Found find_backward(std::string_view code) const;
};

struct LinkPlan {
    std::uint32_t from = 0;  ///< variable
    Path path;
    Path every;  ///< the same, of every element of the arrays on the way
    std::uint32_t to = 0;
    std::size_t across = 0;   ///< steps up to and with the last one behind which another resource stands
    bool pins = false;        ///< its path begins with the fill before it: writes into the element just filled
    std::uint32_t level = 0;  ///< how many groups hold both ends: instances of other repetitions of these are no ends
    std::uint32_t id = 0;
};

struct ClausePlan {
    enum class Kind : std::uint8_t { make, fill, emit, keep, ignore };
    Kind kind = Kind::keep;
    std::uint32_t id = 0;
    std::uint32_t variable = 0;  ///< make, fill
    std::string_view type;       ///< make: as R4's tables name it
    Path target;                 ///< fill: below the variable's resource
    Path every;                  ///< the same with [] for [#]
    std::vector<const MapPlan*> maps;
    bool forward = true, backward = true;
    Condition if_, where;
    std::vector<LinkPlan> links;
    std::string event;
    std::vector<std::uint32_t> arguments;
};

struct ItemPlan {
    enum class Kind : std::uint8_t { group, segment, clause };
    Kind kind = Kind::segment;
    std::string name;
    SegmentCode code = 0;
    bool optional = false, repeats = false;
    std::vector<ClausePlan> clauses;
    std::vector<ItemPlan> items;
    int per = -1;                       ///< variable
    std::vector<SegmentCode> first;     ///< group: what it may begin with
    std::vector<SegmentCode> contains;  ///< group: all segments in it
};

struct MessagePlan {
    std::string name;
    std::vector<std::string> events;
    int anchor = -1;
    ItemPlan root;  ///< a group
    struct Variable {
        std::string name, type;
        std::vector<std::uint32_t> groups;  ///< in which it is made, outermost first
    };
    std::vector<Variable> variables;
    std::vector<LinkPlan> links;  ///< all of them, for the way back
    /// Array places that some slice of this message's maps selects: "Patient.identifier" -> the slices.
    std::unordered_map<std::string, std::vector<const Step*>> reserved;
    /// Reference places that a map crosses, by the type of the resource that holds them.
    std::unordered_map<std::string, std::vector<Path>> crossings;
};

struct KeyPlan {
    enum class Kind : std::uint8_t { path, tuple, mpi, parent, ordinal, message };
    Kind kind = Kind::path;
    Path path;  ///< of every element of the array it ends in
    std::vector<KeyPlan> parts;
    bool optional = false;
    bool identifier = false;    ///< the path ends in an Identifier
    bool sliced = false;        ///< .. one of several, told apart by its type
    bool names_parent = false;  ///< it, or a part of it, is parent()
};
struct IdentityPlan {
    std::string type;
    std::vector<KeyPlan> keys;
};

/// A line of a map for people: where it stands and what it says.
struct LineText {
    std::string file;
    std::uint32_t line = 0;
    std::string site;   ///< the site that supplied it; empty = the library
    std::string owner;  ///< "map PID_Patient", "type CX"
    std::string text;
    std::uint32_t column = 0;
};

/// What a site's maps are compiled to. Documents made by it borrow names and constants and keep it alive.
struct Plan : std::enable_shared_from_this<Plan> {
    std::string site, version;
    std::vector<LineText> lines;  ///< [0] is "no line"
    std::vector<std::unique_ptr<TypePlan>> types;
    std::vector<std::unique_ptr<MapPlan>> maps;
    std::vector<std::unique_ptr<TablePlan>> tables;
    std::vector<std::unique_ptr<MessagePlan>> messages;
    std::map<std::string, IdentityPlan, std::less<>> identities;  ///< by resource type
    std::unordered_map<std::string, std::string> settings;
    const TypePlan* coded = nullptr;  ///< CWE <-> CodeableConcept
    std::string alternate_codes_url;
    std::vector<const Line*> line_by_id;                          ///< null where `lines` has a set or a clause
    std::vector<std::pair<SegmentCode, std::uint16_t>> mirrored;  ///< fields that say again what others say

    const MessagePlan* message(std::string_view structure) const noexcept;
    const MessagePlan* message_for(std::string_view type, std::string_view event) const noexcept;
    std::string_view setting(const std::string& name) const noexcept;
};

}  // namespace causeway::mappings
