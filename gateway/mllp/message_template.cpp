#include "gateway/mllp/message_template.hpp"

namespace causeway::mllp {

MessageTemplate::MessageTemplate(std::string_view text) {
    std::string literal;
    const auto flush = [&] {
        if (!literal.empty()) parts_.push_back({std::move(literal), false});
        literal.clear();
    };
    while (!text.empty()) {
        const auto at = std::min(text.find('$'), text.size());
        literal += text.substr(0, at);
        text.remove_prefix(at);
        if (text.starts_with("$${")) {
            literal += "${";
            text.remove_prefix(3);
        } else if (const auto end = text.starts_with("${") ? text.find('}') : std::string_view::npos;
                   end != std::string_view::npos) {
            flush();
            parts_.push_back({std::string(text.substr(2, end - 2)), true});
            text.remove_prefix(end + 1);
        } else if (!text.empty()) {
            literal += '$';
            text.remove_prefix(1);
        }
    }
    flush();
}

std::string MessageTemplate::render(const Values& value) const {
    std::string out;
    for (const auto& part : parts_) out += part.is_name ? value(part.text).value_or(std::string()) : part.text;
    return out;
}

std::vector<std::string> split_messages(std::string_view text) {
    std::vector<std::string> messages;
    constexpr std::string_view ends = "\r\n\v\x1c";
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find_first_of(ends, at), text.size());
        auto line = text.substr(at, end - at);
        at = end + 1;
        if (line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
        if (line.empty()) continue;
        const auto name = line.substr(0, 3);
        if (name == "FHS" || name == "BHS" || name == "BTS" || name == "FTS") continue;
        if (name == "MSH") messages.emplace_back();
        if (messages.empty()) continue;
        messages.back() += line;
        messages.back() += '\r';
    }
    return messages;
}

}  // namespace causeway::mllp
