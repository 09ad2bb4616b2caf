#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "mappings/engine/diagnostic.hpp"

/// The syntax tree of map files: what the grammar says and nothing else. Names are not resolved here.
namespace causeway::mappings::syntax {

enum class Arrow : std::uint8_t { both, forward, backward };

/// `PID[2]-3[].4.1`, `CX.4.1`, `CX` (a whole value or a segment's presence), `event`, `version`.
struct V2Path {
    enum class Kind : std::uint8_t { field, value, event, version };
    Kind kind = Kind::value;
    std::string base;            ///< segment or data type
    int segment_repetition = 1;  ///< 0 = all
    int field = 0;               ///< 0 in a path without a field
    int repetition = 1;          ///< 0 = all
    bool repetition_given = false;
    int component = 0;  ///< 0 = not stated
    int subcomponent = 0;
    Place place;

    std::string to_string() const;
};

struct Constraint;

struct FhirStep {
    enum class Index : std::uint8_t { none, all, nth, same, each };  ///< nothing, [], [n], [#], [*]
    std::string name;                                                ///< "$" for the whole value
    Index index = Index::none;
    int n = 0;
    std::string slice;  ///< name after ':'
    std::vector<Constraint> where;
    std::vector<std::string> crossing;  ///< resource types in parentheses
    std::vector<Constraint> crossing_where;
};

struct FhirPath {
    std::vector<FhirStep> steps;
    Place place;

    std::string to_string() const;
};

struct Value {
    enum class Kind : std::uint8_t { string, number, boolean, code, call, setting, v2 };
    Kind kind = Kind::string;
    std::string text;    ///< string, number, "true"; code: the code; call, setting: the name
    std::string system;  ///< code: the system's name
    std::optional<std::string> display;
    std::vector<Value> arguments;
    V2Path path;
};

enum class Test : std::uint8_t {
    equal,
    unequal,
    less,
    less_equal,
    greater,
    greater_equal,
    in,
    not_in,
    like,
    valued,
    absent
};

struct Constraint {
    FhirPath path;
    Test test = Test::equal;
    std::vector<Value> values;
};

struct Operand {
    enum class Kind : std::uint8_t { v2, fhir, count, length, setting };
    Kind kind = Kind::v2;
    V2Path v2;
    FhirPath fhir;
    std::string setting;
};

struct Condition {
    enum class Kind : std::uint8_t { all, any, negation, test };
    Kind kind = Kind::test;
    std::vector<Condition> parts;
    Operand operand;
    Test test = Test::valued;
    std::vector<Value> values;
    Place place;
};
using ConditionPtr = std::shared_ptr<const Condition>;

struct Options {
    std::string as, via, by;
    bool keep = false;
    std::optional<std::string> format, join;
    ConditionPtr if_, where;
    std::string since, until;
    bool required = false, warn = false, error = false, mirror = false;
    std::string one_way;  ///< why a `->` line has no way back
};

struct Branch;

struct Statement {
    enum class Kind : std::uint8_t { line, set, default_, choose, when, drop };
    Kind kind = Kind::line;
    std::vector<V2Path> sources;  ///< line; set, default and drop of a v2 path: one
    Arrow arrow = Arrow::both;
    std::optional<FhirPath> target;  ///< line; set, default and drop of a FHIR path
    Value value;                     ///< set, default
    Options options;
    std::vector<Branch> branches;  ///< choose
    ConditionPtr condition;        ///< when
    std::vector<Statement> block;  ///< when
    Place place;
};

struct Branch {
    ConditionPtr condition;  ///< null: else
    ConditionPtr where;
    std::vector<Statement> block;
    Place place;
};

struct Row {
    std::string v2, fhir;
    Arrow arrow = Arrow::both;
    bool v2_pattern = false, fhir_pattern = false;  ///< holds a `*` that stands for any text
    std::optional<std::string> display;
    Place place;
};

struct Key {
    enum class Kind : std::uint8_t { path, tuple, call };
    Kind kind = Kind::path;
    FhirPath path;
    std::string function;
    std::vector<Key> parts;
    bool optional = false;  ///< `?`: the key holds without this part
};

struct Clause {
    enum class Kind : std::uint8_t { make, fill, emit, keep, ignore };
    struct Link {
        FhirPath path;
        std::string variable;
    };
    Kind kind = Kind::keep;
    std::string variable, type;  ///< make
    FhirPath target;             ///< fill
    std::string event;           ///< emit
    std::vector<std::string> arguments;
    std::vector<std::string> maps;
    Arrow arrow = Arrow::both;
    ConditionPtr if_, where;
    std::vector<Link> links;
    std::string since, until;
    Place place;
};

struct Item {
    enum class Kind : std::uint8_t { anchor, group, segment, clause, drop, before, after };
    Kind kind = Kind::segment;
    std::string name;        ///< anchor variable, group, segment
    char cardinality = '1';  ///< 1 ? * +
    std::string per;
    std::vector<Item> items;      ///< group; before, after: one
    std::vector<Clause> clauses;  ///< segment; clause: one
    Place place;
};

struct Module {
    std::string name;
};
struct Use {
    std::vector<std::string> names;
};
struct System {
    std::string name, url;
};
struct Extension {
    std::string name, url, type;
};
struct Slice {
    std::string name;
    std::vector<Constraint> constraints;
};
struct Codec {
    std::string name, v2_type, fhir_type;
};
struct Setting {
    std::string name;
    Value value;
};
struct Identity {
    std::string type;
    std::vector<Key> keys;
};
struct Table {
    std::string name, v2_table, fhir_system;
    bool fhir_system_is_url = false;
    std::vector<Row> rows;
};
struct TypeMap {
    std::vector<std::string> v2_types;
    std::string fhir_type;
    std::vector<Statement> block;
};
struct SegmentMap {
    std::string name;
    std::vector<std::string> segments;
    std::vector<std::string> target;
    std::vector<Statement> block;
};
struct Message {
    std::string name;
    std::vector<std::string> events;
    std::vector<Item> items;
};
struct Site;

struct Declaration {
    enum class Mode : std::uint8_t { declare, extend, replace };
    Mode mode = Mode::declare;
    std::variant<Module, Use, System, Extension, Slice, Codec, Setting, Identity, Table, TypeMap, SegmentMap, Message,
                 std::shared_ptr<const Site>>
        content;
    Place place;
};

struct Site {
    std::string name, base;
    std::vector<Declaration> declarations;
};

}  // namespace causeway::mappings::syntax
