#include "gateway/patient_index/match/combinations.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>

#include "gateway/patient_index/match/similarity.hpp"
#include "gateway/patient_index/match/tables.hpp"

namespace causeway::patient_index::match {
namespace {

/// The fields the combinations are made of, as bits. A starred one may be fuzzy.
enum Part : std::uint32_t {
    first = 1U << 0U,
    last = 1U << 1U,
    born = 1U << 2U,
    street = 1U << 3U,
    phone = 1U << 4U,
    email = 1U << 5U,
    ssn4 = 1U << 6U,
    itin4 = 1U << 7U,
    mbi = 1U << 8U,
    person_id = 1U << 9U,  ///< legal id or member id: one number of the person's own
    zip = 1U << 10U
};

struct Row {
    Combination combination;
    std::uint32_t needs, may_be_fuzzy;
};

// A legal id and a member id are both a number of the person's own, told apart by their systems: 27 to 30 are 09, 10, 22
// and 24. 26 is a number that says who is who and needs no combination. 31 and 32 ask for a subscriber's number, which
// names a family.
constexpr std::array<Row, 30> rows = {{
    {{1, "combination 01: first name, last name, birth date, street", false},
     first | last | born | street,
     last | born | street},
    {{2, "combination 02: first name, last name, birth date, phone", false}, first | last | born | phone, last | born},
    {{3, "combination 03: first name, last name, birth date, e-mail", false}, first | last | born | email, last | born},
    {{4, "combination 04: first name, last name, birth date, SSN4", false}, first | last | born | ssn4, 0},
    {{5, "combination 05: first name, last name, birth date, SSN4", false}, first | last | born | ssn4, last | born},
    {{6, "combination 06: first name, last name, birth date, ITIN4", false}, first | last | born | itin4, 0},
    {{7, "combination 07: first name, last name, birth date, ITIN4", false}, first | last | born | itin4, last | born},
    {{8, "combination 08: first name, birth date, MBI", false}, first | born | mbi, 0},
    {{9, "combination 09 or 27: first name, birth date, number of the person", false}, first | born | person_id, 0},
    {{10, "combination 10 or 28: last name, birth date, number of the person", false},
     last | born | person_id,
     last | born},
    {{11, "combination 11: first name, birth date, phone", false}, first | born | phone, 0},
    {{12, "combination 12: first name, birth date, e-mail", false}, first | born | email, 0},
    {{13, "combination 13: last name, phone, SSN4", true}, last | phone | ssn4, 0},
    {{14, "combination 14: last name, phone, ITIN4", true}, last | phone | itin4, 0},
    {{15, "combination 15: last name, e-mail, SSN4", true}, last | email | ssn4, last},
    {{16, "combination 16: last name, e-mail, ITIN4", true}, last | email | itin4, last},
    {{17, "combination 17: first name, phone, SSN4", false}, first | phone | ssn4, 0},
    {{18, "combination 18: first name, phone, ITIN4", false}, first | phone | itin4, 0},
    {{19, "combination 19: first name, e-mail, SSN4", false}, first | email | ssn4, 0},
    {{20, "combination 20: first name, e-mail, ITIN4", false}, first | email | itin4, 0},
    {{21, "combination 21: phone, MBI", false}, phone | mbi, 0},
    {{22, "combination 22 or 29: phone, number of the person", false}, phone | person_id, 0},
    {{23, "combination 23: e-mail, MBI", false}, email | mbi, 0},
    {{24, "combination 24 or 30: e-mail, number of the person", false}, email | person_id, 0},
    {{25, "combination 25: MBI, number of the person", false}, mbi | person_id, 0},
    {{33, "combination 33: first name, last name, phone, ZIP", true}, first | last | phone | zip, last},
    {{34, "combination 34: last name, phone, ZIP", true}, last | phone | zip, 0},
    {{35, "combination 35: last name, e-mail, ZIP", true}, last | email | zip, 0},
    {{36, "combination 36: last name, birth date, phone", true}, last | born | phone, last},
    {{37, "combination 37: last name, street, phone", true}, last | street | phone, last},
}};

constexpr std::array<Combination, rows.size()> listed = [] {
    std::array<Combination, rows.size()> out{};
    for (std::size_t i = 0; i < rows.size(); ++i) out[i] = rows[i].combination;
    return out;
}();

bool one_edit(std::string_view a, std::string_view b) {
    return std::min(a.size(), b.size()) >= 5 && edits(a, b, 1) == 1;
}

std::int64_t day_number(const BirthDate& date) {
    const std::chrono::year_month_day day{std::chrono::year(date.year), std::chrono::month(date.month),
                                          std::chrono::day(date.day)};
    return day.ok() ? std::chrono::sys_days(day).time_since_epoch().count() : -1'000'000;
}

/// What agrees, and what agrees but for one edit or day.
struct Agreement {
    std::uint32_t exact = 0, fuzzy = 0;

