#include "gateway/patient_index/table_file.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <istream>
#include <stdexcept>

namespace causeway::patient_index {
namespace {

constexpr std::size_t line_bytes_max = 1 << 20;

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// Lower case without anything but letters and digits: first_name, FirstName and "First Name" are one.
std::string plain(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c >= 'A' && c <= 'Z')
            out.push_back(static_cast<char>(c - 'A' + 'a'));
        else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            out.push_back(c);
    }
    return out;
}

struct Usual {
    std::string_view column, field, system;
};

constexpr std::array<Usual, 62> usual_names = {{
    {"id", "id", {}},
    {"recid", "id", {}},
    {"uniqueid", "id", {}},
    {"recordid", "id", {}},
    {"patientid", "id", {}},
    {"cluster", "truth", {}},
    {"person", "truth", {}},
    {"truth", "truth", {}},
    {"given", "given", {}},
    {"givenname", "given", {}},
    {"firstname", "given", {}},
    {"namefirst", "given", {}},
    {"fname", "given", {}},
    {"middle", "middle", {}},
    {"middlename", "middle", {}},
    {"namemiddle", "middle", {}},
    {"family", "family", {}},
    {"familyname", "family", {}},
    {"surname", "family", {}},
    {"lastname", "family", {}},
    {"namelast", "family", {}},
    {"lname", "family", {}},
    {"suffix", "suffix", {}},
    {"namesuffix", "suffix", {}},
    {"name", "name", {}},
    {"fullname", "name", {}},
    {"namealias", "other_given", {}},
    {"alias", "other_given", {}},
    {"namelasthyph", "other_family", {}},
    {"maidenname", "other_family", {}},
    {"previousname", "other_family", {}},
    {"formername", "other_family", {}},
    {"birthdate", "birth_date", {}},
    {"dob", "birth_date", {}},
    {"dateofbirth", "birth_date", {}},
    {"sex", "sex", {}},
    {"gender", "sex", {}},
    {"house", "house", {}},
    {"streetnumber", "house", {}},
    {"housenumber", "house", {}},
    {"street", "street", {}},
    {"address", "street", {}},
    {"address1", "street", {}},
    {"addressstreet1", "street", {}},
    {"addressline1", "street", {}},
    {"city", "city", {}},
    {"suburb", "city", {}},
    {"addresscity", "city", {}},
    {"town", "city", {}},
    {"zip", "zip", {}},
    {"postcode", "zip", {}},
    {"addresszip", "zip", {}},
    {"zipcode", "zip", {}},
    {"postalcode", "zip", {}},
    {"phone", "phone", {}},
    {"phonenumber", "phone", {}},
    {"email", "email", {}},
    {"ssn", "ssn", {}},
    {"socsecid", "ssn", {}},
    {"mothermaidenname", "mother", {}},
    {"guardiannamefirst", "guardian", {}},
    {"birthorder", "birth_order", {}},
}};

constexpr std::array<Usual, 5> usual_numbers = {{
    {"medicaid", "identifier", "medicaid"},
    {"mbi", "identifier", "mbi"},
    {"memberid", "identifier", "member"},
    {"mrn", "record_number", "mrn"},
    {"mrns", "record_number", "mrn"},
}};

constexpr std::array<std::string_view, 23> field_names = {
    "id",     "truth",    "given",       "middle",         "family",      "suffix",       "name",      "birth_date",
    "sex",    "house",    "street",      "city",           "zip",         "phone",        "email",     "ssn",
    "mother", "guardian", "birth_order", "multiple_birth", "other_given", "other_family", "identifier"};

bool yes(std::string_view text) {
    const auto value = plain(text);
    return value == "1" || value == "y" || value == "yes" || value == "true" || value == "t";
}

std::string line_of(std::istream& in) {
    std::string line;
    std::getline(in, line);
    if (line.size() > line_bytes_max) throw std::runtime_error("a line is longer than 1 MiB");
    if (!line.empty() && line.back() == '\r') line.pop_back();
    return line;
}

std::vector<std::string> header_of(std::istream& in) {
    std::string line = line_of(in);
    if (line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);
    return csv_cells(line);
}

Cells named(const std::vector<std::string>& columns, std::vector<std::string>&& values) {
    Cells out;
    for (std::size_t i = 0; i < columns.size() && i < values.size(); ++i)
        out.emplace_back(columns[i], std::move(values[i]));
    return out;
}

Cells key_values(std::string_view text) {
    Cells out;
    while (!text.empty()) {
        const auto end = std::min(text.find(','), text.size());
        const auto cell = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (const auto equals = cell.find('='); equals != std::string_view::npos)
            out.emplace_back(trimmed(cell.substr(0, equals)), trimmed(cell.substr(equals + 1)));
    }
    return out;
}

