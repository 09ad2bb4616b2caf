#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::fhir::path {

/// Regular expressions for matches(), matchesFull() and replaceMatches(): the common PCRE syntax without look-around
/// and back references. Runs in time proportional to text times pattern, never backtracks, works on code points. `.`
/// matches line ends too.
class Regex {
public:
    /// Empty with `error` set: what is wrong, or not supported.
    static std::optional<Regex> compile(std::string_view pattern, std::string& error);

    struct Match {
        std::vector<std::size_t>
            bounds;  ///< byte offsets, two per group, group 0 first; npos where a group took no part
    };
    /// The leftmost match from byte `from` on. `whole`: it must start at 0 and end at the end. nullopt: none, or too
    /// costly.
    std::optional<Match> find(std::string_view text, std::size_t from = 0, bool whole = false) const;
    bool matches(std::string_view text, bool whole) const { return find(text, 0, whole).has_value(); }
    /// The pattern was empty.
    bool empty() const { return code_.size() == 3; }
    /// `$1`, `${name}` and `$0` stand for groups, `$$` for a dollar.
    std::string replace(std::string_view text, std::string_view substitution) const;

    static constexpr std::size_t npos = static_cast<std::size_t>(-1);

private:
    friend class RegexCompiler;
    struct Range {
        char32_t low, high;
    };
    enum class Op : std::uint8_t { any, set, jump, split, save, line_start, line_end, word_edge, not_word_edge, match };
    struct Instruction {
        Op op;
        bool negated = false;
        std::uint32_t first = 0;   ///< jump, split: preferred target; save: slot; set: first range
        std::uint32_t second = 0;  ///< split: other target; set: number of ranges
    };
    bool in_set(const Instruction& instruction, char32_t code) const;

    std::vector<Instruction> code_;
    std::vector<Range> ranges_;
    std::vector<std::pair<std::string, std::size_t>> names_;
    std::size_t groups_ = 1;
    bool fold_ = false;
};

}  // namespace causeway::fhir::path
