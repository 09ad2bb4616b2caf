#pragma once
#include <cstdint>
#include <string_view>

namespace causeway::fhir::path {

enum class FunctionId : std::uint8_t {
    none,
    // existence
    empty,
    exists,
    all,
    all_true,
    any_true,
    all_false,
    any_false,
    subset_of,
    superset_of,
    count,
    distinct,
    is_distinct,
    // filtering and projection
    where,
    select,
    repeat,
    of_type,
    sort,
    // subsetting
    single,
    first,
    last,
    tail,
    skip,
    take,
    intersect,
    exclude,
    // combining
    union_,
    combine,
    coalesce,
    // conversion
    iif,
    to_boolean,
    converts_to_boolean,
    to_integer,
    converts_to_integer,
    to_date,
    converts_to_date,
    to_date_time,
    converts_to_date_time,
    to_decimal,
    converts_to_decimal,
    to_quantity,
    converts_to_quantity,
    to_string,
    converts_to_string,
    to_time,
    converts_to_time,
    // strings
    index_of,
    last_index_of,
    substring,
    starts_with,
    ends_with,
    contains,
    upper,
    lower,
    replace,
    matches,
    matches_full,
    replace_matches,
    length,
    to_chars,
    encode,
    decode,
    escape,
    unescape,
    trim,
    split,
    join,
    // math
    abs,
    ceiling,
    exp,
    floor,
    ln,
    log,
    power,
    round,
    sqrt,
    truncate,
    // tree
    children,
    descendants,
    // utility
    trace,
    now,
    time_of_day,
    today,
    define_variable,
    low_boundary,
    high_boundary,
    precision,
    // parts of dates and times
    year_of,
    month_of,
    day_of,
    hour_of,
    minute_of,
    second_of,
    millisecond_of,
    date_of,
    time_of,
    timezone_offset_of,
    // boolean, types, aggregates
    not_,
    is,
    as,
    type,
    aggregate,
    comparable,
    // FHIR's own
    extension,
    has_value,
    get_value,
    resolve,
    element_definition,
    slice,
    check_modifiers,
    conforms_to,
    member_of,
    subsumes,
    subsumed_by,
    html_checks,
};

struct FunctionInfo {
    std::string_view name;
    FunctionId id;
    std::uint8_t arguments_min;
    std::uint8_t arguments_max;
};

/// nullptr for a name that FHIRPath and FHIR do not define.
const FunctionInfo* find_function(std::string_view name);

}  // namespace causeway::fhir::path
