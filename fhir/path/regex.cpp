#include "fhir/path/regex.hpp"

namespace causeway::fhir::path {
namespace {

constexpr std::size_t work_max = 200'000'000;
constexpr char32_t no_code = 0xFFFFFFFF;

char32_t decode(std::string_view text, std::size_t at, std::size_t& size) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const std::size_t more = byte >= 0xF0 ? 3 : byte >= 0xE0 ? 2 : byte >= 0xC0 ? 1 : 0;
    size = 1;
    if (more == 0 || at + more >= text.size() + (more == 0)) return byte;
    char32_t code = byte & (0x3FU >> more);
    for (std::size_t i = 1; i <= more; ++i) {
        if (at + i >= text.size()) return byte;
        code = (code << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3FU);
    }
    size = more + 1;
    return code;
}

char32_t folded(char32_t code) { return code >= 'A' && code <= 'Z' ? code + 32 : code; }

bool word(char32_t code) {
    return (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z') || (code >= '0' && code <= '9') || code == '_';
}

/// The places the simulation is at, each with the group bounds it came with, in order of preference.
struct Threads {
    explicit Threads(std::size_t program) : seen(program, 0) {}
    std::vector<std::uint32_t> places;
    std::vector<std::vector<std::size_t>> bounds;
    std::vector<std::uint32_t> seen;  ///< generation in which a place was entered
    std::uint32_t generation = 0;
    void clear() {
        places.clear();
        bounds.clear();
        ++generation;
    }
};

}  // namespace

bool Regex::in_set(const Instruction& instruction, char32_t code) const {
    bool found = false;
    for (std::uint32_t i = 0; i < instruction.second && !found; ++i) {
        const Range& range = ranges_[instruction.first + i];
        found = code >= range.low && code <= range.high;
        if (!found && fold_) {
            const char32_t lower = folded(code);
            const char32_t upper = lower >= 'a' && lower <= 'z' ? lower - 32 : lower;
            found = (lower >= range.low && lower <= range.high) || (upper >= range.low && upper <= range.high);
        }
    }
    return found != instruction.negated;
}

std::optional<Regex::Match> Regex::find(std::string_view text, std::size_t from, bool whole) const {
    Threads now(code_.size());
    Threads next(code_.size());
    now.clear();
    next.clear();
    std::optional<Match> best;
    std::size_t work = 0;
    std::vector<std::pair<std::uint32_t, std::vector<std::size_t>>> stack;
    char32_t before = no_code;
    if (from > 0) before = static_cast<unsigned char>(text[from - 1]);

    for (std::size_t at = from;;) {
        std::size_t size = 0;
        const char32_t code = at < text.size() ? decode(text, at, size) : no_code;
        // follows jumps from one place; ends at places that read a character or match
        const auto enter = [&](Threads& threads, std::uint32_t start, std::vector<std::size_t> start_bounds,
                               std::size_t position, char32_t left, char32_t right) {
            stack.clear();
            stack.emplace_back(start, std::move(start_bounds));
            while (!stack.empty()) {
                auto [place, bounds] = std::move(stack.back());
                stack.pop_back();
                if (threads.seen[place] == threads.generation) continue;
                threads.seen[place] = threads.generation;
                ++work;
                const Instruction& instruction = code_[place];
                switch (instruction.op) {
                    case Op::jump:
                        stack.emplace_back(instruction.first, std::move(bounds));
                        break;
                    case Op::split:
                        stack.emplace_back(instruction.second, bounds);
                        stack.emplace_back(instruction.first, std::move(bounds));
                        break;
                    case Op::save:
                        bounds[instruction.first] = position;
                        stack.emplace_back(place + 1, std::move(bounds));
                        break;
                    case Op::line_start:
                        if (position == 0) stack.emplace_back(place + 1, std::move(bounds));
                        break;
                    case Op::line_end:
                        if (position == text.size()) stack.emplace_back(place + 1, std::move(bounds));
                        break;
                    case Op::word_edge:
                    case Op::not_word_edge: {
                        const bool edge = (left != no_code && word(left)) != (right != no_code && word(right));
                        if (edge == (instruction.op == Op::word_edge)) stack.emplace_back(place + 1, std::move(bounds));
                        break;
                    }
                    default:
                        threads.places.push_back(place);
                        threads.bounds.push_back(std::move(bounds));
                }
            }
        };
        if (!best && (at == from || !whole))
            enter(now, 0, std::vector<std::size_t>(groups_ * 2, npos), at, before, code);
        if (now.places.empty() && (best || whole)) break;
        std::size_t after_size = 0;
        const std::size_t after = at + size;
        const char32_t following = after < text.size() ? decode(text, after, after_size) : no_code;
        for (std::size_t i = 0; i < now.places.size(); ++i) {
            const Instruction& instruction = code_[now.places[i]];
            if (instruction.op == Op::match) {
                if (whole && at != text.size()) continue;
                best = Match{std::move(now.bounds[i])};
                break;  // what follows is less preferred
            }
            if (code == no_code) continue;
            if (instruction.op == Op::any || in_set(instruction, code))
                enter(next, now.places[i] + 1, std::move(now.bounds[i]), after, code, following);
        }
        if (work > work_max) return std::nullopt;
        std::swap(now, next);
        next.clear();
        if (at >= text.size()) break;
        before = code;
        at = after;
    }
    return best;
}

std::string Regex::replace(std::string_view text, std::string_view substitution) const {
    std::string out;
    std::size_t at = 0;
    while (at <= text.size() && out.size() < 64 * 1024 * 1024) {
        const auto match = find(text, at);
        if (!match) break;
        const auto group = [&](std::size_t index) {
            if (index >= groups_ || match->bounds[index * 2] == npos || match->bounds[index * 2 + 1] == npos)
                return std::string_view();
            return text.substr(match->bounds[index * 2], match->bounds[index * 2 + 1] - match->bounds[index * 2]);
        };
        out += text.substr(at, match->bounds[0] - at);
        for (std::size_t i = 0; i < substitution.size(); ++i) {
            if (substitution[i] == '$' && i + 1 < substitution.size()) {
                const char c = substitution[i + 1];
                if (c >= '0' && c <= '9') {
                    out += group(static_cast<std::size_t>(c - '0'));
                    ++i;
                    continue;
                }
                const std::size_t close = c == '{' ? substitution.find('}', i) : std::string_view::npos;
                if (close != std::string_view::npos) {
                    const std::string_view name = substitution.substr(i + 2, close - i - 2);
                    for (const auto& [known, number] : names_) {
                        if (known == name) out += group(number);
                    }
                    i = close;
                    continue;
                }
                if (c == '$') ++i;
            }
            out += substitution[i];
        }
        if (match->bounds[1] == match->bounds[0]) {
            if (match->bounds[1] >= text.size()) return out;
            std::size_t size = 0;
            decode(text, match->bounds[1], size);
            out += text.substr(match->bounds[1], size);
            at = match->bounds[1] + size;
        } else {
            at = match->bounds[1];
        }
    }
    if (at < text.size()) out += text.substr(at);
    return out;
}

}  // namespace causeway::fhir::path
