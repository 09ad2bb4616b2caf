#include "gateway/ops/log.hpp"

#include <unistd.h>

#include <atomic>
#include <ctime>

#include "gateway/ops/clock.hpp"

namespace causeway::ops::log {
namespace {

std::atomic<Level> lowest_level{Level::info};
std::atomic<Format> line_format{Format::text};

std::string_view name(Level level) {
    switch (level) {
        case Level::debug:
            return "debug";
        case Level::info:
            return "info";
        case Level::warning:
            return "warning";
        case Level::error:
            return "error";
    }
    return "error";
}

void append_escaped(std::string& out, std::string_view text) {
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20 || byte == 0x7f) {
            out += fmt::format("\\u{:04x}", byte);
        } else {
            out += c;
        }
    }
}

bool needs_quotes(std::string_view text) {
    if (text.empty()) return true;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte <= 0x20 || byte == 0x7f || c == '"' || c == '\\' || c == '=') return true;
    }
    return false;
}

std::string timestamp(std::int64_t now_us) {
    const std::time_t seconds = static_cast<std::time_t>(now_us / 1'000'000);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                       parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, now_us / 1000 % 1000);
}

}  // namespace

void configure(Level lowest, Format format) {
    lowest_level = lowest;
    line_format = format;
}

void set_level(Level lowest) noexcept { lowest_level = lowest; }

Level level_of(std::string_view level) noexcept {
    for (const Level each : {Level::debug, Level::warning, Level::error})
        if (level == name(each)) return each;
    return Level::info;
}

std::string render(Level level, std::string_view event, std::initializer_list<Field> fields, Format format,
                   std::int64_t now_us) {
    std::string line;
    line.reserve(160);
    if (format == Format::json) {
        line += fmt::format("{{\"time\":\"{}\",\"level\":\"{}\",\"event\":\"", timestamp(now_us), name(level));
        append_escaped(line, event);
        line += '"';
        for (const Field& field : fields) {
            line += fmt::format(",\"{}\":", field.name);
            if (field.number) {
                line += field.value;
            } else {
                line += '"';
                append_escaped(line, field.value);
                line += '"';
            }
        }
        line += "}\n";
        return line;
    }
    line += fmt::format("{} {:<7} {}", timestamp(now_us), name(level), event);
    for (const Field& field : fields) {
        line += fmt::format(" {}=", field.name);
        if (!field.number && needs_quotes(field.value)) {
            line += '"';
            append_escaped(line, field.value);
            line += '"';
        } else {
            line += field.value;
        }
    }
    line += '\n';
    return line;
}

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
    if (level < lowest_level.load(std::memory_order_relaxed)) return;
    const std::string line =
        render(level, event, fields, line_format.load(std::memory_order_relaxed), SystemClock{}.now_us());
    // A log that cannot be written must not stop the gateway: there is nowhere left to say so.
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace causeway::ops::log
