#include "gateway/patient_index/match/compare.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "gateway/patient_index/match/similarity.hpp"
#include "gateway/patient_index/match/tables.hpp"

namespace causeway::patient_index::match {
namespace {

bool any_part_equal(const std::vector<std::string>& parts, const std::vector<std::string>& others,
                    std::string_view other) {
    for (const auto& part : parts) {
        if (part.size() < 3) continue;
        if (part == other || std::find(others.begin(), others.end(), part) != others.end()) return true;
    }
    return false;
}

bool share_part(std::string_view a, const std::vector<std::string>& a_parts, std::string_view b,
                const std::vector<std::string>& b_parts) {
    if (a_parts.empty() && b_parts.empty()) return false;
    return any_part_equal(a_parts, b_parts, b) || any_part_equal(b_parts, a_parts, a);
}

std::int8_t given_level_of(const Name& a, const Name& b) {
    using namespace given_level;
    if (a.given.empty() || b.given.empty()) return missing;
    if (a.given.size() == 1 || b.given.size() == 1) return a.given[0] == b.given[0] ? initial : conflict;
    if (a.given == b.given) return exact;
    if (nickname_pair(a.given, b.given) || share_part(a.given, a.given_parts, b.given, b.given_parts)) return nickname;
    switch (likeness(a.given, b.given)) {
        case Likeness::equal:
            return exact;
        case Likeness::close:
            return close;
        case Likeness::weak:
            return weak;
        case Likeness::none:
            break;
    }
    return conflict;
}

std::int8_t family_level_of(const Name& a, const Name& b) {
    using namespace family_level;
    if (a.family.empty() || b.family.empty()) return missing;
    if (a.family == b.family) return exact;
    if (share_part(a.family, a.family_parts, b.family, b.family_parts)) return part;
    switch (likeness(a.family, b.family)) {
        case Likeness::equal:
            return exact;
        case Likeness::close:
            return close;
        case Likeness::weak:
            return weak;
        case Likeness::none:
            break;
    }
    return conflict;
}

/// Which given level is the better evidence; "initial" stands below "close" but above "weak", as the numbers do.
constexpr int given_rank(std::int8_t level) {
    constexpr std::array<int, 10> rank = {
        0, 1, 2, 3, 4, 6, 9, 8, 5, 4};  // missing, conflict, weak, initial, close, nickname, exact, crossed, ...
    return rank[static_cast<std::size_t>(level + 1)];
}

bool crossed_exactly(const Name& a, const Name& b) {
    return !a.given.empty() && !a.family.empty() && a.given == b.family && a.family == b.given && a.given != a.family;
}

bool alike(std::string_view a, std::string_view b) {
    const auto likeness_of = likeness(a, b);
    return likeness_of == Likeness::close || likeness_of == Likeness::equal;
}

bool crossed_closely(const Name& a, const Name& b) {
    const bool first = alike(a.given, b.family), second = alike(a.family, b.given);
    if (first && second) return true;
    // one half crossed and the other half missing
    const auto lone = [](std::string_view x, std::string_view y) { return x == y && x.size() >= 3; };
    if (lone(a.given, b.family) && (a.family.empty() || b.given.empty())) return true;
    return lone(a.family, b.given) && (a.given.empty() || b.family.empty());
}

bool given_is_middle(const Name& a, const Name& b) {
    return (a.given.size() > 1 && a.given == b.middle) || (b.given.size() > 1 && b.given == a.middle);
}

void compare_names(const Features& a, const Features& b, Comparison& out) {
    auto& given = out.levels[Field::given];
    auto& family = out.levels[Field::family];
    for (const auto& x : a.names)
        for (const auto& y : b.names) {
            const auto level = given_level_of(x, y);
            if (given == missing || given_rank(level) > given_rank(given)) {
                if (level == missing) continue;
                given = level;
                out.given = x.given;
                out.given_other = y.given;
            }
        }
    for (const auto& x : a.names)
        for (const auto& y : b.names) {
            const auto level = family_level_of(x, y);
            if (level > family) {
                family = level;
                out.family = x.family;
                out.family_other = y.family;
            }
        }
    if (given < given_level::nickname && family < family_level::part) {
        std::int8_t crossing = missing;
        for (const auto& x : a.names)
            for (const auto& y : b.names) {
                if (crossed_exactly(x, y))
                    crossing = given_level::crossed;
                else if (crossing != given_level::crossed && crossed_closely(x, y))
                    crossing = given_level::crossed_close;
            }
        if (crossing != missing) {
            given = crossing;
            family = missing;
            return;
        }
    }
    if (given == given_level::conflict || given == given_level::weak) {
        for (const auto& x : a.names)
            for (const auto& y : b.names)
                if (given_is_middle(x, y)) {
                    given = given_level::other_middle;
                    return;
                }
    }
}

void compare_middle(const Features& a, const Features& b, Comparison& out) {
    if (out.levels[Field::given] == given_level::other_middle) return;
    auto& level = out.levels[Field::middle];
    for (const auto& x : a.names)
        for (const auto& y : b.names) {
            if (x.middle.empty() || y.middle.empty()) continue;
            std::int8_t found = middle_level::conflict;
            if (x.middle.size() == 1 || y.middle.size() == 1) {
                if (x.middle[0] == y.middle[0]) found = middle_level::initial;
            } else if (x.middle == y.middle) {
                found = middle_level::exact;
            } else if (likeness(x.middle, y.middle) != Likeness::none || nickname_pair(x.middle, y.middle)) {
                found = middle_level::close;
            }
            level = std::max(level, found);
        }
}

std::array<char, 8> date_digits(const BirthDate& date) {
    std::array<char, 8> out{};
    int number = date.year * 10000 + date.month * 100 + date.day;
    for (std::size_t i = 8; i-- > 0; number /= 10) out[i] = static_cast<char>('0' + number % 10);
    return out;
}

std::int8_t birth_level_of(const BirthDate& a, const BirthDate& b) {
    using namespace birth_level;
    if (a.whole() && b.whole()) {
        if (a == b) return exact;
        if (a.year == b.year && a.month == b.day && a.day == b.month) return swapped;
        const auto x = date_digits(a), y = date_digits(b);
        const auto distance = edits({x.data(), 8}, {y.data(), 8}, 2);
        if (distance == 1) return one_edit;
        if ((a.year == b.year) + (a.month == b.month) + (a.day == b.day) == 2) return two_parts;
        return distance == 2 ? two_edits : conflict;
    }
    if (a.year != b.year) return conflict;
    return a.month && b.month && a.month != b.month ? conflict : partial;
}

void compare_births(const Features& a, const Features& b, Comparison& out) {
    auto& level = out.levels[Field::birth_date];
    bool gap_known = false;
    for (const auto& x : a.births)
        for (const auto& y : b.births) {
            const auto found = birth_level_of(x, y);
            if (found > level) {
                level = found;
                out.birth = x;
            }
            const int gap = std::abs(static_cast<int>(x.year) - static_cast<int>(y.year));
            if (!gap_known || gap < out.birth_year_gap) out.birth_year_gap = gap;
            gap_known = true;
        }
}

bool similar_street(std::string_view a, std::string_view b) {
    if (a.empty() || b.empty()) return false;
    const std::size_t shorter = std::min(a.size(), b.size());
    return a == b || (shorter >= 5 && edits(a, b, 2) <= 2) || (shorter >= 4 && jaro_winkler(a, b) >= .92);
}

std::int8_t address_level_of(const Address& a, const Address& b) {
    using namespace address_level;
    const bool zips = !a.zip.empty() && !b.zip.empty();
    const bool zip_equal = zips && a.zip == b.zip;
    const bool city_equal = !a.city.empty() && a.city == b.city;
    const bool zip_near = zips && a.zip.size() >= 4 && edits(a.zip, b.zip, 1) <= 1;
    const bool city_near = !a.city.empty() && !b.city.empty() && alike(a.city, b.city);
    const bool place = zip_equal || city_equal || (zip_near && city_near);
    const bool house = !a.house.empty() && a.house == b.house;
    const bool street = !a.street.empty() && a.street == b.street;
    if (house && street) return zip_equal || city_equal ? full : place ? house_similar_street : house_street;
    if (house && place && similar_street(a.street, b.street)) return house_similar_street;
    if (street && place) return street_place;
    if (house && zip_equal) return house_zip;
    if (zip_equal) return address_level::zip;
    if (city_equal || zip_near) return address_level::city;
    if ((zips && a.zip.size() >= 3 && std::string_view(a.zip).substr(0, 3) == std::string_view(b.zip).substr(0, 3)) ||
        street)
        return region;
    const bool comparable = (zips || (!a.city.empty() && !b.city.empty()) || (!a.street.empty() && !b.street.empty()));
    return comparable ? conflict : missing;
}

void compare_addresses(const Features& a, const Features& b, Comparison& out) {
    auto& level = out.levels[Field::address];
    for (const auto& x : a.addresses)
        for (const auto& y : b.addresses) {
            const auto found = address_level_of(x, y);
            if (found <= level) continue;
            level = found;
            out.address = &x;
            out.zip = !x.zip.empty() && x.zip == y.zip ? std::string_view(x.zip) : std::string_view();
            out.city = !x.city.empty() && x.city == y.city ? std::string_view(x.city) : std::string_view();
        }
}

/// Numbers of one office and one day: a typing error seldom makes one of the other.
bool in_a_row(const std::string& a, const std::string& b) {
    if (a.size() != 9 || b.size() != 9 || a == b) return false;
    const auto value = [](const std::string& text) {
        long out = 0;
        for (const char c : text) out = out * 10 + (c - '0');
        return out;
    };
    return std::labs(value(a) - value(b)) <= 3;
}

void compare_ssns(const Features& a, const Features& b, Comparison& out) {
    auto& level = out.levels[Field::ssn];
    for (const auto& x : a.ssns)
        for (const auto& y : b.ssns) {
            std::int8_t found = ssn_level::conflict;
            if (x.size() > 4 && y.size() > 4) {
                if (x == y)
                    found = ssn_level::exact;
                else if (edits(x, y, 1) == 1)
                    found = ssn_level::one_edit;
            } else if (x.size() >= 4 && y.size() >= 4 &&
                       std::string_view(x).substr(x.size() - 4) == std::string_view(y).substr(y.size() - 4)) {
                found = ssn_level::last_four;
            }
            out.ssns_in_a_row = out.ssns_in_a_row || in_a_row(x, y);
            if (found > level) {
                level = found;
                out.ssn = x;
            }
        }
    out.ssns_in_a_row = out.ssns_in_a_row && level != ssn_level::exact;
}

void compare_phones(const Features& a, const Features& b, Comparison& out) {
    auto& level = out.levels[Field::phone];
    for (const auto& x : a.phones)
        for (const auto& y : b.phones) {
            std::int8_t found = phone_level::conflict;
            if (x == y)
                found = phone_level::equal;
            else if (std::string_view(x).substr(x.size() - 7) == std::string_view(y).substr(y.size() - 7) ||
                     edits(x, y, 1) == 1)
                found = phone_level::near;
            if (found > level) {
                level = found;
                out.phone = x;
            }
        }
}

void compare_emails(const Features& a, const Features& b, Comparison& out) {
    auto& level = out.levels[Field::email];
    for (const auto& x : a.emails)
        for (const auto& y : b.emails) {
            std::int8_t found = email_level::conflict;
            const std::string_view local = std::string_view(x).substr(0, x.find('@'));
            if (x == y)
                found = email_level::equal;
            else if ((local.size() >= 4 && local == std::string_view(y).substr(0, y.find('@'))) || edits(x, y, 2) <= 2)
                found = email_level::near;
            else if (jaro_winkler(x, y) >= .9)
                found = email_level::similar;
            if (found > level) {
                level = found;
                out.email = x;
            }
        }
}

void compare_identifiers(const Features& a, const Features& b, Comparison& out) {
    auto& person = out.levels[Field::identifier];
    auto& local = out.levels[Field::record_number];
    for (const auto& x : a.identifiers)
        for (const auto& y : b.identifiers) {
            if (x.kind != y.kind || x.system != y.system) continue;
            if (x.kind == Record::IdentifierKind::local) {
                if (x.value == y.value) local = record_number_level::equal;
                continue;
            }
            std::int8_t found = identifier_level::conflict;
            if (x.value == y.value)
                found = identifier_level::equal;
            else if (edits(x.value, y.value, 1) == 1)
                found = identifier_level::one_edit;
            if (x.kind == Record::IdentifierKind::national && x.value == y.value) out.national_number_equal = true;
            person = std::max(person, found);
        }
}

std::int8_t relative_level(const std::vector<std::string>& a, const std::vector<std::string>& b, bool given_names) {
    std::int8_t level = missing;
    for (const auto& x : a)
        for (const auto& y : b) {
            std::int8_t found = mother_level::conflict;
            if (x == y)
                found = mother_level::equal;
            else if (alike(x, y) || (given_names && nickname_pair(x, y)))
                found = mother_level::close;
            level = std::max(level, found);
        }
    return level;
}

}  // namespace

Comparison compare(const Features& a, const Features& b) {
    Comparison out;
    compare_names(a, b, out);
    compare_middle(a, b, out);
    compare_births(a, b, out);
    compare_addresses(a, b, out);
    if (a.sexes && b.sexes) out.levels[Field::sex] = a.sexes & b.sexes ? sex_level::equal : sex_level::differs;
    compare_ssns(a, b, out);
    compare_phones(a, b, out);
    compare_emails(a, b, out);
    compare_identifiers(a, b, out);
    out.levels[Field::mother] = relative_level(a.mothers, b.mothers, false);
    out.levels[Field::guardian] = relative_level(a.guardians, b.guardians, true);
    out.suffix_differs = a.suffixes && b.suffixes && !(a.suffixes & b.suffixes);
    out.birth_order_differs = a.birth_orders && b.birth_orders && !(a.birth_orders & b.birth_orders);
    out.multiple_birth = a.birth_orders || b.birth_orders || a.multiple_birth || b.multiple_birth;
    return out;
}

bool names_exchanged(const Comparison& comparison) {
    const auto family = comparison.levels[Field::family];
    if (comparison.levels[Field::given] != given_level::exact || family == family_level::exact) return false;
    const bool given_is_one = known_given_name(comparison.given);
    if (family == missing) return !given_is_one;
    const bool one = known_given_name(comparison.family), other = known_given_name(comparison.family_other);
    return (one && other) || (!given_is_one && (one || other || family <= family_level::weak));
}

}  // namespace causeway::patient_index::match