    void say(Part part, bool is_exact, bool is_fuzzy = false) {
        if (is_exact)
            exact |= part;
        else if (is_fuzzy)
            fuzzy |= part;
    }

    Agreement(const Features& a, const Features& b, const Comparison& comparison, const Score& score) {
        const auto evidence = [&](Field field) { return score[field].weight > 0; };
        if (comparison.levels[Field::given] == given_level::exact) exact |= first;
        bool last_exact = false, last_fuzzy = false;
        for (const auto& x : a.names)
            for (const auto& y : b.names) {
                if (x.family.size() < 2 || y.family.size() < 2) continue;
                last_exact = last_exact || x.family == y.family;
                last_fuzzy = last_fuzzy || one_edit(x.family, y.family);
            }
        say(last, last_exact, last_fuzzy);
        bool day_fuzzy = false;
        for (const auto& x : a.births)
            for (const auto& y : b.births)
                day_fuzzy = day_fuzzy || (x.whole() && y.whole() && std::abs(day_number(x) - day_number(y)) == 1);
        say(born, comparison.levels[Field::birth_date] == birth_level::exact, day_fuzzy);
        if (evidence(Field::address)) {
            say(street, comparison.levels[Field::address] == address_level::full, fuzzy_street(a, b));
            for (const auto& x : a.addresses)
                for (const auto& y : b.addresses)
                    if (x.zip.size() == 5 && x.zip == y.zip) exact |= zip;
        }
        say(phone, comparison.levels[Field::phone] == phone_level::equal && evidence(Field::phone));
        say(email, comparison.levels[Field::email] == email_level::equal && evidence(Field::email));
        numbers(a, b, evidence(Field::ssn));
    }

private:
    static bool fuzzy_street(const Features& a, const Features& b) {
        for (const auto& x : a.addresses)
            for (const auto& y : b.addresses)
                if (!x.house.empty() && x.house == y.house && x.zip.size() == 5 && x.zip == y.zip &&
                    one_edit(x.street, y.street))
                    return true;
        return false;
    }

    void numbers(const Features& a, const Features& b, bool ssn_is_evidence) {
        for (const auto& x : a.ssns)
            for (const auto& y : b.ssns) {
                if (!ssn_is_evidence || x.size() < 4 || y.size() < 4) continue;
                if (x.size() > 4 && y.size() > 4 && x != y) continue;
                if (x.substr(x.size() - 4) != y.substr(y.size() - 4)) continue;
                const bool itin = (x.size() == 9 && x[0] == '9') || (y.size() == 9 && y[0] == '9');
                exact |= itin ? itin4 : ssn4;
            }
        for (const auto& x : a.identifiers)
            for (const auto& y : b.identifiers) {
                if (x.system != y.system || x.value != y.value || x.kind != Record::IdentifierKind::person ||
                    y.kind != x.kind)
                    continue;
                exact |= x.system == "http://hl7.org/fhir/sid/us-mbi" ? mbi : person_id;
            }
    }
};

}  // namespace

std::span<const Combination> combinations() { return listed; }

std::vector<std::uint8_t> satisfied(const Features& a, const Features& b, const Comparison& comparison,
                                    const Score& score) {
    const Agreement agreement(a, b, comparison, score);
    std::vector<std::uint8_t> out;
    for (const auto& row : rows) {
        const auto lacking = row.needs & ~agreement.exact;
        const bool one_at_most = (lacking & (lacking - 1)) == 0;
        if (lacking == 0 || (one_at_most && (lacking & agreement.fuzzy & row.may_be_fuzzy) == lacking))
            out.push_back(row.combination.number);
    }
    return out;
}

bool combination_may_link(const Comparison& pair) {
    if (pair.suffix_differs || pair.birth_order_differs || pair.ssns_in_a_row) return false;
    const auto& level = pair.levels;
    if (level[Field::given] != given_level::exact || level[Field::sex] == sex_level::differs) return false;
    if (level[Field::middle] == middle_level::conflict || level[Field::ssn] == ssn_level::conflict ||
        level[Field::identifier] == identifier_level::conflict || level[Field::mother] == mother_level::conflict)
        return false;
    if (level[Field::birth_date] == birth_level::conflict) return false;
    return !names_exchanged(pair) && (level[Field::family] >= family_level::close || !pair.multiple_birth);
}

const Combination* enabled(std::span<const std::uint8_t> numbers, Combinations which) {
    if (which == Combinations::off) return nullptr;
    for (const auto number : numbers)
        for (const auto& each : listed)
            if (each.number == number && (!each.household || which == Combinations::household)) return &each;
    return nullptr;
}

}  // namespace causeway::patient_index::match
