#include "gateway/mllp/listen_script.hpp"

#include <array>
#include <charconv>
#include <stdexcept>
#include <utility>

namespace causeway::mllp {
namespace {

std::string_view trim(std::string_view text) {
    constexpr std::string_view blank = " \t\r";
    const auto from = text.find_first_not_of(blank);
    if (from == std::string_view::npos) return {};
    return text.substr(from, text.find_last_not_of(blank) - from + 1);
}

/// The next word, taken off the front.
std::string_view take_word(std::string_view& text) {
    text = trim(text);
    const auto end = std::min(text.find_first_of(" \t"), text.size());
    const auto word = text.substr(0, end);
    text.remove_prefix(end);
    text = trim(text);
    return word;
}

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
    return value;
}

/// The first ':' outside quotes; npos if there is none.
std::size_t head_end(std::string_view line) {
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '"') quoted = !quoted;
        if (line[i] == ':' && !quoted) return i;
    }
    return std::string_view::npos;
}

bool is_code(std::string_view code) {
    constexpr std::array<std::string_view, 6> codes = {"AA", "AE", "AR", "CA", "CE", "CR"};
    for (const auto known : codes) {
        if (known == code) return true;
    }
    return false;
}

using ActionResult = boost::system::result<ScriptAction, ScriptError>;

/// The line is filled in by whoever knows it.
ScriptError fault(std::string text) { return {0, std::move(text)}; }

ActionResult parse_answer(std::string_view rest) {
    ScriptAction action;
    const auto first = take_word(rest);
    if (first == "file") {
        action.kind = ScriptAction::Kind::answer_file;
        action.file = rest;
        if (rest.empty()) return fault("`answer file` needs a file name");
        return action;
    }
    if (!is_code(first)) return fault("answer needs AA, AE, AR, CA, CE, CR or `file NAME`");
    action.code = first;
    action.error = take_word(rest);
    if (!rest.empty()) return fault("unexpected text after the answer");
    return action;
}

ActionResult parse_send(std::string_view rest) {
    ScriptAction action;
    action.kind = ScriptAction::Kind::send_file;
    action.file = take_word(rest);
    if (action.file.empty()) return fault("send needs a file name");
    while (!rest.empty()) {
        const auto word = take_word(rest);
        const auto value = take_word(rest);
        if (word == "to" && !value.empty()) {
            action.to = value;
        } else if (const auto ms = parse_duration_ms(value); word == "after" && ms) {
            action.ms = *ms;
        } else {
            return fault("send FILE [to HOST:PORT] [after DURATION]");
        }
    }
    return action;
}

ActionResult parse_acknowledge(std::string_view rest) {
    ScriptAction action;
    action.kind = ScriptAction::Kind::acknowledge;
    action.code = take_word(rest);
    if (!is_code(action.code)) return fault("acknowledge needs AA, AE, AR, CA, CE or CR");
    while (!rest.empty()) {
        const auto word = take_word(rest);
        if (word != "to" && word != "after") {
            if (!action.error.empty()) return fault("acknowledge CODE [ERROR] [to HOST:PORT] [after DURATION]");
            action.error = word;
            continue;
        }
        const auto value = take_word(rest);
        const auto ms = parse_duration_ms(value);
        if (word == "to" && !value.empty()) {
            action.to = value;
        } else if (word == "after" && ms) {
            action.ms = *ms;
        } else {
            return fault("acknowledge CODE [ERROR] [to HOST:PORT] [after DURATION]");
        }
    }
    return action;
}

