#include "gateway/patient_index/match/similarity.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace causeway::patient_index::match {
namespace {

constexpr std::size_t length_max = 64;

}  // namespace

std::size_t edits(std::string_view a, std::string_view b, std::size_t limit) {
    a = a.substr(0, length_max);
    b = b.substr(0, length_max);
    if (a == b) return 0;
    const std::size_t gap = a.size() > b.size() ? a.size() - b.size() : b.size() - a.size();
    if (gap > limit) return limit + 1;
    using Row = std::array<std::uint8_t, length_max + 1>;
    Row before{}, last{}, row{};
    for (std::size_t j = 0; j <= b.size(); ++j) last[j] = static_cast<std::uint8_t>(j);
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = static_cast<std::uint8_t>(i);
        std::size_t least = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            int best = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            best = std::min({best, last[j] + 1, row[j - 1] + 1});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                best = std::min(best, before[j - 2] + 1);
            row[j] = static_cast<std::uint8_t>(best);
            least = std::min<std::size_t>(least, row[j]);
        }
        if (least > limit) return limit + 1;
        before = last;
        last = row;
    }
    return std::min<std::size_t>(last[b.size()], limit + 1);
}

double jaro_winkler(std::string_view a, std::string_view b) {
    a = a.substr(0, length_max);
    b = b.substr(0, length_max);
    if (a.empty() || b.empty()) return 0;
    if (a == b) return 1;
    if (a.size() > b.size()) std::swap(a, b);
    const std::size_t reach = b.size() / 2 == 0 ? 0 : b.size() / 2 - 1;
    std::uint64_t used_a = 0, used_b = 0;
    int common = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const std::size_t from = i > reach ? i - reach : 0;
        const std::size_t to = std::min(b.size(), i + reach + 1);
        for (std::size_t j = from; j < to; ++j) {
            if (a[i] != b[j] || ((used_b >> j) & 1U)) continue;
            used_a |= 1ULL << i;
            used_b |= 1ULL << j;
            ++common;
            break;
        }
    }
    if (common == 0) return 0;
    int swapped = 0;
    std::size_t j = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (!((used_a >> i) & 1U)) continue;
        while (!((used_b >> j) & 1U)) ++j;
        if (a[i] != b[j]) ++swapped;
        ++j;
    }
    const double m = common;
    const double jaro =
        (m / static_cast<double>(a.size()) + m / static_cast<double>(b.size()) + (m - swapped / 2) / m) / 3;
    std::size_t prefix = 0;
    while (prefix < std::min<std::size_t>(4, a.size()) && a[prefix] == b[prefix]) ++prefix;
    return jaro + static_cast<double>(prefix) * .1 * (1 - jaro);
}

std::string soundex(std::string_view word) {
    // A..Z: 0 = vowel (parts equal codes), 7 = H and W (do not part them)
    constexpr std::string_view codes = "01230127022455012623017202";
    const auto code_of = [&](char c) { return c >= 'A' && c <= 'Z' ? codes[static_cast<std::size_t>(c - 'A')] : '-'; };
    std::string out;
    char last = 0;
    for (const char c : word) {
        const char code = code_of(c);
        if (code == '-') continue;
        if (out.empty()) {
            out.push_back(c);
            last = code;
            continue;
        }
        if (code == '7') continue;
        if (code != '0' && code != last) out.push_back(code);
        last = code;
        if (out.size() == 4) break;
    }
    if (!out.empty()) out.resize(4, '0');
    return out;
}

Likeness likeness(std::string_view a, std::string_view b) {
    if (a.empty() || b.empty()) return Likeness::none;
    if (a == b) return Likeness::equal;
    const std::size_t shorter = std::min(a.size(), b.size());
    if (shorter < 3) return Likeness::none;
    const std::size_t distance = edits(a, b, 2);
    if (distance <= 1) return Likeness::close;
    const double similar = jaro_winkler(a, b);
    if (shorter >= 4 && similar >= .93) return Likeness::close;
    if ((distance <= 2 && shorter >= 5) || similar >= .84) return Likeness::weak;
    return Likeness::none;
}

}  // namespace causeway::patient_index::match
