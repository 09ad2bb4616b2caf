#include <algorithm>
#include <array>
#include <string_view>

#include "gateway/patient_index/match/features.hpp"
#include "gateway/patient_index/match/tables.hpp"
#include "gateway/patient_index/match/text.hpp"

namespace causeway::patient_index::match {
namespace {

constexpr std::size_t values_max = 64;
constexpr std::size_t value_bytes_max = 120;

template <class T>
void add(std::vector<T>& list, T value) {
    if (list.size() < values_max && std::find(list.begin(), list.end(), value) == list.end())
        list.push_back(std::move(value));
}

std::vector<std::string> folded_words(std::string_view text) { return words(fold(text.substr(0, value_bytes_max))); }

constexpr std::uint8_t no_suffix = 0;

std::uint8_t suffix_bit(std::string_view word, bool own_field) {
    if (word == "SR" || word == "SENIOR" || word == "1ST" || (own_field && word == "I")) return 1;
    if (word == "JR" || word == "JUNIOR" || word == "II" || word == "2ND") return 2;
    if (word == "III" || word == "3RD") return 4;
    if (word == "IV" || word == "4TH") return 8;
    return no_suffix;
}

/// Takes a generation suffix off the end of a name (never its only word).
std::uint8_t take_suffix(std::vector<std::string>& parts) {
    if (parts.size() < 2) return no_suffix;
    const std::uint8_t bit = suffix_bit(parts.back(), false);
    if (bit) parts.pop_back();
    return bit;
}

void drop_titles(std::vector<std::string>& given) {
    constexpr std::array<std::string_view, 8> titles = {"MR", "MRS", "MS", "MISS", "DR", "PROF", "REV", "MASTER"};
    while (given.size() > 1 && std::find(titles.begin(), titles.end(), given.front()) != titles.end())
        given.erase(given.begin());
}

/// BABY BOY, BB SARA, B/O SARA, INFANT MALE, TWIN A SARA: what a newborn is called before it has a name, often its
/// mother's. Twins are called alike then, so it is no name.
bool names_a_newborn(const std::vector<std::string>& parts) {
    constexpr std::array<std::string_view, 24> words = {
        "BABY",  "BABYBOY", "BABYGIRL", "BABYMALE", "BABYFEMALE", "NEWBORN", "NEONATE", "INFANT",
        "FETUS", "TWIN",    "TWINA",    "TWINB",    "TWIN1",      "TWIN2",   "TRIPLET", "BB",
        "BG",    "BBA",     "BBB",      "BGA",      "BGB",        "BB1",     "BB2",     "BG1"};
    constexpr std::array<std::string_view, 6> beginnings = {"BABYBOY",    "BABYGIRL", "BABYMALE",
                                                            "BABYFEMALE", "NEWBORN",  "BABYOF"};
    if (parts.empty()) return false;
    for (const auto& part : parts)
        if (std::find(words.begin(), words.end(), part) != words.end()) return true;
    const auto whole = joined(parts);
    for (const auto beginning : beginnings)
        if (whole.starts_with(beginning)) return true;
    const bool further = parts.size() > 1;
    if (further && (parts[0] == "BOY" || parts[0] == "GIRL" || parts[0] == "BG2")) return true;
    return parts.size() > 2 && parts[0] == "B" && (parts[1] == "B" || parts[1] == "G" || parts[1] == "O");
}

bool all_digits(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool one_symbol(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [&](char c) { return c == text.front(); });
}

void add_name(Features& out, const Record::Name& raw) {
    auto given = folded_words(raw.given), middle = folded_words(raw.middle), family = folded_words(raw.family);
    if (given.empty() && family.empty() && !raw.text.empty()) {
        given = folded_words(raw.text);
        const auto comma = raw.text.find(',');
        if (comma != std::string::npos) {  // FAMILY, GIVEN MIDDLE
            family = folded_words(std::string_view(raw.text).substr(0, comma));
            given = folded_words(std::string_view(raw.text).substr(comma + 1));
        } else if (given.size() > 1) {
            out.suffixes = static_cast<std::uint8_t>(out.suffixes | take_suffix(given));
            family = {given.back()};
            given.pop_back();
        }
        if (given.size() > 1 && middle.empty()) {
            middle = {given.back()};
            given.pop_back();
        }
    }
    std::uint8_t suffix = no_suffix;
    for (const auto& word : folded_words(raw.suffix))
        suffix = static_cast<std::uint8_t>(suffix | suffix_bit(word, true));
    suffix = static_cast<std::uint8_t>(suffix | take_suffix(family));
    suffix = static_cast<std::uint8_t>(suffix | take_suffix(middle));
    suffix = static_cast<std::uint8_t>(suffix | take_suffix(given));
    out.suffixes = static_cast<std::uint8_t>(out.suffixes | suffix);
    drop_titles(given);
    if (names_a_newborn(given) || names_a_newborn(middle)) {
        given.clear();
        middle.clear();
    }
    if (given.size() > 1 && given.back().size() == 1) {
        if (middle.empty()) middle = {given.back()};
        given.pop_back();
    }
    Name name{joined(given), joined(family), joined(middle), {}, {}};
    if ((name.given == "JOHN" || name.given == "JANE") && name.family == "DOE") return;
    if (placeholder(TextField::given, name.given)) {
        name.given.clear();
        given.clear();
    }
    if (placeholder(TextField::family, name.family)) {
        name.family.clear();
        family.clear();
    }
    if (placeholder(TextField::given, name.middle)) name.middle.clear();
    if (name.middle == "NMN" || name.middle == "NMI") name.middle.clear();
    if (all_digits(name.given)) {
        name.given.clear();
        given.clear();
    }
    if (given.size() > 1) name.given_parts = std::move(given);
    if (family.size() > 1) name.family_parts = std::move(family);
    if (!name.given.empty() || !name.family.empty()) add(out.names, std::move(name));
}

void add_birth_date(Features& out, std::string_view text) {
    std::string all = digits(text);
    BirthDate date;
    const auto number = [](std::string_view part) {
        int value = 0;
        for (const char c : part) value = value * 10 + (c - '0');
        return value;
    };
    const auto slash = text.find('/');
    if (slash != std::string_view::npos) {  // month/day/year
        const auto second = text.find('/', slash + 1);
        if (second == std::string_view::npos) return;
        const std::string month = digits(text.substr(0, slash)),
                          day = digits(text.substr(slash + 1, second - slash - 1));
        const std::string year = digits(text.substr(second + 1)).substr(0, 4);
        if (month.empty() || month.size() > 2 || day.empty() || day.size() > 2 || year.size() != 4) return;
        all = year + std::string(2 - month.size(), '0') + month + std::string(2 - day.size(), '0') + day;
    }
    if (all.size() > 8) all.resize(8);  // a time of day follows
    if (all.size() != 4 && all.size() != 6 && all.size() != 8) return;
    const std::string_view view = all;
    date.year = static_cast<std::uint16_t>(number(view.substr(0, 4)));
    if (view.size() >= 6) date.month = static_cast<std::uint8_t>(number(view.substr(4, 2)));
    if (view.size() == 8) date.day = static_cast<std::uint8_t>(number(view.substr(6, 2)));
    if (date.year < 1850) return;
    if ((date.year == 1900 || date.year == 1901) && date.month == 1 && date.day == 1) return;
    if (date.month == 0) date.day = 0;
    add(out.births, date);
}

/// What follows one of these is a unit; the rest of the line does not name the street.
bool unit_word(std::string_view word) {
    constexpr std::array<std::string_view, 16> units = {"APT",   "APARTMENT", "UNIT", "STE",  "SUITE", "FL",
                                                        "FLOOR", "LOT",       "RM",   "ROOM", "BLDG",  "BUILDING",
                                                        "SPC",   "SPACE",     "PH",   "FLAT"};
    return std::find(units.begin(), units.end(), word) != units.end();
}

bool has_digit(std::string_view word) {
    return std::any_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string ordinal_free(std::string word) {
    // 5TH and 5 name the same street
    if (word.size() > 2 && has_digit(word.substr(0, word.size() - 2)) && all_digits(word.substr(0, word.size() - 2))) {
        const std::string_view end = std::string_view(word).substr(word.size() - 2);
        if (end == "ST" || end == "ND" || end == "RD" || end == "TH") word.resize(word.size() - 2);
    }
    return word;
}

void add_address(Features& out, const Record::Address& raw) {
    Address address;
    std::string line = fold(std::string_view(raw.street).substr(0, value_bytes_max));
    if (const auto unit = line.find('#'); unit != std::string::npos && unit > 0) line.resize(unit);
    auto parts = words(line);
    const bool po = parts.size() >= 2 && ((parts[0] == "PO" && parts[1] == "BOX") ||
                                          (parts[0] == "POST" && parts.size() > 2 && parts[2] == "BOX"));
    const bool pobox =
        !parts.empty() &&
        (parts[0] == "POBOX" || (parts.size() >= 3 && parts[0] == "P" && parts[1] == "O" && parts[2] == "BOX"));
    if (po || pobox) {
        if (!parts.empty() && has_digit(parts.back())) {
            address.house = parts.back();
            address.street = "POBOX";
        }
        parts.clear();
    }
    if (!raw.house.empty())
        address.house = joined(folded_words(raw.house));
    else if (parts.size() > 1 && has_digit(parts.front())) {
        address.house = parts.front();
        parts.erase(parts.begin());
    }
    if (placeholder(TextField::street, joined(parts))) {
        parts.clear();
        address.house.clear();
    }
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (i > 0 && unit_word(parts[i])) break;
        if (!address.street.empty()) address.street += ' ';
        address.street += ordinal_free(std::string(street_word(parts[i])));
    }
    while (address.house.size() > 1 && address.house.front() == '0') address.house.erase(0, 1);
    address.city = joined(folded_words(raw.city));
    if (placeholder(TextField::street, address.city)) address.city.clear();
    const auto zip = joined(folded_words(raw.zip));
    address.zip = zip.substr(0, 5);
    if (!address.zip.empty() && one_symbol(address.zip)) address.zip.clear();
    if (!address.street.empty() || !address.city.empty() || !address.zip.empty())
        add(out.addresses, std::move(address));
}

void add_phone(Features& out, std::string_view raw) {
    std::string number = digits(raw.substr(0, raw.find_first_of("xX")));
    if (number.size() > 10 && number.front() == '1') number.erase(0, 1);
    if (number.size() > 10) number.resize(10);
    if (number.size() < 7 || one_symbol(number)) return;
    const std::string_view local = std::string_view(number).substr(number.size() - 7);
    if (local == "0000000" || local == "9999999" || local == "1234567" || local.starts_with("55501")) return;
    if (number.size() == 10 && (number.starts_with("000") || number.starts_with("999"))) return;
    add(out.phones, std::move(number));
}

void add_email(Features& out, std::string_view raw) {
    std::string mail;
    for (const char c : raw.substr(0, value_bytes_max))
        if (c != ' ' && c != '\t') mail.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    const auto at = mail.find('@');
    if (at == 0 || (at == std::string::npos && mail.size() < 6)) return;  // a lost @ is a typing error
    std::string local;
    for (const auto& word : folded_words(std::string_view(mail).substr(0, at))) local += word;
    if (!placeholder(TextField::email, local)) add(out.emails, std::move(mail));
}

void add_ssn(Features& out, std::string_view raw) {
    std::string number = digits(raw);
    if (number.size() < 4 || number.size() > 9 || one_symbol(number)) return;
    if (number == "123456789" || number == "987654321") return;
    if (number.size() == 9 && (number.starts_with("000") || number.starts_with("666") || number.substr(3, 2) == "00" ||
                               number.substr(5) == "0000"))
        return;
    add(out.ssns, std::move(number));
}

void add_identifier(Features& out, const Record::Identifier& raw) {
    Identifier identifier{raw.system.substr(0, value_bytes_max), joined(folded_words(raw.value)), raw.kind};
    if (identifier.system.empty() || identifier.value.empty()) return;
    if (identifier.kind != Record::IdentifierKind::local &&
        (identifier.value.size() < 4 || one_symbol(identifier.value)))
        return;
    add(out.identifiers, std::move(identifier));
}

}  // namespace

Features normalise(const Record& record) {
    Features out;
    for (const auto& name : record.names) add_name(out, name);
    for (const auto& date : record.birth_dates) add_birth_date(out, date);
    for (const auto& address : record.addresses) add_address(out, address);
    for (const auto& phone : record.phones) add_phone(out, phone);
    for (const auto& email : record.emails) add_email(out, email);
    for (const auto& ssn : record.ssns) add_ssn(out, ssn);
    for (const auto& identifier : record.identifiers) add_identifier(out, identifier);
    for (const auto& mother : record.mothers) {
        auto name = joined(folded_words(mother));
        if (!name.empty() && !placeholder(TextField::family, name)) add(out.mothers, std::move(name));
    }
    for (const auto& guardian : record.guardians) {
        const auto parts = folded_words(guardian);
        if (!parts.empty() && !placeholder(TextField::given, joined(parts)))
            add(out.guardians, std::string(parts.front()));
    }
    const auto sex = fold(record.sex);
    if (sex == "M" || sex == "MALE")
        out.sexes = 1;
    else if (sex == "F" || sex == "FEMALE")
        out.sexes = 2;
    if (record.birth_order > 0 && record.birth_order <= 16)
        out.birth_orders = static_cast<std::uint16_t>(1U << (record.birth_order - 1));
    out.multiple_birth = record.multiple_birth;
    return out;
}

void pool_into(Features& pool, const Features& more) {
    for (const auto& value : more.names) add(pool.names, value);
    for (const auto& value : more.births) add(pool.births, value);
    for (const auto& value : more.addresses) add(pool.addresses, value);
    for (const auto& value : more.phones) add(pool.phones, value);
    for (const auto& value : more.emails) add(pool.emails, value);
    for (const auto& value : more.ssns) add(pool.ssns, value);
    for (const auto& value : more.identifiers) add(pool.identifiers, value);
    for (const auto& value : more.mothers) add(pool.mothers, value);
    for (const auto& value : more.guardians) add(pool.guardians, value);
    pool.sexes = static_cast<std::uint8_t>(pool.sexes | more.sexes);
    pool.suffixes = static_cast<std::uint8_t>(pool.suffixes | more.suffixes);
    pool.birth_orders = static_cast<std::uint16_t>(pool.birth_orders | more.birth_orders);
    pool.multiple_birth = pool.multiple_birth || more.multiple_birth;
}

std::string canonical_birth_date(const BirthDate& date) {
    if (!date.whole()) return {};
    int first = date.month, second = date.day;
    if (first <= 12 && second <= 12 && first > second) std::swap(first, second);
    const int number = date.year * 10000 + first * 100 + second;
    return std::to_string(number);
}

}  // namespace causeway::patient_index::match
