#pragma once
#include <fmt/format.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

namespace causeway::ops::log {

enum class Level : std::uint8_t { debug, info, warning, error };
enum class Format : std::uint8_t { text, json };

/// One named value of a log line. Values are codes, names of partners, sizes, times and ids of ours: never clinical
/// content.
struct Field {
    std::string_view name;
    std::string value;
    bool number = false;

    Field(std::string_view field_name, std::string_view text) : name(field_name), value(text) {}
    Field(std::string_view field_name, const char* text) : name(field_name), value(text) {}
    Field(std::string_view field_name, const std::string& text) : name(field_name), value(text) {}
    template <class Number>
        requires std::is_arithmetic_v<Number>
    Field(std::string_view field_name, Number value_of)
        : name(field_name), value(fmt::format("{}", value_of)), number(true) {}
};

/// Called once by main before threads start. Lines go to stderr, one write each, so that lines of threads do not mix.
void configure(Level lowest, Format format);
/// From now on; any thread.
void set_level(Level lowest) noexcept;
/// "debug", "info", "warning", "error"; info for anything else.
Level level_of(std::string_view name) noexcept;

/// `event` is a fixed lower-case name with dots ("mllp.session.closed"): it is what people search for.
/// Control characters in values are escaped, so that no value can forge a line.
void write(Level level, std::string_view event, std::initializer_list<Field> fields);

inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::debug, event, fields);
}
inline void info(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::info, event, fields);
}
inline void warning(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::warning, event, fields);
}
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::error, event, fields);
}

/// The line that write() would print, for tests.
std::string render(Level level, std::string_view event, std::initializer_list<Field> fields, Format format,
                   std::int64_t now_us);

}  // namespace causeway::ops::log
