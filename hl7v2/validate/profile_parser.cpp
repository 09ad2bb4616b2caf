#include <algorithm>
#include <charconv>
#include <utility>

#include "hl7v2/validate/profile.hpp"
#include "hl7v2/validate/profile_text.hpp"

namespace causeway::hl7v2 {

namespace {

constexpr std::size_t faults_max = 50;
constexpr std::size_t text_bytes_max = std::size_t{4} << 20;
constexpr std::pair<std::string_view, ProfileUsage> usages[] = {{"R", ProfileUsage::required},
                                                                {"RE", ProfileUsage::required_or_empty},
                                                                {"O", ProfileUsage::optional},
                                                                {"X", ProfileUsage::not_supported}};
constexpr std::pair<std::string_view, TimePrecision> precisions[] = {
    {"year", TimePrecision::year}, {"month", TimePrecision::month},   {"day", TimePrecision::day},
    {"hour", TimePrecision::hour}, {"minute", TimePrecision::minute}, {"second", TimePrecision::second}};

template <class Value, std::size_t Size>
bool find_name(const std::pair<std::string_view, Value> (&names)[Size], std::string_view name, Value& value) {
    for (const auto& [text, known] : names) {
        if (text == name) {
            value = known;
            return true;
        }
    }
    return false;
}

/// Up to a `#` that stands outside of quotes and after a blank.
std::string_view without_comment(std::string_view line) {
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '"') quoted = !quoted;
        if (line[i] == '#' && !quoted && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t')) {
            line = line.substr(0, i);
            break;
        }
    }
    const std::size_t last = line.find_last_not_of(" \t\r");
    return line.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> out;
    for (;;) {
        const std::size_t end = std::min(text.find(separator), text.size());
        out.emplace_back(text.substr(0, end));
        if (end == text.size()) return out;
        text.remove_prefix(end + 1);
    }
}

class ProfileParser {
public:
    ProfileLoad run(std::string_view text) {
        if (text.size() > text_bytes_max) {
            fault("the profile is larger than 4 MiB");
            return {nullptr, std::move(faults_)};
        }
        while (!text.empty()) {
            const std::size_t end = std::min(text.find('\n'), text.size());
            ++line_;
            take(without_comment(text.substr(0, end)));
            text.remove_prefix(std::min(end + 1, text.size()));
        }
        finish();
        if (!faults_.empty()) return {nullptr, std::move(faults_)};
        return {std::make_shared<const Profile>(std::move(profile_)), {}};
    }

private:
    enum class Block : std::uint8_t { none, groups, segment, datatype, table };

    void fault(std::string text) {
        if (faults_.size() < faults_max) faults_.push_back({line_, std::move(text)});
    }

    void take(std::string_view line) {
        if (line.empty()) return;
        const bool indented = line.front() == ' ' || line.front() == '\t';
        if (!indented) return take_heading(line);
        switch (block_) {
            case Block::none:
                return fault("an indented line stands under no heading");
            case Block::groups:
                return take_item(line);
            case Block::segment:
                return take_place(line, profile_.segments.back().places, true);
            case Block::datatype:
                return take_place(line, profile_.datatypes.back().places, false);
            case Block::table:
                return take_code(line);
        }
    }

    void take_heading(std::string_view line) {
        block_ = Block::none;
        const std::string word = next_word(line);
        if (word == "profile") {
            profile_.name = next_word(line);
        } else if (word == "title") {
            skip_blanks(line);
            profile_.title = std::exchange(line, {});
        } else if (word == "message") {
            take_messages(line);
        } else if (word == "version") {
            take_words(line, profile_.versions);
        } else if (word == "identifier") {
            take_words(line, profile_.identifiers);
        } else if (word == "groups") {
            block_ = Block::groups;
        } else if (word == "segment") {
            take_segment(line);
        } else if (word == "datatype") {
            profile_.datatypes.emplace_back();
            take_words(line, profile_.datatypes.back().names);
            block_ = Block::datatype;
        } else if (word == "table") {
            profile_.tables.push_back({next_word(line), {}});
            block_ = Block::table;
            return;  // a title may follow
        } else {
            return fault("'" + word + "' is no heading");
        }
        skip_blanks(line);
        if (!line.empty()) fault("'" + std::string(line) + "' is not expected here");
    }

    static void take_words(std::string_view& line, std::vector<std::string>& out) {
        for (skip_blanks(line); !line.empty(); skip_blanks(line)) out.push_back(next_word(line));
    }

    void take_messages(std::string_view& line) {
        for (skip_blanks(line); !line.empty(); skip_blanks(line)) {
            const std::vector<std::string> parts = split(next_word(line), '^');
            if (parts.size() < 2) return fault("a message is written as type^event");
            profile_.messages.emplace_back(parts[0], parts[1]);
        }
    }

    void take_segment(std::string_view& line) {
        ProfileSegment segment;
        segment.name = next_word(line);
        if (segment.name.size() != 3) fault("'" + segment.name + "' is no segment");
        if (take_word(line, "in")) segment.groups = split(next_word(line), '.');
        profile_.segments.push_back(std::move(segment));
        block_ = Block::segment;
    }

    void take_item(std::string_view line) {
        ProfileItem item;
        item.path = split(next_word(line), '.');
        if (take_rule(line, item.rule)) profile_.items.push_back(std::move(item));
    }

