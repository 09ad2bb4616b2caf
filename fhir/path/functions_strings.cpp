#include <algorithm>
#include <array>

#include "fhir/path/evaluator.hpp"

namespace causeway::fhir::path {
namespace {

using F = FunctionId;

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string to_base64(std::string_view bytes, std::string_view letters) {
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
        for (std::size_t k = 0; k < 3; ++k)
            group = group << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0U);
        for (std::size_t k = 0; k < 4; ++k) out.push_back(k <= count ? letters[group >> (18 - 6 * k) & 63U] : '=');
    }
    return out;
}

std::optional<std::string> from_base64(std::string_view text, std::string_view letters) {
    std::string out;
    std::uint32_t group = 0;
    int bits = 0;
    while (text.ends_with('=')) text.remove_suffix(1);
    for (const char c : text) {
        const std::size_t value = letters.find(c);
        if (value == std::string_view::npos) return std::nullopt;
        group = group << 6 | static_cast<std::uint32_t>(value);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out.push_back(static_cast<char>(static_cast<unsigned char>(group >> bits)));
        }
    }
    return out;
}

std::string to_hex(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out.push_back(digits[byte >> 4]);
        out.push_back(digits[byte & 15U]);
    }
    return out;
}

std::optional<std::string> from_hex(std::string_view text) {
    if (text.size() % 2 != 0) return std::nullopt;
    std::string out;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        unsigned value = 0;
        for (const char c : text.substr(i, 2)) {
            const unsigned digit = c >= '0' && c <= '9'   ? static_cast<unsigned>(c - '0')
                                   : c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a' + 10)
                                   : c >= 'A' && c <= 'F' ? static_cast<unsigned>(c - 'A' + 10)
                                                          : 16U;
            if (digit == 16U) return std::nullopt;
            value = value * 16 + digit;
        }
        out.push_back(static_cast<char>(static_cast<unsigned char>(value)));
    }
    return out;
}

struct Escape {
    char c;
    std::string_view html, json;
};
constexpr std::array<Escape, 9> escapes = {{{'"', "&quot;", "\\\""},
                                            {'&', "&amp;", ""},
                                            {'<', "&lt;", ""},
                                            {'>', "&gt;", ""},
                                            {'\'', "&#39;", ""},
                                            {'\\', "", "\\\\"},
                                            {'\n', "", "\\n"},
                                            {'\r', "", "\\r"},
                                            {'\t', "", "\\t"}}};

std::string escape(std::string_view text, bool html) {
    std::string out;
    for (const char c : text) {
        std::string_view written;
        for (const Escape& rule : escapes) {
            if (rule.c == c) written = html ? rule.html : rule.json;
        }
        if (written.empty()) {
            out.push_back(c);
        } else {
            out += written;
        }
    }
    return out;
}

std::string unescape(std::string_view text, bool html) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const Escape* found = nullptr;
        for (const Escape& rule : escapes) {
            const std::string_view written = html ? rule.html : rule.json;
            if (!written.empty() && text.substr(at).starts_with(written)) found = &rule;
        }
        out.push_back(found ? found->c : text[at]);
        at += found ? (html ? found->html : found->json).size() : 1;
    }
    return out;
}

bool continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

/// Strings are counted in code points.
std::size_t length(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return !continuation(c); }));
}

/// Byte offset of a code point; npos behind the end.
std::size_t byte_of(std::string_view text, std::size_t index) {
    std::size_t at = 0;
    for (; at < text.size(); ++at) {
        if (continuation(text[at])) continue;
        if (index-- == 0) return at;
    }
    return index == 0 ? at : std::string_view::npos;
}

