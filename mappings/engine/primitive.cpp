#include "mappings/engine/primitive.hpp"

#include <algorithm>

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

/// Two digits, behind a separator unless that is '\0'.
void append_pair(std::string& out, int value, char separator = '\0') {
    const char text[3] = {separator, static_cast<char>('0' + value / 10), static_cast<char>('0' + value % 10)};
    out.append(separator == '\0' ? text + 1 : text, text + 3);
}

/// `.SSSS`: appended as sent. False if it is malformed.
bool take_fraction(std::string_view& text, std::string& out) {
    if (text.empty() || text.front() != '.') return true;
    std::size_t size = 1;
    while (size < text.size() && is_digit(text[size])) ++size;
    if (size == 1) return false;
    out += text.substr(0, size);
    text.remove_prefix(size);
    return true;
}

/// +HHMM, -HH:MM, Z, or nothing. Appends FHIR's spelling.
bool take_offset(std::string_view& text, std::string& out) {
    if (text == "Z") {
        out += 'Z';
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
        out += 'Z';
        return true;
    }
    out += sign;
    append_pair(out, hours);
    append_pair(out, minutes, ':');
    return true;
}

/// HH[MM[SS[.SSSS]]] as FHIR wants it, with seconds.
bool take_clock(std::string_view& text, LocalTime& time, std::string& out) {
    const int hour = take_pair(text);
    if (hour < 0 || hour > 23) return false;
    int minute = 0, second = 0;
    std::string fraction;
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
    append_pair(out, hour);
    append_pair(out, minute, ':');
    append_pair(out, second, ':');
    out += fraction;
    return true;
}

Converted timestamp(std::string_view text, FhirKind kind, const TimeZone& zone, std::string& out) {
    const int century = take_pair(text), years = take_pair(text);
    if (century < 0 || years < 0) return Converted::wrong;
    LocalTime time;
    time.year = century * 100 + years;
    if (time.year == 0) return Converted::wrong;
    append_pair(out, century);
    append_pair(out, years);
    const auto precision_only = [&] { return kind == FhirKind::instant ? Converted::imprecise : Converted::good; };
    const auto offset_alone = [&] { return text.empty() || text.front() == '+' || text.front() == '-'; };
    if (offset_alone()) return precision_only();
    time.month = take_pair(text);
    if (time.month < 1 || time.month > 12) return Converted::wrong;
    append_pair(out, time.month, '-');
    if (offset_alone()) return precision_only();
    time.day = take_pair(text);
    if (time.day < 1 || time.day > days_in_month(time.year, time.month)) return Converted::wrong;
    append_pair(out, time.day, '-');
    if (offset_alone()) return precision_only();
    std::string clock;
    if (!take_clock(text, time, clock)) return Converted::wrong;
    if (kind == FhirKind::date) return Converted::good;
    out += 'T';
    out += clock;
    if (!text.empty()) return take_offset(text, out) ? Converted::good : Converted::wrong;
    const auto offset = zone.offset_at(time);
    if (offset.minutes == 0) {
        out += 'Z';
    } else {
        const int minutes = offset.minutes < 0 ? -offset.minutes : offset.minutes;
        out += offset.minutes < 0 ? '-' : '+';
        append_pair(out, minutes / 60);
        append_pair(out, minutes % 60, ':');
    }
    return offset.doubtful ? Converted::doubtful : Converted::good;
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
            std::string_view rest = trim(text);
            if (!take_clock(rest, ignored, out)) result = Converted::wrong;
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
