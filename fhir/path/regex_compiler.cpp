#include "fhir/path/regex.hpp"

namespace causeway::fhir::path {
namespace {

constexpr std::size_t code_max = 20'000;
constexpr int depth_max = 100;
constexpr unsigned unbounded = 0xFFFFFFFF;

}  // namespace

/// Pattern to instructions by recursive descent. Each part is compiled in place; a repetition copies its part.
class RegexCompiler {
public:
    RegexCompiler(std::string_view pattern, Regex& out, std::string& error)
        : pattern_(pattern), out_(out), error_(error) {}

    bool run() {
        if (pattern_.starts_with("(?i)")) {
            out_.fold_ = true;
            at_ = 4;
        }
        emit({Regex::Op::save, false, 0, 0});
        if (!alternatives()) return false;
        if (at_ < pattern_.size()) return fail("unmatched ')'");
        emit({Regex::Op::save, false, 1, 0});
        emit({Regex::Op::match});
        return true;
    }

private:
    using Op = Regex::Op;
    using Instruction = Regex::Instruction;

    bool fail(std::string message) {
        if (error_.empty()) error_ = std::move(message);
        return false;
    }
    char peek(std::size_t ahead = 0) const { return at_ + ahead < pattern_.size() ? pattern_[at_ + ahead] : '\0'; }
    bool end() const { return at_ >= pattern_.size(); }
    std::uint32_t here() const { return static_cast<std::uint32_t>(out_.code_.size()); }
    std::uint32_t emit(Instruction instruction) {
        out_.code_.push_back(instruction);
        return here() - 1;
    }

    bool alternatives() {
        if (++depth_ > depth_max) return fail("nested too deeply");
        if (!sequence()) return false;
        std::vector<std::uint32_t> jumps;
        std::uint32_t previous = 0;  // the split before; 0 is a save
        while (!end() && peek() == '|') {
            ++at_;
            insert(start_of_last_, {Op::split});
            out_.code_[start_of_last_].first = start_of_last_ + 1;
            if (previous) out_.code_[previous].second = start_of_last_;
            previous = start_of_last_;
            jumps.push_back(emit({Op::jump}));
            out_.code_[start_of_last_].second = here();
            if (!sequence()) return false;
        }
        for (const std::uint32_t jump : jumps) out_.code_[jump].first = here();
        --depth_;
        return out_.code_.size() <= code_max || fail("pattern is too large");
    }

    bool sequence() {
        const std::uint32_t start = here();
        while (!end() && peek() != '|' && peek() != ')') {
            const std::uint32_t part = here();
            if (!atom()) return false;
            if (!repetition(part)) return false;
            if (out_.code_.size() > code_max) return fail("pattern is too large");
        }
        start_of_last_ = start;
        return true;
    }

    /// Makes room for one instruction at `at`; targets behind it move.
    void insert(std::uint32_t at, Instruction instruction) {
        for (Instruction& other : out_.code_) {
            if (other.op != Op::jump && other.op != Op::split) continue;
            if (other.first >= at) ++other.first;
            if (other.op == Op::split && other.second >= at) ++other.second;
        }
        out_.code_.insert(out_.code_.begin() + at, instruction);
    }

    bool atom() {
        const char c = peek();
        switch (c) {
            case '(':
                return group();
            case '[':
                return set();
            case '.':
                ++at_;
                emit({Op::any});
                return true;
            case '^':
                ++at_;
                emit({Op::line_start});
                return true;
            case '$':
                ++at_;
                emit({Op::line_end});
                return true;
            case '\\':
                return escape();
            case '*':
            case '+':
            case '?':
                return fail("nothing to repeat");
            default:
                return literal(next_code());
        }
    }

    bool group() {
        ++at_;
        std::size_t number = 0;
        if (peek() == '?') {
            ++at_;
            if (peek() == ':') {
                ++at_;
            } else if ((peek() == '<' || peek() == 'P') && peek(1) != '=' && peek(1) != '!') {
                if (peek() == 'P') ++at_;
                ++at_;
                const std::size_t close = pattern_.find('>', at_);
                if (close == std::string_view::npos) return fail("name of a group is not closed");
                number = out_.groups_++;
                out_.names_.emplace_back(pattern_.substr(at_, close - at_), number);
                at_ = close + 1;
            } else {
                return fail("look-around and inline options are not supported");
            }
        } else {
            number = out_.groups_++;
        }
        if (out_.groups_ > 100) return fail("too many groups");
        if (number) emit({Op::save, false, static_cast<std::uint32_t>(number * 2), 0});
        if (!alternatives()) return false;
        if (peek() != ')' || end()) return fail("unmatched '('");
        ++at_;
        if (number) emit({Op::save, false, static_cast<std::uint32_t>(number * 2 + 1), 0});
        return true;
    }