/// Upper or lower case of ASCII and Latin-1, Greek and Cyrillic letters.
std::string change_case(std::string_view text, bool upper) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto byte = static_cast<unsigned char>(text[at]);
        if (byte < 0x80) {
            const bool letter = upper ? byte >= 'a' && byte <= 'z' : byte >= 'A' && byte <= 'Z';
            out.push_back(static_cast<char>(letter ? byte ^ 0x20U : byte));
            continue;
        }
        if (byte < 0xC3 || byte > 0xD1 || at + 1 >= text.size()) {
            out.push_back(text[at]);
            continue;
        }
        unsigned code = (byte & 0x1FU) << 6 | (static_cast<unsigned char>(text[++at]) & 0x3FU);
        const auto shift = [&](unsigned low, unsigned high, unsigned by) {
            if (upper && code >= low + by && code <= high + by) {
                code -= by;
                return true;
            }
            if (!upper && code >= low && code <= high) {
                code += by;
                return true;
            }
            return false;
        };
        if (code != 0xD7 && code != 0xF7 && !shift(0xC0, 0xDE, 32) && !shift(0x391, 0x3A9, 32) &&
            !shift(0x410, 0x42F, 32))
            shift(0x400, 0x40F, 80);
        out.push_back(static_cast<char>(0xC0U | code >> 6));
        out.push_back(static_cast<char>(0x80U | (code & 0x3FU)));
    }
    return out;
}

std::string replace(std::string_view text, std::string_view pattern, std::string_view substitution) {
    std::string out;
    if (pattern.empty()) {
        out += substitution;
        for (std::size_t at = 0; at < text.size();) {
            std::size_t end = at + 1;
            while (end < text.size() && continuation(text[end])) ++end;
            out += text.substr(at, end - at);
            out += substitution;
            at = end;
        }
        return out;
    }
    for (std::size_t at = 0;;) {
        const std::size_t found = text.find(pattern, at);
        out += text.substr(at, found == std::string_view::npos ? found : found - at);
        if (found == std::string_view::npos) return out;
        out += substitution;
        at = found + pattern.size();
    }
}

bool substring(Evaluator& e, const Step& step, const Scope& scope, std::string_view text, Collection& out) {
    const auto start = e.integer_argument(step, 0, scope);
    if (!start) return e.good();
    std::optional<std::int64_t> count;
    if (step.argument_count > 1) {
        count = e.integer_argument(step, 1, scope);
        if (!e.good()) return false;
    }
    const std::size_t from = *start < 0 ? std::string_view::npos : byte_of(text, static_cast<std::size_t>(*start));
    if (from == std::string_view::npos || from >= text.size()) return true;
    text.remove_prefix(from);
    if (count) {
        const std::size_t end = byte_of(text, static_cast<std::size_t>(std::max<std::int64_t>(0, *count)));
        if (end != std::string_view::npos) text = text.substr(0, end);
    }
    out.push_back(Item::of(text));
    return true;
}

bool match(Evaluator& e, const Step& step, const Scope& scope, std::string_view text, Collection& out) {
    const Regex* regex = step.regex;
    std::optional<Regex> compiled;
    if (!regex) {
        const auto pattern = e.string_argument(step, 0, scope);
        if (!pattern) return e.good();
        std::string error;
        compiled = Regex::compile(*pattern, error);
        if (!compiled) return e.fail(step, "regular expression: " + error);
        regex = &*compiled;
    }
    if (!e.spend(text.size() / 8, step)) return false;
    if (step.function == F::replace_matches) {
        const auto substitution = e.string_argument(step, 1, scope);
        if (!substitution) return e.good();
        out.push_back(regex->empty() ? Item::of(text) : e.make_text(regex->replace(text, *substitution)));
        return true;
    }
    out.push_back(Item::of(regex->matches(text, step.function == F::matches_full)));
    return true;
}

bool split(Evaluator& e, const Step& step, std::string_view text, std::string_view separator, Collection& out) {
    if (separator.empty()) {
        out.push_back(Item::of(text));
        return true;
    }
    for (std::size_t at = 0;;) {
        const std::size_t found = text.find(separator, at);
        out.push_back(Item::of(text.substr(at, found == std::string_view::npos ? found : found - at)));
        if (found == std::string_view::npos) return e.spend(out.size(), step);
        at = found + separator.size();
    }
}

