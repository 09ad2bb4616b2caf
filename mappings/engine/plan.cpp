#include "mappings/engine/plan.hpp"

#include <algorithm>

namespace causeway::mappings {
namespace {

const TablePlan::Entry* find(const std::vector<TablePlan::Entry>& entries, std::string_view code) {
    const auto at = std::lower_bound(entries.begin(), entries.end(), code, [](const TablePlan::Entry& e, std::string_view c) { return e.from < c; });
    return at != entries.end() && at->from == code ? &*at : nullptr;
}

/// The text the row's star captured goes where the other cell has a star.
std::string through_pattern(const std::vector<TablePlan::Entry>& entries, std::string_view code, std::string* display) {
    for (const auto& entry : entries) {
        const auto star = entry.from.find('*');
        const std::string_view head = std::string_view(entry.from).substr(0, star), tail = std::string_view(entry.from).substr(star + 1);
        if (code.size() < head.size() + tail.size() || code.substr(0, head.size()) != head || code.substr(code.size() - tail.size()) != tail) continue;
        if (display) *display = entry.display;
        const auto at = entry.to.find('*');
        if (at == std::string::npos) return entry.to;
        const auto captured = code.substr(head.size(), code.size() - head.size() - tail.size());
        return entry.to.substr(0, at) + std::string(captured) + entry.to.substr(at + 1);
    }
    return {};
}

}  // namespace

std::string TablePlan::find_forward(std::string_view code, std::string* display) const {
    if (const Entry* entry = find(forward, code)) {
        if (display) *display = entry->display;
        return entry->to;
    }
    return through_pattern(forward_patterns, code, display);
}

std::string TablePlan::find_backward(std::string_view code) const {
    if (const Entry* entry = find(backward, code)) return entry->to;
    return through_pattern(backward_patterns, code, nullptr);
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
