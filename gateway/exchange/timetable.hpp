#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "mappings/engine/time_zone.hpp"

namespace causeway::exchange {

/// A time of day on some days of the week when messages may go to a partner: "Mon-Fri 08:00-18:00", "22:00-06:00"
/// (over midnight: it belongs to the day on which it begins), "Sat,Sun 00:00-24:00".
struct Window {
    std::uint8_t days = 0x7f;  ///< bit 0 is Monday
    std::uint16_t from_minute = 0, to_minute = 24 * 60;

    static std::optional<Window> parse(std::string_view text);
    friend bool operator==(const Window&, const Window&) = default;
};

/// When a partner may be sent to: its windows, and how many messages a minute. No windows: always; 0 a minute: as fast
/// as it answers.
///
/// The rate is a bucket that holds one minute's messages at most and is refilled evenly, so that a partner is neither
/// flooded after a pause nor kept waiting for one message.
class Timetable {
public:
    Timetable(std::vector<Window> windows, std::string_view time_zone, std::uint32_t per_minute);

    /// The first moment from `now_us` on at which a message may go: `now_us` itself if one may go now.
    std::int64_t allowed_us(std::int64_t now_us) const noexcept;
    /// Messages have gone.
    void took(std::int64_t now_us, std::size_t messages) noexcept;

private:
    std::int64_t open_us(std::int64_t now_us) const noexcept;

    std::vector<Window> windows_;
    mappings::TimeZone zone_;
    double per_us_ = 0, capacity_ = 0, tokens_ = 0;
    std::int64_t filled_us_ = 0;
};

}  // namespace causeway::exchange