bool join(Evaluator& e, const Step& step, const Scope& scope, const Collection& input, Collection& out) {
    std::string_view separator;
    if (step.argument_count == 1) {
        const auto given = e.string_argument(step, 0, scope);
        if (!given) return e.good();
        separator = *given;
    }
    if (input.empty()) return true;
    std::string text;
    for (const Item& item : input) {
        const Item value = e.value_of(item);
        if (value.kind() != ItemKind::string) return e.fail(step, "join() takes strings, not " + type_name(value));
        if (&item != &input.front()) text += separator;
        text += value.text();
    }
    out.push_back(e.make_text(text));
    return true;
}

bool code(Evaluator& e, const Step& step, std::string_view text, std::string_view format, Collection& out) {
    std::optional<std::string> result;
    const bool encode = step.function == F::encode;
    if (format == "base64") {
        result = encode ? to_base64(text, alphabet) : from_base64(text, alphabet);
    } else if (format == "urlbase64") {
        result = encode ? to_base64(text, url_alphabet) : from_base64(text, url_alphabet);
    } else if (format == "hex") {
        result = encode ? to_hex(text) : from_hex(text);
    } else {
        return e.fail(step, "formats are base64, urlbase64 and hex");
    }
    if (result) out.push_back(e.make_text(*result));
    return true;
}

}  // namespace

bool Strings::call(Evaluator& e, const Step& step, const Scope& scope, const Collection& input, Collection& out) {
    if (step.function == F::join) return join(e, step, scope, input, out);
    if (input.empty()) return true;
    const auto given = e.string_of(step, input, std::string(step.text) + "()");
    if (!given) return e.good();
    const std::string_view text = *given;
    const auto give = [&](bool value) {
        out.push_back(Item::of(value));
        return true;
    };
    const auto give_number = [&](std::size_t value) {
        out.push_back(Item::of(static_cast<std::int64_t>(value)));
        return true;
    };
    switch (step.function) {
        case F::length:
            return give_number(length(text));
        case F::upper:
        case F::lower:
            out.push_back(e.make_text(change_case(text, step.function == F::upper)));
            return true;
        case F::substring:
            return substring(e, step, scope, text, out);
        case F::matches:
        case F::matches_full:
        case F::replace_matches:
            return match(e, step, scope, text, out);
        case F::to_chars:
            for (std::size_t at = 0; at < text.size();) {
                std::size_t end = at + 1;
                while (end < text.size() && continuation(text[end])) ++end;
                out.push_back(Item::of(text.substr(at, end - at)));
                at = end;
            }
            return e.spend(out.size(), step);
        case F::trim: {
            constexpr std::string_view blanks = " \t\r\n\f\v";
            const std::size_t first = text.find_first_not_of(blanks);
            out.push_back(Item::of(first == std::string_view::npos
                                       ? std::string_view("")
                                       : text.substr(first, text.find_last_not_of(blanks) - first + 1)));
            return true;
        }
        default:
            break;
    }
    const auto argument = e.string_argument(step, 0, scope);
    if (!argument) return e.good();
    const auto index = [&](std::size_t found) {
        if (found != std::string_view::npos) return give_number(length(text.substr(0, found)));
        out.push_back(Item::of(std::int64_t{-1}));
        return true;
    };
    switch (step.function) {
        case F::starts_with:
            return give(text.starts_with(*argument));
        case F::ends_with:
            return give(text.ends_with(*argument));
        case F::contains:
            return give(text.find(*argument) != std::string_view::npos);
        case F::index_of:
            return index(text.find(*argument));
        case F::last_index_of:
            return index(text.rfind(*argument));
        case F::split:
            return split(e, step, text, *argument, out);
        case F::encode:
        case F::decode:
            return code(e, step, text, *argument, out);
        case F::escape:
        case F::unescape: {
            if (*argument != "html" && *argument != "json") return e.fail(step, "targets are html and json");
            const bool html = *argument == "html";
            out.push_back(e.make_text(step.function == F::escape ? escape(text, html) : unescape(text, html)));
            return true;
        }
        default: {  // replace
            const auto substitution = e.string_argument(step, 1, scope);
            if (!substitution) return e.good();
            if (!e.spend(text.size() * (substitution->size() + 1) / 64, step)) return false;
            out.push_back(e.make_text(replace(text, *argument, *substitution)));
            return true;
        }
    }
}

}  // namespace causeway::fhir::path