    bool number(unsigned& value) {
        if (peek() < '0' || peek() > '9') return false;
        value = 0;
        for (; peek() >= '0' && peek() <= '9'; ++at_) {
            value = value * 10 + static_cast<unsigned>(peek() - '0');
            if (value > 5000) return fail("repetition count over 5000");
        }
        return true;
    }

    bool repetition(std::uint32_t start) {
        unsigned low = 0;
        unsigned high = unbounded;
        switch (end() ? '\0' : peek()) {
            case '*':
                break;
            case '+':
                low = 1;
                break;
            case '?':
                high = 1;
                break;
            case '{': {
                const std::size_t back = at_;
                ++at_;
                if (!number(low)) {
                    at_ = back;
                    return error_.empty();  // a literal brace, taken by the next atom
                }
                high = low;
                if (peek() == ',') {
                    ++at_;
                    if (!number(high)) high = unbounded;
                    if (!error_.empty()) return false;
                }
                if (peek() != '}' || (high < low)) return fail("bad repetition");
                break;
            }
            default:
                return true;
        }
        ++at_;
        const bool lazy = peek() == '?' && !end();
        if (lazy || (peek() == '+' && !end())) ++at_;
        return repeat(start, low, high, lazy) &&
               (end() || (peek() != '*' && peek() != '+') || fail("nothing to repeat"));
    }

    bool repeat(std::uint32_t start, unsigned low, unsigned high, bool lazy) {
        const std::vector<Instruction> part(out_.code_.begin() + start, out_.code_.end());
        const std::size_t copies = high == unbounded ? low + 1 : high;
        if ((part.size() + 2) * copies + out_.code_.size() > code_max) return fail("pattern is too large");
        out_.code_.resize(start);
        const auto append = [&] {
            const std::uint32_t moved = here() - start;
            for (Instruction instruction : part) {
                if (instruction.op == Op::jump || instruction.op == Op::split) {
                    instruction.first += moved;
                    instruction.second += moved;
                }
                emit(instruction);
            }
        };
        const auto fork = [&](std::uint32_t split, std::uint32_t inside, std::uint32_t outside) {
            out_.code_[split].first = lazy ? outside : inside;
            out_.code_[split].second = lazy ? inside : outside;
        };
        for (unsigned i = 0; i < low; ++i) append();
        if (high == unbounded) {
            const std::uint32_t split = emit({Op::split});
            append();
            emit({Op::jump, false, split, 0});
            fork(split, split + 1, here());
            return true;
        }
        std::vector<std::uint32_t> splits;
        for (unsigned i = low; i < high; ++i) {
            splits.push_back(emit({Op::split}));
            append();
        }
        for (const std::uint32_t split : splits) fork(split, split + 1, here());
        return true;
    }

    char32_t next_code() {
        const auto byte = static_cast<unsigned char>(pattern_[at_++]);
        if (byte < 0xC0) return byte;
        const int more = byte >= 0xF0 ? 3 : byte >= 0xE0 ? 2 : 1;
        char32_t code = byte & (0x3FU >> more);
        for (int i = 0; i < more && !end(); ++i)
            code = (code << 6) | (static_cast<unsigned char>(pattern_[at_++]) & 0x3FU);
        return code;
    }

    bool literal(char32_t code) {
        add_range(code, code);
        return finish_set(1, false);
    }
    void add_range(char32_t low, char32_t high) { out_.ranges_.push_back({low, high}); }
    bool finish_set(std::size_t count, bool negated) {
        emit({Op::set, negated, static_cast<std::uint32_t>(out_.ranges_.size() - count),
              static_cast<std::uint32_t>(count)});
        return out_.ranges_.size() <= 100'000 || fail("pattern is too large");
    }