ColumnMap guess_from(const Cells& cells) {
    std::vector<std::string> columns;
    for (const auto& [name, value] : cells) columns.push_back(name);
    return ColumnMap::guess(columns);
}

void read_blocks(std::istream& in, std::string line, const ColumnMap* map,
                 const std::function<void(LabelledPair&&)>& each) {
    LabelledPair pair;
    bool complete = false;
    for (;; line = line_of(in)) {
        const std::string_view view = line;
        const auto colon = std::min(view.find(':'), view.size());
        const auto key = trimmed(view.substr(0, colon)), value = trimmed(view.substr(std::min(colon + 1, view.size())));
        if (key == "TEST") {
            pair = {};
            pair.name = value;
            complete = false;
        } else if (key == "EXPECT")
            pair.expected = value;
        else if (key == "PATIENT A" || key == "PATIENT B") {
            const auto cells = key_values(value);
            const auto guessed = map ? ColumnMap() : guess_from(cells);
            (key == "PATIENT A" ? pair.a : pair.b) = to_record(cells, map ? *map : guessed);
            complete = key == "PATIENT B";
        }
        if (complete) {
            each(std::move(pair));
            pair = {};
            complete = false;
        }
        if (!in) return;
    }
}

void read_pair_csv(std::istream& in, std::vector<std::string> columns, const ColumnMap* map,
                   const std::function<void(LabelledPair&&)>& each) {
    std::vector<int> side(columns.size(), 0);
    std::vector<std::string> bare = columns;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const std::string_view name = columns[i];
        if (name.ends_with("_a") || name.ends_with("_l"))
            side[i] = 1;
        else if (name.ends_with("_b") || name.ends_with("_r"))
            side[i] = 2;
        if (side[i]) bare[i].resize(bare[i].size() - 2);
    }
    const auto guessed = map ? ColumnMap() : ColumnMap::guess(bare);
    std::string line;
    std::size_t number = 0;
    while (in && !(line = line_of(in)).empty()) {
        LabelledPair pair;
        pair.name = std::to_string(++number);
        const auto values = csv_cells(line);
        Cells a, b;
        for (std::size_t i = 0; i < columns.size() && i < values.size(); ++i) {
            if (side[i])
                (side[i] == 1 ? a : b).emplace_back(bare[i], values[i]);
            else if (const auto name = plain(columns[i]);
                     name == "label" || name == "expected" || name == "match" || name == "truth")
                pair.expected = values[i];
        }
        pair.a = to_record(a, map ? *map : guessed);
        pair.b = to_record(b, map ? *map : guessed);
        each(std::move(pair));
    }
}

}  // namespace

ColumnMap ColumnMap::read(std::string_view text) {
    ColumnMap out;
    std::size_t number = 0;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        auto line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        ++number;
        line = trimmed(line.substr(0, line.find('#')));
        if (line.empty()) continue;
        const auto equals = line.find('=');
        if (equals == std::string_view::npos)
            throw std::runtime_error(fmt::format("line {}: not `field = column`", number));
        auto field = trimmed(line.substr(0, equals));
        Entry entry;
        if (const auto blank = field.find(' '); blank != std::string_view::npos) {
            entry.system = trimmed(field.substr(blank + 1));
            field = field.substr(0, blank);
        }
        entry.field = field;
        entry.column = trimmed(line.substr(equals + 1));
        const bool number_field = entry.field == "identifier" || entry.field == "record_number";
        if (!number_field && std::find(field_names.begin(), field_names.end(), field) == field_names.end())
            throw std::runtime_error(fmt::format("line {}: unknown field '{}'", number, field));
        if (number_field == entry.system.empty())
            throw std::runtime_error(
                fmt::format("line {}: identifier and record_number (and nothing else) name a system", number));
        if (entry.column.empty()) throw std::runtime_error(fmt::format("line {}: no column", number));
        out.entries_.push_back(std::move(entry));
    }
    return out;
}

ColumnMap ColumnMap::guess(const std::vector<std::string>& columns) {
    ColumnMap out;
    for (const auto& column : columns) {
        const auto name = plain(column);
        const auto same = [&](const Usual& usual) { return usual.column == name; };
        if (const auto found = std::find_if(usual_names.begin(), usual_names.end(), same); found != usual_names.end())
            out.entries_.push_back({std::string(found->field), {}, column});
        else if (const auto numbered = std::find_if(usual_numbers.begin(), usual_numbers.end(), same);
                 numbered != usual_numbers.end())
            out.entries_.push_back({std::string(numbered->field), std::string(numbered->system), column});
    }
    return out;
}

void ColumnMap::set(std::string_view field, std::string_view column) {
    std::erase_if(entries_, [&](const Entry& entry) { return entry.field == field; });
    entries_.push_back({std::string(field), {}, std::string(column)});
}

