#include "gateway/patient_index/identity.hpp"

#include <fmt/core.h>

#include <charconv>

namespace causeway::patient_index {
namespace {

template <class T>
T number(std::string_view text) {
    T value{};
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

std::string_view next(std::string_view& text, char end) {
    const auto stop = std::min(text.find(end), text.size());
    const auto part = text.substr(0, stop);
    text.remove_prefix(std::min(stop + 1, text.size()));
    return part;
}

std::string one_line(std::string_view text) {
    std::string out(text);
    for (auto& c : out)
        if (c == '\n' || c == '\r') c = ' ';
    return out;
}

storage::Review read_review(std::string_view text) {
    storage::Review out;
    out.review = number<storage::ReviewId>(next(text, ':'));
    out.priority = number<std::int32_t>(next(text, ':'));
    out.record = number<storage::Rid>(next(text, ':'));
    out.person = number<storage::PersonId>(next(text, ':'));
    out.other_record = number<storage::Rid>(next(text, ':'));
    out.other_person = number<storage::PersonId>(next(text, ':'));
    return out;
}

}  // namespace

std::string EventData::text() const {
    std::string out;
    if (weighed) out += fmt::format("weight={:.3f}\n", weight);
    if (truncated) out += "truncated=1\n";
    const auto line = [&](std::string_view name, const std::string& value) {
        if (!value.empty()) out += fmt::format("{}={}\n", name, one_line(value));
    };
    line("rule", rule);
    line("model", model);
    line("evidence", evidence);
    line("user", user);
    for (const auto& [record, state] : moved) out += fmt::format("moved={}:{}\n", record, state);
    for (const auto& review : closed)
        out += fmt::format("closed={}:{}:{}:{}:{}:{}\n", review.review, review.priority, review.record, review.person,
                           review.other_record, review.other_person);
    return out;
}

EventData EventData::read(std::string_view text) {
    EventData out;
    while (!text.empty()) {
        auto line = next(text, '\n');
        const auto name = next(line, '=');
        if (name == "weight") {
            out.weight = number<double>(line);
            out.weighed = true;
        } else if (name == "truncated")
            out.truncated = true;
        else if (name == "rule")
            out.rule = line;
        else if (name == "model")
            out.model = line;
        else if (name == "evidence")
            out.evidence = line;
        else if (name == "user")
            out.user = line;
        else if (name == "moved") {
            const auto record = next(line, ':');
            out.moved.emplace_back(number<storage::Rid>(record), number<std::uint8_t>(line));
        } else if (name == "closed")
            out.closed.push_back(read_review(line));
    }
    return out;
}

std::string person_identifier(storage::PersonId person) { return fmt::format("CWP{:010}", person); }

std::optional<storage::PersonId> person_number(std::string_view identifier) {
    if (!identifier.starts_with("CWP") || identifier.size() < 4) return std::nullopt;
    storage::PersonId value = 0;
    const auto digits = identifier.substr(3);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size() || value <= 0) return std::nullopt;
    return value;
}

}  // namespace causeway::patient_index
