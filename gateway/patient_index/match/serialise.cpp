#include <array>
#include <charconv>
#include <string_view>

#include "gateway/patient_index/match/features.hpp"

namespace causeway::patient_index::match {
namespace {

constexpr char end_of_field = '\x1f', end_of_row = '\x1e', end_of_part = '\x1d';
constexpr std::size_t cells_max = 5;

void put_row(std::string& out, char tag, std::initializer_list<std::string_view> cells) {
    out.push_back(tag);
    bool first = true;
    for (const auto cell : cells) {
        if (!first) out.push_back(end_of_field);
        first = false;
        for (const char c : cell)
            if (c != end_of_field && c != end_of_row) out.push_back(c);
    }
    out.push_back(end_of_row);
}

std::string with_parts(const std::vector<std::string>& parts) {
    std::string out;
    for (const auto& part : parts) {
        if (!out.empty()) out.push_back(end_of_part);
        out += part;
    }
    return out;
}

std::vector<std::string> parts_of(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const auto end = std::min(text.find(end_of_part), text.size());
        out.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

unsigned number(std::string_view text) {
    unsigned value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

constexpr std::string_view letter_of(Record::IdentifierKind kind) {
    return kind == Record::IdentifierKind::person ? "p" : kind == Record::IdentifierKind::national ? "n" : "l";
}

constexpr Record::IdentifierKind kind_of(std::string_view letter) {
    return letter == "p"   ? Record::IdentifierKind::person
           : letter == "n" ? Record::IdentifierKind::national
                           : Record::IdentifierKind::local;
}

using Cells = std::array<std::string_view, cells_max>;

void read_row(Features& out, char tag, const Cells& cell) {
    switch (tag) {
        case 'n':
            out.names.push_back({std::string(cell[0]), std::string(cell[1]), std::string(cell[2]), parts_of(cell[3]),
                                 parts_of(cell[4])});
            break;
        case 'b': {
            const unsigned date = number(cell[0]);
            out.births.push_back({static_cast<std::uint16_t>(date / 10000), static_cast<std::uint8_t>(date / 100 % 100),
                                  static_cast<std::uint8_t>(date % 100)});
            break;
        }
        case 'a':
            out.addresses.push_back(
                {std::string(cell[0]), std::string(cell[1]), std::string(cell[2]), std::string(cell[3])});
            break;
        case 'p':
            out.phones.emplace_back(cell[0]);
            break;
        case 'e':
            out.emails.emplace_back(cell[0]);
            break;
        case 's':
            out.ssns.emplace_back(cell[0]);
            break;
        case 'i':
            out.identifiers.push_back({std::string(cell[0]), std::string(cell[1]), kind_of(cell[2])});
            break;
        case 'm':
            out.mothers.emplace_back(cell[0]);
            break;
        case 'g':
            out.guardians.emplace_back(cell[0]);
            break;
        case 'x':
            out.sexes = static_cast<std::uint8_t>(number(cell[0]));
            out.suffixes = static_cast<std::uint8_t>(number(cell[1]));
            out.birth_orders = static_cast<std::uint16_t>(number(cell[2]));
            out.multiple_birth = cell[3] == "1";
            break;
        default:
            break;  // a row of a later version
    }
}

}  // namespace

std::string serialise(const Features& features) {
    std::string out;
    for (const auto& name : features.names)
        put_row(out, 'n',
                {name.given, name.family, name.middle, with_parts(name.given_parts), with_parts(name.family_parts)});
    for (const auto& date : features.births)
        put_row(out, 'b', {std::to_string(date.year * 10000 + date.month * 100 + date.day)});
    for (const auto& address : features.addresses)
        put_row(out, 'a', {address.house, address.street, address.city, address.zip});
    for (const auto& value : features.phones) put_row(out, 'p', {value});
    for (const auto& value : features.emails) put_row(out, 'e', {value});
    for (const auto& value : features.ssns) put_row(out, 's', {value});
    for (const auto& value : features.identifiers)
        put_row(out, 'i', {value.system, value.value, letter_of(value.kind)});
    for (const auto& value : features.mothers) put_row(out, 'm', {value});
    for (const auto& value : features.guardians) put_row(out, 'g', {value});
    put_row(out, 'x',
            {std::to_string(features.sexes), std::to_string(features.suffixes), std::to_string(features.birth_orders),
             features.multiple_birth ? "1" : "0"});
    return out;
}

Features deserialise(std::string_view text) {
    Features out;
    while (text.size() > 1) {
        const char tag = text.front();
        const auto end = std::min(text.find(end_of_row), text.size());
        std::string_view row = text.substr(1, end - 1);
        text.remove_prefix(std::min(end + 1, text.size()));
        Cells cells{};
        for (auto& cell : cells) {
            const auto stop = std::min(row.find(end_of_field), row.size());
            cell = row.substr(0, stop);
            row.remove_prefix(std::min(stop + 1, row.size()));
        }
        read_row(out, tag, cells);
    }
    return out;
}

}  // namespace causeway::patient_index::match