FileRecord to_record(const Cells& cells, const ColumnMap& map) {
    FileRecord out;
    match::Record::Name name;
    match::Record::Address address;
    std::vector<std::string> other_given, other_family;
    for (const auto& entry : map.entries()) {
        const auto found =
            std::find_if(cells.begin(), cells.end(), [&](const auto& cell) { return cell.first == entry.column; });
        if (found == cells.end() || found->second.empty()) continue;
        const std::string& value = found->second;
        const std::string_view field = entry.field;
        if (field == "id")
            out.id = value;
        else if (field == "truth")
            out.truth = value;
        else if (field == "given")
            name.given = value;
        else if (field == "middle")
            name.middle = value;
        else if (field == "family")
            name.family = value;
        else if (field == "suffix")
            name.suffix = value;
        else if (field == "name")
            name.text = value;
        else if (field == "other_given")
            other_given.push_back(value);
        else if (field == "other_family")
            other_family.push_back(value);
        else if (field == "birth_date")
            out.record.birth_dates.push_back(value);
        else if (field == "sex")
            out.record.sex = value;
        else if (field == "house")
            address.house = value;
        else if (field == "street")
            address.street = value;
        else if (field == "city")
            address.city = value;
        else if (field == "zip")
            address.zip = value;
        else if (field == "phone")
            out.record.phones.push_back(value);
        else if (field == "email")
            out.record.emails.push_back(value);
        else if (field == "ssn")
            out.record.ssns.push_back(value);
        else if (field == "mother")
            out.record.mothers.push_back(value);
        else if (field == "guardian")
            out.record.guardians.push_back(value);
        else if (field == "birth_order")
            out.record.birth_order = value.size() == 1 && value[0] >= '1' && value[0] <= '9' ? value[0] - '0' : 0;
        else if (field == "multiple_birth")
            out.record.multiple_birth = yes(value);
        else if (field == "identifier")
            out.record.identifiers.push_back({entry.system, value, match::Record::IdentifierKind::person});
        else if (field == "record_number")
            out.record.identifiers.push_back({entry.system, value, match::Record::IdentifierKind::local});
    }
    out.record.names.push_back(name);
    for (const auto& given : other_given) {
        auto other = name;
        other.given = given;
        out.record.names.push_back(std::move(other));
    }
    for (const auto& family : other_family) {
        auto other = name;
        other.family = family;
        out.record.names.push_back(std::move(other));
    }
    out.record.addresses.push_back(std::move(address));
    return out;
}

std::vector<std::string> csv_cells(std::string_view line) {
    std::vector<std::string> out;
    std::size_t at = 0;
    for (;;) {
        while (at < line.size() && (line[at] == ' ' || line[at] == '\t')) ++at;
        std::string cell;
        if (at < line.size() && line[at] == '"') {
            for (++at; at < line.size(); ++at) {
                if (line[at] != '"')
                    cell.push_back(line[at]);
                else if (at + 1 < line.size() && line[at + 1] == '"') {
                    cell.push_back('"');
                    ++at;
                } else {
                    ++at;
                    break;
                }
            }
            at = std::min(line.find(',', at), line.size());
        } else {
            const auto end = std::min(line.find(',', at), line.size());
            cell = trimmed(line.substr(at, end - at));
            at = end;
        }
        out.push_back(std::move(cell));
        if (at >= line.size()) return out;
        ++at;
    }
}

void read_csv(std::istream& in, const ColumnMap* map, std::string_view truth,
              const std::function<void(FileRecord&&)>& each) {
    const auto columns = header_of(in);
    ColumnMap used = map ? *map : ColumnMap::guess(columns);
    if (!truth.empty()) used.set("truth", truth);
    for (const auto& entry : used.entries())
        if (std::find(columns.begin(), columns.end(), entry.column) == columns.end())
            throw std::runtime_error(fmt::format("the file has no column '{}' (for {})", entry.column, entry.field));
    if (used.entries().empty()) throw std::runtime_error("no column is known: give a mapping file (--columns)");
    std::size_t number = 0;
    while (in) {
        const auto line = line_of(in);
        if (line.empty()) continue;
        auto record = to_record(named(columns, csv_cells(line)), used);
        ++number;
        if (record.id.empty()) record.id = std::to_string(number);
        each(std::move(record));
    }
}

void read_labelled_pairs(std::istream& in, const ColumnMap* map, const std::function<void(LabelledPair&&)>& each) {
    std::string line = line_of(in);
    if (line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);
    if (line.starts_with("TEST:"))
        read_blocks(in, std::move(line), map, each);
    else
        read_pair_csv(in, csv_cells(line), map, each);
}

}  // namespace causeway::patient_index
