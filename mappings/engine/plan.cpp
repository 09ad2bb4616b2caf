#include "mappings/engine/plan.hpp"

#include <algorithm>

#include "fhir/percent_encoding.hpp"

namespace causeway::mappings {
namespace {

const TablePlan::Entry* find(const std::vector<TablePlan::Entry>& rows, const std::vector<std::uint64_t>& heads,
                             std::string_view code) {
    const auto [begin, end] = std::equal_range(heads.begin(), heads.end(), head_of(code));
    const auto first = rows.begin() + (begin - heads.begin()), last = rows.begin() + (end - heads.begin());
    const auto before = [](const TablePlan::Entry& row, std::string_view c) { return row.from < c; };
    const auto at = last - first > 1 ? std::lower_bound(first, last, code, before) : first;
    return at != last && same_text(at->from, code) ? &*at : nullptr;
}

bool is_uri(std::string_view cell) {
    return cell.starts_with("urn:") || cell.starts_with("http:") || cell.starts_with("https:");
}

/// Text as part of a URI: what RFC 3986 does not allow there is percent-encoded ("CAPITOL LAB" -> "CAPITOL%20LAB").
std::string to_uri(std::string_view text) { return fhir::percent_encoded(text, ":/?#[]@!$&'()*+,;="); }

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

std::string from_uri(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
        const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
        if (low >= 0) {
            out += static_cast<char>(high << 4 | low);
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

/// The text the row's star captured goes where the other cell has a star.
TablePlan::Found through_pattern(const std::vector<TablePlan::Entry>& entries, std::string_view code) {
    for (const auto& entry : entries) {
        const auto star = entry.from.find('*');
        const std::string_view head = std::string_view(entry.from).substr(0, star),
                               tail = std::string_view(entry.from).substr(star + 1);
        if (code.size() < head.size() + tail.size() || code.substr(0, head.size()) != head ||
            code.substr(code.size() - tail.size()) != tail)
            continue;
        TablePlan::Found found{entry.to, entry.display, {}};
        const auto at = entry.to.find('*');
        if (at == std::string::npos) return found;
        found.row = {};
        const auto captured = code.substr(head.size(), code.size() - head.size() - tail.size());
        found.made.reserve(entry.to.size() + captured.size());
        found.made.append(entry.to, 0, at);
        if (is_uri(entry.from) == is_uri(entry.to))
            found.made.append(captured);
        else
            found.made.append(is_uri(entry.to) ? to_uri(captured) : from_uri(captured));
        found.made.append(entry.to, at + 1);
        return found;
    }
    return {};
}

}  // namespace

TablePlan::Found TablePlan::find_forward(std::string_view code) const {
    if (const Entry* entry = find(forward, forward_heads, code)) return {entry->to, entry->display, {}};
    return through_pattern(forward_patterns, code);
}

TablePlan::Found TablePlan::find_backward(std::string_view code) const {
    if (const Entry* entry = find(backward, backward_heads, code)) return {entry->to, entry->display, {}};
    return through_pattern(backward_patterns, code);
}

const MessagePlan* Plan::message(std::string_view structure) const noexcept {
    for (const auto& message : messages)
        if (message->name == structure) return message.get();
    return nullptr;
}

const MessagePlan* Plan::message_for(std::string_view type, std::string_view event) const noexcept {
    for (const auto& message : messages) {
        if (message->name.substr(0, 3) != type || message->name.size() < 4 || message->name[3] != '_') continue;
        for (const auto& e : message->events)
            if (e == event) return message.get();
    }
    return nullptr;
}

std::string_view Plan::setting(const std::string& name) const noexcept {
    const auto at = settings.find(name);
    return at == settings.end() ? std::string_view() : std::string_view(at->second);
}

}  // namespace causeway::mappings