    /// Adds the ranges of \d \w \s (or their opposites); 0 if the letter is none of them.
    std::size_t class_ranges(char letter) {
        const std::size_t before = out_.ranges_.size();
        constexpr char32_t last = 0x10FFFF;
        switch (letter) {
            case 'd':
                add_range('0', '9');
                break;
            case 'D':
                add_range(0, '0' - 1);
                add_range('9' + 1, last);
                break;
            case 'w':
                add_range('a', 'z');
                add_range('A', 'Z');
                add_range('0', '9');
                add_range('_', '_');
                break;
            case 'W':
                add_range(0, '0' - 1);
                add_range('9' + 1, 'A' - 1);
                add_range('Z' + 1, '_' - 1);
                add_range('`', '`');
                add_range('z' + 1, last);
                break;
            case 's':
                add_range(9, 13);
                add_range(' ', ' ');
                add_range(0xA0, 0xA0);
                add_range(0x2028, 0x2029);
                break;
            case 'S':
                add_range(0, 8);
                add_range(14, 31);
                add_range(33, 0x9F);
                add_range(0xA1, 0x2027);
                add_range(0x202A, last);
                break;
            default:
                break;
        }
        return out_.ranges_.size() - before;
    }

    bool hex(int digits, char32_t& code) {
        code = 0;
        for (int i = 0; i < digits; ++i, ++at_) {
            const char c = peek();
            const char32_t value = c >= '0' && c <= '9'   ? static_cast<char32_t>(c - '0')
                                   : c >= 'a' && c <= 'f' ? static_cast<char32_t>(c - 'a' + 10)
                                   : c >= 'A' && c <= 'F' ? static_cast<char32_t>(c - 'A' + 10)
                                                          : 16U;
            if (value == 16U) return fail("hexadecimal digits expected");
            code = code * 16 + value;
        }
        return true;
    }

    /// One escaped character that is no class.
    bool escaped(char32_t& code) {
        if (end()) return fail("pattern ends with '\\'");
        const char c = peek();
        switch (c) {
            case 'n':
                code = '\n';
                break;
            case 'r':
                code = '\r';
                break;
            case 't':
                code = '\t';
                break;
            case 'f':
                code = '\f';
                break;
            case 'v':
                code = '\v';
                break;
            case 'x':
                ++at_;
                return hex(2, code);
            case 'u':
                ++at_;
                return hex(4, code);
            default:
                if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
                    return fail("escape is not supported");
                code = next_code();
                return true;
        }
        ++at_;
        return true;
    }

    bool escape() {
        ++at_;
        if (end()) return fail("pattern ends with '\\'");
        const char c = peek();
        if (c == 'b' || c == 'B') {
            ++at_;
            emit({c == 'b' ? Op::word_edge : Op::not_word_edge});
            return true;
        }
        if (const std::size_t count = class_ranges(c)) {
            ++at_;
            return finish_set(count, false);
        }
        char32_t code = 0;
        return escaped(code) && literal(code);
    }

    bool set() {
        ++at_;
        const bool negated = peek() == '^';
        if (negated) ++at_;
        std::size_t count = 0;
        bool first = true;
        for (;; first = false) {
            if (end()) return fail("unmatched '['");
            if (peek() == ']' && !first) break;
            char32_t low = 0;
            if (peek() == '\\') {
                ++at_;
                if (const std::size_t added = class_ranges(peek())) {
                    ++at_;
                    count += added;
                    continue;
                }
                if (peek() == 'b') return fail("escape is not supported");
                if (!escaped(low)) return false;
            } else {
                low = next_code();
            }
            char32_t high = low;
            if (peek() == '-' && at_ + 1 < pattern_.size() && peek(1) != ']') {
                ++at_;
                if (peek() == '\\') {
                    ++at_;
                    if (!escaped(high)) return false;
                } else {
                    high = next_code();
                }
                if (high < low) return fail("range is the wrong way round");
            }
            add_range(low, high);
            ++count;
        }
        ++at_;
        return finish_set(count, negated);
    }

    std::string_view pattern_;
    Regex& out_;
    std::string& error_;
    std::size_t at_ = 0;
    std::uint32_t start_of_last_ = 0;
    int depth_ = 0;
};

std::optional<Regex> Regex::compile(std::string_view pattern, std::string& error) {
    Regex regex;
    error.clear();
    if (!RegexCompiler(pattern, regex, error).run()) return std::nullopt;
    return regex;
}

}  // namespace causeway::fhir::path