ActionResult parse_pieces(std::string_view rest) {
    ScriptAction action;
    action.kind = ScriptAction::Kind::pieces;
    const auto count = number(take_word(rest));
    const auto ms = parse_duration_ms(rest);
    if (!count || *count < 2 || *count > 1'000 || !ms)
        return fault("pieces needs 2 to 1000 and a duration between them");
    action.count = static_cast<std::uint32_t>(*count);
    action.ms = *ms;
    return action;
}

ActionResult parse_action(std::string_view text) {
    using Kind = ScriptAction::Kind;
    constexpr std::array<std::pair<std::string_view, Kind>, 5> plain = {{{"silence", Kind::silence},
                                                                         {"close", Kind::close},
                                                                         {"wrong-id", Kind::wrong_id},
                                                                         {"garbage", Kind::garbage},
                                                                         {"half", Kind::half}}};
    const auto verb = take_word(text);
    if (verb == "answer") return parse_answer(text);
    if (verb == "send") return parse_send(text);
    if (verb == "acknowledge") return parse_acknowledge(text);
    if (verb == "pieces") return parse_pieces(text);
    if (verb == "delay") {
        const auto ms = parse_duration_ms(text);
        if (!ms) return fault("delay needs a duration such as 250ms or 3s");
        ScriptAction action;
        action.kind = Kind::delay;
        action.ms = *ms;
        return action;
    }
    for (const auto& [name, kind] : plain) {
        if (name == verb && text.empty()) {
            ScriptAction action;
            action.kind = kind;
            return action;
        }
    }
    return fault("unknown action \"" + std::string(verb) + "\"");
}

boost::system::result<ScriptRule, ScriptError> parse_rule(std::string_view line) {
    ScriptRule rule;
    const auto colon = head_end(line);
    if (colon == std::string_view::npos) return fault("expected `on TYPE [where CONDITION] [times N]: ACTION; …`");
    auto head = line.substr(0, colon);
    auto body = line.substr(colon + 1);
    if (take_word(head) != "on") return fault("a rule begins with `on`");
    rule.type = take_word(head);
    if (rule.type.empty()) return fault("`on` needs a message type or *");
    if (const auto at = head.rfind("times "); at != std::string_view::npos && (at == 0 || head[at - 1] == ' ')) {
        rule.times = number(trim(head.substr(at + 6)));
        if (!rule.times) return fault("times needs a number");
        head = trim(head.substr(0, at));
    }
    if (!head.empty()) {
        if (take_word(head) != "where") return fault("expected where, times or ':'");
        auto condition = exchange::Condition::parse(head);
        if (condition.has_error()) return fault("condition: " + condition.error().text);
        rule.condition = std::move(*condition);
    }
    while (true) {
        const auto end = std::min(body.find(';'), body.size());
        auto action = parse_action(trim(body.substr(0, end)));
        if (action.has_error()) return action.error();
        rule.actions.push_back(std::move(*action));
        if (end == body.size()) return rule;
        body.remove_prefix(end + 1);
    }
}

bool type_fits(std::string_view wanted, std::string_view type, std::string_view event) {
    if (wanted == "*") return true;
    const auto caret = wanted.find('^');
    if (caret == std::string_view::npos) return wanted == type;
    return wanted.substr(0, caret) == type && wanted.substr(caret + 1) == event;
}

}  // namespace

void throw_exception_from_error(const ScriptError& error, const boost::source_location&) {
    throw std::runtime_error("line " + std::to_string(error.line) + ": " + error.text);
}

std::optional<std::uint64_t> parse_duration_ms(std::string_view text) {
    constexpr std::array<std::pair<std::string_view, std::uint64_t>, 3> units = {
        {{"ms", 1}, {"s", 1'000}, {"m", 60'000}}};
    for (const auto& [unit, factor] : units) {
        if (!text.ends_with(unit)) continue;
        const auto value = number(text.substr(0, text.size() - unit.size()));
        if (value && *value <= 86'400'000 / factor) return *value * factor;
    }
    return std::nullopt;
}

ListenScript::Result ListenScript::parse(std::string_view text) {
    ListenScript script;
    std::size_t number = 0;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        const auto line = trim(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        ++number;
        if (line.empty() || line.front() == '#') continue;
        auto rule = parse_rule(line);
        if (rule.has_error()) return ScriptError{number, rule.error().text};
        rule->line = number;
        script.rules_.push_back(std::move(*rule));
    }
    return script;
}

const ScriptRule* ListenScript::match(const hl7v2::MessageView& message) {
    for (auto& rule : rules_) {
        if (!type_fits(rule.type, message.message_type(), message.trigger_event()) || rule.times == 0u ||
            !rule.condition.holds(message))
            continue;
        if (rule.times) --*rule.times;
        return &rule;
    }
    return nullptr;
}

}  // namespace causeway::mllp
