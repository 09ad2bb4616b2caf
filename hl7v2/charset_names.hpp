#pragma once
// Table 0211 and how its sets are read; for charset.cpp and charset_encode.cpp.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace causeway::hl7v2::charsets {

enum class Coding : std::uint8_t { ascii, windows_1252, utf8, utf16, utf32, jis_x_0201, iso_2022, by_iconv };

struct Charset {
    std::string_view name;        ///< as the table spells it
    std::string_view iconv_name;  ///< NUL-terminated
    Coding coding;
};

struct FoundCharset {
    Charset charset;
    bool misspelt;
};

/// By the table's name or one of the usual wrong ones; nothing if unknown. Case and blanks at the ends do not matter.
std::optional<FoundCharset> find_charset(std::string_view name);

/// One conversion by iconv; single use in one thread.
class Converter {
public:
    Converter(std::string_view to, std::string_view from);
    ~Converter();
    Converter(const Converter&) = delete;
    Converter& operator=(const Converter&) = delete;

    explicit operator bool() const noexcept { return valid_; }

    /// Converts what it can from the front of `in` and removes it; stops before what it cannot. True if all was
    /// converted.
    bool convert(std::string_view& in, std::string& out);
    /// What returns the output to its first state.
    void finish(std::string& out);

private:
    void* handle_ = nullptr;
    bool valid_ = false;
};

}  // namespace causeway::hl7v2::charsets
