#include "mappings/engine/primitive.hpp"

#include <algorithm>
#include <array>

namespace causeway::mappings {
namespace {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

/// Two digits at the front; -1 if they are not there.
int take_pair(std::string_view& text) noexcept {
    if (text.size() < 2 || !is_digit(text[0]) || !is_digit(text[1])) return -1;
    const int value = (text[0] - '0') * 10 + (text[1] - '0');
    text.remove_prefix(2);
    return value;
}

/// What a date or a time becomes, built in place: it is short, apart from the fraction of its second.
class Clock {
public:
    /// Two digits, behind a separator unless that is '\0'.
    void pair(int value, char separator = '\0') noexcept {
        if (separator != '\0') *at_++ = separator;
        *at_++ = static_cast<char>('0' + value / 10);
        *at_++ = static_cast<char>('0' + value % 10);
    }
    void one(char c) noexcept { *at_++ = c; }
    /// What was built, behind `out`.
    void end(std::string& out) {
        out.append(room_.data(), static_cast<std::size_t>(at_ - room_.data()));
        at_ = room_.data();
    }

private:
    std::array<char, 32> room_;  // "2024-03-10T08:30:00" and "+01:00"
    char* at_ = room_.data();
};

/// `.SSSS`: given as sent. False if it is malformed.
bool take_fraction(std::string_view& text, std::string_view& fraction) {
    if (text.empty() || text.front() != '.') return true;
    std::size_t size = 1;
    while (size < text.size() && is_digit(text[size])) ++size;
    if (size == 1) return false;
    fraction = text.substr(0, size);
    text.remove_prefix(size);
    return true;
}

/// +HHMM, -HH:MM, Z, or nothing. Appends FHIR's spelling.
bool take_offset(std::string_view& text, Clock& out) {
    if (text == "Z") {
        out.one('Z');
        text = {};
        return true;
    }
    const char sign = text.front();
    if (sign != '+' && sign != '-') return false;
    text.remove_prefix(1);
    const int hours = take_pair(text);
    if (!text.empty() && text.front() == ':') text.remove_prefix(1);
    const int minutes = take_pair(text);
    if (hours < 0 || hours > 14 || minutes < 0 || minutes > 59 || !text.empty()) return false;
    if (hours == 0 && minutes == 0) {
        out.one('Z');
        return true;
    }
    out.pair(hours, sign);
    out.pair(minutes, ':');
    return true;
}

/// HH[MM[SS[.SSSS]]] as FHIR wants it, with seconds; `before` it stands a letter, unless that is '\0'.
bool take_clock(std::string_view& text, LocalTime& time, char before, Clock& clock, std::string& out) {
    const int hour = take_pair(text);
    if (hour < 0 || hour > 23) return false;
    int minute = 0, second = 0;
    std::string_view fraction;
    if (!text.empty() && is_digit(text.front())) {
        minute = take_pair(text);
        if (minute < 0 || minute > 59) return false;
        if (!text.empty() && is_digit(text.front())) {
            second = take_pair(text);
            if (second < 0 || second > 59) return false;
            if (!take_fraction(text, fraction)) return false;
        }
    }
    time.hour = hour;
    time.minute = minute;
    time.second = second;
    clock.pair(hour, before);
    clock.pair(minute, ':');
    clock.pair(second, ':');
    if (fraction.empty()) return true;
    clock.end(out);
    out += fraction;
    return true;
}

/// What follows the year; the rest of what it becomes is in `built`.
Converted after_year(std::string_view text, LocalTime& time, FhirKind kind, const TimeZone& zone, Clock& built,
                     std::string& out) {
    const auto precision_only = [&] { return kind == FhirKind::instant ? Converted::imprecise : Converted::good; };
    const auto offset_alone = [&] { return text.empty() || text.front() == '+' || text.front() == '-'; };
    if (offset_alone()) return precision_only();
    time.month = take_pair(text);
    if (time.month < 1 || time.month > 12) return Converted::wrong;
    built.pair(time.month, '-');
    if (offset_alone()) return precision_only();
    time.day = take_pair(text);
    if (time.day < 1 || time.day > days_in_month(time.year, time.month)) return Converted::wrong;
    built.pair(time.day, '-');
    if (offset_alone()) return precision_only();
    if (kind == FhirKind::date) {
        Clock ignored;
        std::string fraction;
        return take_clock(text, time, '\0', ignored, fraction) ? Converted::good : Converted::wrong;
    }
    if (!take_clock(text, time, 'T', built, out)) return Converted::wrong;
    if (!text.empty()) return take_offset(text, built) ? Converted::good : Converted::wrong;
    const auto offset = zone.offset_at(time);
    if (offset.minutes == 0) {
        built.one('Z');
    } else {
        const int minutes = offset.minutes < 0 ? -offset.minutes : offset.minutes;
        built.pair(minutes / 60, offset.minutes < 0 ? '-' : '+');
        built.pair(minutes % 60, ':');
    }
    return offset.doubtful ? Converted::doubtful : Converted::good;
}

Converted timestamp(std::string_view text, FhirKind kind, const TimeZone& zone, std::string& out) {
    const int century = take_pair(text), years = take_pair(text);
    if (century < 0 || years < 0) return Converted::wrong;
    LocalTime time;
    time.year = century * 100 + years;
    if (time.year == 0) return Converted::wrong;
    Clock built;
    built.pair(century);
    built.pair(years);
    const Converted result = after_year(text, time, kind, zone, built, out);
    built.end(out);
    return result;
}

/// "+05" is sent and means 5; JSON wants it so.
Converted number(std::string_view text, bool integer, std::string& out) {
    text = trim(text);
    if (!text.empty() && text.front() == '+') text.remove_prefix(1);
    if (!text.empty() && text.front() == '-') {
        out += '-';
        text.remove_prefix(1);
    }
    std::size_t zeros = 0;
    while (zeros + 1 < text.size() && text[zeros] == '0' && is_digit(text[zeros + 1])) ++zeros;
    text.remove_prefix(zeros);
    if (!text.empty() && text.front() == '.') out += '0';
    out += text;
    if (!out.empty() && out.back() == '.') out.pop_back();
    if (!is_json_number(out)) return Converted::wrong;
    if (integer && out.find_first_of(".eE") != std::string::npos) return Converted::wrong;
    return Converted::good;
}

}  // namespace

bool is_json_number(std::string_view text) noexcept {
    std::size_t i = 0;
    const auto digits = [&] {
        const std::size_t start = i;
        while (i < text.size() && is_digit(text[i])) ++i;
        return i - start;
    };
    if (i < text.size() && text[i] == '-') ++i;
    const std::size_t start = i;
    const std::size_t whole = digits();
    if (whole == 0 || (whole > 1 && text[start] == '0')) return false;
    if (i < text.size() && text[i] == '.') {
        ++i;
        if (digits() == 0) return false;
    }
    if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
        ++i;
        if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
        if (digits() == 0) return false;
    }
    return i == text.size();
}

