#include "fhir/search/narrative.hpp"

#include <algorithm>

#include "fhir/search/normalise.hpp"

namespace causeway::fhir::search {
namespace {

constexpr std::size_t words_max = 2000;

bool has_word(std::string_view text, std::string_view word, bool beginning) {
    for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
        const bool starts = at == 0 || text[at - 1] == ' ';
        const auto end = at + word.size();
        if (starts && (beginning || end == text.size() || text[end] == ' ')) return true;
    }
    return false;
}

/// Words of normalised text: blanks part them.
template <class Each>
void each_word(std::string_view normalised, Each each) {
    while (!normalised.empty()) {
        const auto word = normalised.substr(0, normalised.find(' '));
        if (!word.empty()) each(word);
        normalised.remove_prefix(std::min(normalised.size(), word.size() + 1));
    }
}

}  // namespace

void append_untagged(std::string_view xhtml, std::string& out) {
    bool inside = false;
    for (const char c : xhtml) {
        if (c == '<') {
            inside = true;
            out += ' ';
        } else if (c == '>' && inside) {
            inside = false;
        } else if (!inside) {
            out += c;
        }
    }
    out += ' ';
}

std::vector<std::string> narrative_words(std::string_view xhtml, bool& cut) {
    std::string text;
    append_untagged(xhtml, text);
    std::vector<std::string> words;
    each_word(normalise(text), [&](std::string_view word) { words.emplace_back(word); });
    std::sort(words.begin(), words.end());
    words.erase(std::unique(words.begin(), words.end()), words.end());
    cut = words.size() > words_max;
    if (cut) words.clear();
    return words;
}

WantedText wanted_text(std::string_view operand) {
    WantedText wanted;
    while (!operand.empty()) {
        const bool quoted = operand.front() == '"';
        const auto end = quoted ? operand.find('"', 1) : operand.find(' ');
        auto part = operand.substr(quoted ? 1 : 0, end == std::string_view::npos ? end : end - (quoted ? 1 : 0));
        operand = end == std::string_view::npos ? std::string_view() : operand.substr(end + 1);
        const bool beginning = !quoted && part.ends_with('*');
        if (beginning) part.remove_suffix(1);
        std::string normal = normalise(part);
        if (normal.empty()) continue;
        if (beginning) {
            wanted.beginnings.push_back(std::move(normal));
            continue;
        }
        if (normal.find(' ') != std::string::npos) wanted.phrases.push_back(normal);
        each_word(normal, [&](std::string_view word) { wanted.words.emplace_back(word); });
    }
    return wanted;
}

bool text_meets(std::string_view normalised, const WantedText& wanted) {
    const auto there = [&](const std::string& text) { return has_word(normalised, text, false); };
    const bool any = !wanted.words.empty() || !wanted.beginnings.empty();
    return any && std::all_of(wanted.words.begin(), wanted.words.end(), there) &&
           std::all_of(wanted.phrases.begin(), wanted.phrases.end(), there) &&
           std::all_of(wanted.beginnings.begin(), wanted.beginnings.end(),
                       [&](const std::string& text) { return has_word(normalised, text, true); });
}

}  // namespace causeway::fhir::search
