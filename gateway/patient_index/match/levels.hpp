#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace causeway::patient_index::match {

/// The fields that are weighed, in the order in which an explanation lists them.
enum class Field : std::uint8_t {
    given,
    family,
    middle,
    birth_date,
    address,
    sex,
    ssn,
    phone,
    email,
    identifier,
    record_number,
    mother,
    guardian
};
constexpr std::size_t field_count = 13;

constexpr std::array<std::string_view, field_count> field_names = {
    "given", "family", "middle",     "birth_date",    "address", "sex",     "ssn",
    "phone", "email",  "identifier", "record_number", "mother",  "guardian"};

/// Levels of agreement, weakest first. A field that one side lacks has the level `missing`: no evidence.
constexpr std::int8_t missing = -1;
constexpr std::size_t level_count_max = 9;

namespace given_level {
constexpr std::int8_t conflict = 0, weak = 1, initial = 2, close = 3, nickname = 4, exact = 5, crossed = 6,
                      crossed_close = 7, other_middle = 8;
}
namespace family_level {
constexpr std::int8_t conflict = 0, weak = 1, close = 2, part = 3, exact = 4;
}
namespace middle_level {
constexpr std::int8_t conflict = 0, initial = 1, close = 2, exact = 3;
}
namespace birth_level {
constexpr std::int8_t conflict = 0, two_edits = 1, partial = 2, two_parts = 3, one_edit = 4, swapped = 5, exact = 6;
}
namespace address_level {
constexpr std::int8_t conflict = 0, region = 1, city = 2, zip = 3, house_zip = 4, street_place = 5,
                      house_similar_street = 6, house_street = 7, full = 8;
}
namespace sex_level {
constexpr std::int8_t differs = 0, equal = 1;
}
namespace ssn_level {
constexpr std::int8_t conflict = 0, last_four = 1, one_edit = 2, exact = 3;
}
namespace phone_level {
constexpr std::int8_t conflict = 0, near = 1, equal = 2;
}
namespace email_level {
constexpr std::int8_t conflict = 0, similar = 1, near = 2, equal = 3;
}
namespace identifier_level {
constexpr std::int8_t conflict = 0, one_edit = 1, equal = 2;
}
namespace record_number_level {
constexpr std::int8_t equal = 0;
}
namespace mother_level {  // guardian too
constexpr std::int8_t conflict = 0, close = 1, equal = 2;
}

using LevelNames = std::array<std::string_view, level_count_max>;
constexpr std::array<LevelNames, field_count> level_names = {{
    {"conflict", "weak", "initial", "close", "nickname", "exact", "crossed", "crossed_close", "other_middle"},
    {"conflict", "weak", "close", "part", "exact"},
    {"conflict", "initial", "close", "exact"},
    {"conflict", "two_edits", "partial", "two_parts", "one_edit", "swapped", "exact"},
    {"conflict", "region", "city", "zip", "house_zip", "street_place", "house_similar_street", "house_street", "full"},
    {"differs", "equal"},
    {"conflict", "last_four", "one_edit", "exact"},
    {"conflict", "near", "equal"},
    {"conflict", "similar", "near", "equal"},
    {"conflict", "one_edit", "equal"},
    {"equal"},
    {"conflict", "close", "equal"},
    {"conflict", "close", "equal"},
}};

constexpr std::size_t level_count(Field field) {
    std::size_t count = 0;
    for (const auto name : level_names[static_cast<std::size_t>(field)]) count += !name.empty();
    return count;
}

/// One level for each field.
struct Levels {
    std::array<std::int8_t, field_count> at{};
    Levels() { at.fill(missing); }
    std::int8_t operator[](Field field) const { return at[static_cast<std::size_t>(field)]; }
    std::int8_t& operator[](Field field) { return at[static_cast<std::size_t>(field)]; }
    friend bool operator==(const Levels&, const Levels&) = default;
};

}  // namespace causeway::patient_index::match