Converted to_fhir(std::string_view text, FhirKind kind, const TimeZone& zone, std::string& out) {
    Converted result = Converted::good;
    switch (kind) {
        case FhirKind::number:
        case FhirKind::integer:
            result = number(text, kind == FhirKind::integer, out);
            break;
        case FhirKind::boolean:
            if (text == "Y" || text == "true" || text == "1")
                out = "true";
            else if (text == "N" || text == "false" || text == "0")
                out = "false";
            else
                result = Converted::wrong;
            break;
        case FhirKind::date:
        case FhirKind::date_time:
        case FhirKind::instant:
            result = timestamp(trim(text), kind, zone, out);
            break;
        case FhirKind::time: {
            LocalTime ignored;
            Clock built;
            std::string_view rest = trim(text);
            if (!take_clock(rest, ignored, '\0', built, out)) result = Converted::wrong;
            built.end(out);
            break;
        }
        case FhirKind::string:
        case FhirKind::complex:
            if (trim(text).empty())
                result = Converted::wrong;  // R4 has no string of blanks only
            else
                out.assign(text);
            break;
    }
    if (result == Converted::wrong || result == Converted::imprecise) out.clear();
    if (out.empty() && result == Converted::good) result = Converted::wrong;
    return result;
}

bool to_v2(std::string_view text, FhirKind from, V2Kind kind, OffsetPolicy policy, std::string& out) {
    switch (from) {
        case FhirKind::boolean:
            out = text == "true" ? "Y" : "N";
            return true;
        case FhirKind::date:
        case FhirKind::date_time:
        case FhirKind::instant:
        case FhirKind::time: {
            const std::size_t t = from == FhirKind::time ? 0 : text.find('T');
            std::string_view date =
                from == FhirKind::time ? std::string_view() : text.substr(0, std::min(t, text.size()));
            std::string_view clock =
                t == std::string_view::npos ? std::string_view() : text.substr(from == FhirKind::time ? 0 : t + 1);
            std::string_view offset;
            const std::size_t sign = clock.find_first_of("Z+-");
            if (sign != std::string_view::npos) {
                offset = clock.substr(sign);
                clock = clock.substr(0, sign);
            }
            if (kind == V2Kind::date) clock = offset = {};
            if (kind == V2Kind::time) date = {};
            for (const char c : date)
                if (c != '-') out += c;
            for (const char c : clock)
                if (c != ':') out += c;
            if (clock.empty() || policy == OffsetPolicy::never) return !out.empty();
            if (offset == "Z")
                out += "+0000";
            else
                for (const char c : offset)
                    if (c != ':') out += c;
            return !out.empty();
        }
        default:
            out.assign(text);
            return !out.empty();
    }
}

}  // namespace causeway::mappings
