#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>

namespace causeway::hl7v2 {

/// What one message may cost. The defaults hold a scanned document in base64.
struct Limits {
    std::size_t message_bytes_max = std::size_t{64} << 20;  ///< never above 4 GiB: offsets are 32 bits wide
    std::size_t segments_max = 200'000;
};

/// A departure from the standard that is accepted from a sender who is known for it. Each use is counted
/// (MessageView::deviations), so that an operator sees what a partner really sends.
enum class Tolerance : std::uint8_t {
    line_feed,            ///< LF or CR LF ends a segment
    missing_final_end,    ///< no CR after the last segment
    blank_lines,          ///< empty lines between or after segments
    surrounding_bytes,    ///< blanks, line ends, a byte order mark or frame bytes before a segment or after the last
    lower_case_names,     ///< `pid|` for `PID|`
    joined_text_lines,    ///< a line that begins no segment continues the field before it
    extra_delimiters,     ///< MSH-2 longer than five characters; those after the fifth are ignored
    repeated_delimiters,  ///< MSH-2 names one character twice: the second is skipped (`^~\\&`) or, in up to four, unused
    odd_delimiters,       ///< a delimiter that is a letter, a digit, a blank or a control character
    missing_header,       ///< no MSH: the usual delimiters are taken
    control_bytes,        ///< NUL and other control characters in a value
    missing_control_id,   ///< MSH-10 is empty; reading does not need it, whoever answers or tells repeats apart does
};
inline constexpr std::size_t tolerance_count = 12;

/// The name used in configuration and in reports: `line_feed`.
std::string_view name(Tolerance tolerance) noexcept;
/// The tolerance of that name.
std::optional<Tolerance> find_tolerance(std::string_view name) noexcept;

/// A set of tolerances.
class Tolerances {
public:
    constexpr Tolerances() noexcept = default;
    constexpr Tolerances(std::initializer_list<Tolerance> list) noexcept {
        for (const Tolerance tolerance : list) bits_ |= bit(tolerance);
    }
    constexpr bool has(Tolerance tolerance) const noexcept { return (bits_ & bit(tolerance)) != 0; }
    constexpr Tolerances with(Tolerance tolerance) const noexcept {
        Tolerances more = *this;
        more.bits_ |= bit(tolerance);
        return more;
    }
    constexpr Tolerances without(Tolerance tolerance) const noexcept {
        Tolerances fewer = *this;
        fewer.bits_ &= ~bit(tolerance);
        return fewer;
    }
    constexpr Tolerances with(Tolerances others) const noexcept {
        others.bits_ |= bits_;
        return others;
    }
    friend constexpr bool operator==(Tolerances, Tolerances) = default;

    /// Reads a list of names as a configuration has it: tolerances, and `strict`, `usual`, `all` for the sets below.
    /// Nothing if a name is unknown.
    static std::optional<Tolerances> parse(std::span<const std::string_view> names) noexcept;

    static constexpr Tolerances strict() noexcept { return {}; }
    /// What changes no meaning, and half of all senders do.
    static constexpr Tolerances usual() noexcept {
        return {Tolerance::line_feed, Tolerance::missing_final_end, Tolerance::blank_lines,
                Tolerance::surrounding_bytes, Tolerance::control_bytes};
    }
    static constexpr Tolerances all() noexcept {
        Tolerances everything;
        everything.bits_ = (1U << tolerance_count) - 1;
        return everything;
    }

private:
    static constexpr std::uint32_t bit(Tolerance tolerance) noexcept { return 1U << static_cast<unsigned>(tolerance); }
    std::uint32_t bits_ = 0;
};

/// How often each tolerance was used.
class Deviations {
public:
    std::uint32_t operator[](Tolerance tolerance) const noexcept {
        return counts_[static_cast<std::size_t>(tolerance)];
    }
    std::uint32_t total() const noexcept {
        std::uint32_t sum = 0;
        for (const std::uint32_t count : counts_) sum += count;
        return sum;
    }
    void count(Tolerance tolerance, std::uint32_t times = 1) noexcept {
        counts_[static_cast<std::size_t>(tolerance)] += times;
    }

private:
    std::array<std::uint32_t, tolerance_count> counts_{};
};

/// How a message is read.
struct ParseOptions {
    Limits limits = {};
    Tolerances tolerances = Tolerances::usual();
};

}  // namespace causeway::hl7v2