    void take_place(std::string_view line, std::vector<ProfilePlace>& places, bool segment) {
        if (segment && take_word(line, "assert")) return take_assertion(line);
        ProfilePlace place;
        const std::string word = next_word(line);
        const auto path = Path::parse(std::string(segment ? "ZZZ-" : "ZZZ-1.").append(word));
        if (!path) return fault("'" + word + "' is no place");
        place.position = path->position;
        if (!segment) place.position.field = 0;
        if (take_rule(line, place.rule)) places.push_back(std::move(place));
    }

    void take_assertion(std::string_view line) {
        auto [condition, wrong] = Condition::parse(line);
        if (!wrong.empty()) return fault(wrong);
        if (!begins_quoted(line)) return fault("the text of the assertion, in quotes, is expected");
        std::string text = next_word(line);
        if (text.find_first_not_of(' ') == std::string::npos) return fault("the text of the assertion is empty");
        profile_.segments.back().assertions.push_back({line_, std::move(condition), std::move(text)});
    }

    void take_code(std::string_view line) {
        std::string code = next_word(line);
        skip_blanks(line);
        profile_.tables.back().codes.emplace_back(std::move(code), std::string(line));
    }

    bool take_rule(std::string_view line, ProfileRule& rule) {
        rule.line = line_;
        const std::size_t before = faults_.size();
        const bool conditional = take_usage(next_word(line), rule);
        for (skip_blanks(line); !line.empty() && faults_.size() == before; skip_blanks(line)) take_part(line, rule);
        if (faults_.size() == before && conditional != rule.predicate.has_value()) {
            fault(conditional ? "C(../..) needs a condition: if ..." : "a condition needs C(../..)");
        }
        return faults_.size() == before;
    }

    /// R, RE, O, X or C(a/b); whether it is conditional.
    bool take_usage(const std::string& word, ProfileRule& rule) {
        if (find_name(usages, word, rule.usage)) return false;
        if (word.starts_with("C(") && word.ends_with(")")) {
            const std::vector<std::string> both = split(std::string_view(word).substr(2, word.size() - 3), '/');
            if (both.size() == 2 && find_name(usages, both[0], rule.usage) &&
                find_name(usages, both[1], rule.otherwise_usage)) {
                return true;
            }
        }
        fault("'" + word + "' is no usage: R, RE, O, X or C(a/b)");
        return false;
    }

    void take_part(std::string_view& line, ProfileRule& rule) {
        const std::string word = next_word(line);
        if (word == "len") {
            rule.length = take_range(next_word(line));
        } else if (word == "=") {
            rule.values.push_back(next_word(line));
        } else if (word == "in") {
            if (std::string wrong = take_values(line, rule.values); !wrong.empty()) fault(std::move(wrong));
        } else if (word == "table") {
            rule.table = next_word(line);
        } else if (word == "format") {
            rule.format = next_word(line);
            if (rule.format != "oid" && rule.format != "digits" && rule.format != "number") {
                fault("'" + rule.format + "' is no format: oid, digits or number");
            }
        } else if (word == "precision") {
            const std::string precision = next_word(line);
            if (!find_name(precisions, precision, rule.precision)) fault("'" + precision + "' is no precision");
        } else if (word == "zone") {
            rule.zone = true;
        } else if (word == "if") {
            auto [condition, wrong] = Condition::parse(line);
            if (!wrong.empty()) return fault(std::move(wrong));
            rule.predicate = std::move(condition);
        } else if (word.find("..") != std::string::npos) {
            rule.cardinality = take_range(word);
        } else {
            fault("'" + word + "' is not expected in a rule");
        }
    }

    /// `1..5`, `0..*`
    std::pair<std::uint32_t, std::uint32_t> take_range(std::string_view text) {
        std::pair<std::uint32_t, std::uint32_t> range{0, UINT32_MAX};
        const std::size_t dots = text.find("..");
        const auto number = [](std::string_view digits, std::uint32_t& value) {
            const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
            return error == std::errc{} && stop == digits.data() + digits.size();
        };
        const bool good = dots != std::string_view::npos && number(text.substr(0, dots), range.first) &&
                          (text.substr(dots + 2) == "*" || number(text.substr(dots + 2), range.second)) &&
                          range.first <= range.second;
        if (!good) fault("'" + std::string(text) + "' is no range: 1..5, 0..*");
        return range;
    }

    void finish() {
        line_ = 0;
        if (profile_.name.empty()) fault("the profile has no name");
        if (profile_.messages.empty()) fault("the profile names no message");
        for (ProfileTable& table : profile_.tables) std::ranges::sort(table.codes);
        const auto check_table = [this](const ProfileRule& rule) {
            if (rule.table.empty() || profile_.table(rule.table) != nullptr) return;
            if (std::ranges::all_of(rule.table, [](char c) { return c >= '0' && c <= '9'; })) return;
            line_ = rule.line;
            fault("there is no table '" + rule.table + "'");
        };
        for (const auto& segment : profile_.segments) {
            for (const auto& place : segment.places) check_table(place.rule);
        }
        for (const auto& datatype : profile_.datatypes) {
            for (const auto& place : datatype.places) check_table(place.rule);
        }
    }

    Profile profile_;
    std::vector<ProfileFault> faults_;
    std::size_t line_ = 0;
    Block block_ = Block::none;
};

}  // namespace

ProfileLoad Profile::parse(std::string_view text) { return ProfileParser().run(text); }

}  // namespace causeway::hl7v2
