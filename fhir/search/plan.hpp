#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fhir/search/value.hpp"

namespace causeway::fhir::search {

enum class Prefix : std::uint8_t { eq, ne, gt, lt, ge, le, sa, eb, ap };

/// `type` (`subject:Patient`) has become Operand::reference.type; `missing` has become Criterion::Kind::missing.
enum class Modifier : std::uint8_t {
    none,
    exact,
    contains,
    text,
    not_,
    above,
    below,
    in,
    not_in,
    of_type,
    identifier,
    starts_with,
    ends_with
};  // the last two only by _filter

/// Which systems a token operand accepts: `code`, `|code`, `system|code`, `system|`.
enum class SystemMatch : std::uint8_t { any, none, exact, exact_any_code };

/// One of the values that commas separate. Which members count follows from the parameter's type and the modifier.
struct Operand {
    Prefix prefix = Prefix::eq;
    /// string: normalised, but as written for `:exact`. token: the code (for `:text` normalised, for `:in` the value
    /// set). uri: as written. quantity: code or unit. `_text`, `_content`, `_list`: as written.
    std::string text;
    std::string system;  ///< token, quantity, `:identifier`, and the type's system for `:of-type`
    SystemMatch system_match = SystemMatch::any;
    std::string type_code;  ///< `:of-type`: the identifier type's code
    DateRange date;         ///< `ap` is widened already
    NumberRange implied;    ///< number, quantity: [low, high) that the digits imply; for `ap` 10 % to each side, closed
    double number = 0;      ///< number, quantity: the value itself, for all prefixes but eq, ne, ap
    NumberRange canonical_implied;  ///< quantity with a UCUM unit
    double canonical_number = 0;
    std::string canonical_unit;  ///< empty: compare the written form (with any unit if `text` is empty)
    struct Reference {
        std::string type;                ///< empty: any of `types`
        std::vector<std::string> types;  ///< for a bare id: the parameter's target types
        std::string id;
        std::string version;  ///< `Patient/1/_history/3`, or the canonical's version
        std::string url;      ///< absolute or canonical; then type and id are empty
    } reference;
    struct Near {
        double latitude = 0, longitude = 0, distance_m = 0;
    } near;
    ParameterType type = ParameterType::token;  ///< of a composite's part
    std::vector<Operand> parts;                 ///< composite
};

/// What parameters.hpp marks as not being an ordinary index row.
enum class Special : std::uint8_t {
    none,
    id,
    last_updated,
    text,
    content,
    list,
    near,
    type,
    source,
    profile,
    tag,
    security
};

/// A node of the condition tree, about one resource type. Pure data.
struct Criterion {
    enum class Kind : std::uint8_t {
        all,      ///< every child; without children: true
        any,      ///< one child; without children: false
        none,     ///< not one child
        compare,  ///< the resource has a value of one of `parameters` that meets one of `operands` under `modifier`.
                  ///< not_ and not_in: it has none that does (and so may have no value at all)
        missing,  ///< it has no value of any of `parameters` (`missing` true), or has one (false)
        chain,    ///< a reference of one of `parameters` points to a resource that meets one of `targets`
        has,      ///< a resource that meets one of `targets` points to this one by the parameter given there
    };
    /// The far side of a chain or of `_has`.
    struct Target {
        std::string type;
        ParameterId via = 0;  ///< `_has`: the reference parameter of `type`
        std::shared_ptr<const Criterion> criterion;
    };

    Kind kind = Kind::all;
    std::vector<Criterion> children;
    /// More than one if the code is defined as a union; mostly one.
    std::vector<ParameterId> parameters;
    ParameterType type = ParameterType::token;
    Special special = Special::none;
    Modifier modifier = Modifier::none;
    bool missing = false;
    std::vector<Operand> operands;
    std::vector<Target> targets;
};

/// The condition for one resource type.
struct TypeCondition {
    std::string type;
    Criterion criterion;  ///< Kind::all at the top: one child per repetition of a parameter
};

struct Include {
    bool reverse = false;
    bool iterate = false;
    std::string source_type;    ///< empty: every type (`*`)
    std::string code;           ///< empty: every reference parameter (`Src:*`)
    ParameterId parameter = 0;  ///< 0 for the wildcards
    std::string target_type;    ///< empty: any
};

struct SortKey {
    std::string code;
    ParameterType type = ParameterType::token;
    Special special = Special::none;  ///< id and last_updated need no index row
    bool descending = false;
    std::vector<ParameterId> parameters;  ///< one per SearchPlan::conditions, in their order; 0 for the special ones
};

enum class Total : std::uint8_t { unspecified, none, estimate, accurate };
enum class Summary : std::uint8_t { none, yes, text, data, count };
enum class Contained : std::uint8_t { no, yes, both };

/// What a search asks for. Immutable after parse_query(); holds no SQL and no view.
struct SearchPlan {
    std::vector<TypeCondition> conditions;  ///< one, unless the search spans several types
    std::vector<Include> includes;
    std::vector<SortKey> sort;           ///< empty: newest first
    std::optional<std::uint32_t> count;  ///< as asked; the caller applies its maximum
    Total total = Total::unspecified;
    Summary summary = Summary::none;
    std::vector<std::string> elements;
    Contained contained = Contained::no;
    bool contained_as_container = true;
    bool explain = false;
    /// The parameters that were used, as given: what the `self` link states.
    std::vector<std::pair<std::string, std::string>> used;
};

}  // namespace causeway::fhir::search
