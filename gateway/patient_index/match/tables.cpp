#include "gateway/patient_index/match/tables.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "gateway/patient_index/match/tables_data.hpp"

namespace causeway::patient_index::match {
namespace {

std::string_view file(std::string_view name) {
    for (const auto& entry : embedded::match_tables())
        if (entry.path.ends_with(name)) return entry.bytes;
    return {};
}

template <class Row>
void each_row(std::string_view name, const Row& row) {
    std::string_view text = file(name);
    std::vector<std::string_view> cells;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.empty() || line.front() == '#') continue;
        cells.clear();
        for (;;) {
            const std::size_t tab = line.find('\t');
            cells.push_back(line.substr(0, tab));
            if (tab == std::string_view::npos) break;
            line.remove_prefix(tab + 1);
        }
        row(cells);
    }
}

/// Name -> the groups of the table (one a formal name) that it is a member of.
struct Nicknames {
    std::unordered_map<std::string_view, std::vector<std::uint32_t>> groups;
    std::uint32_t count = 0;

    Nicknames() {
        each_row("nicknames.tsv", [&](const std::vector<std::string_view>& cells) {
            for (const auto cell : cells) groups[cell].push_back(count);
            ++count;
        });
    }
};

const Nicknames& nicknames() {
    static const Nicknames table;
    return table;
}

struct GivenNames {
    std::unordered_set<std::string_view> names;
    GivenNames() {
        each_row("given_names.tsv", [&](const std::vector<std::string_view>& cells) { names.insert(cells.front()); });
    }
};

struct Placeholders {
    std::array<std::unordered_set<std::string_view>, 4> values;
    Placeholders() {
        each_row("placeholders.tsv", [&](const std::vector<std::string_view>& cells) {
            constexpr std::array<std::string_view, 4> fields = {"given", "family", "email", "street"};
            const auto field =
                static_cast<std::size_t>(std::find(fields.begin(), fields.end(), cells.front()) - fields.begin());
            for (std::size_t i = 1; i < cells.size(); ++i) values.at(field).insert(cells[i]);
        });
    }
};

}  // namespace

bool nickname_pair(std::string_view a, std::string_view b) {
    if (a == b) return false;
    const auto& table = nicknames();
    const auto of_a = table.groups.find(a);
    if (of_a == table.groups.end()) return false;
    const auto of_b = table.groups.find(b);
    if (of_b == table.groups.end()) return false;
    for (const auto group : of_a->second)
        if (std::find(of_b->second.begin(), of_b->second.end(), group) != of_b->second.end()) return true;
    return false;
}

bool known_given_name(std::string_view name) {
    static const GivenNames table;
    return table.names.contains(name) || nicknames().groups.contains(name);
}

bool placeholder(TextField field, std::string_view value) {
    static const Placeholders table;
    return table.values[static_cast<std::size_t>(field)].contains(value);
}

std::string_view street_word(std::string_view word) {
    static const std::unordered_map<std::string_view, std::string_view> table = [] {
        std::unordered_map<std::string_view, std::string_view> out;
        each_row("street_words.tsv", [&](const std::vector<std::string_view>& cells) {
            for (const auto cell : cells) out.emplace(cell, cells.front());
        });
        return out;
    }();
    const auto found = table.find(word);
    return found == table.end() ? word : found->second;
}

}  // namespace causeway::patient_index::match
