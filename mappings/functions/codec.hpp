#pragma once
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace causeway::mappings {

/// What a codec may see of the value it converts: components by number (subcomponent 0 or 1 = the first), as plain
/// text.
class CodecInput {
public:
    virtual ~CodecInput() = default;
    virtual std::string component(int component, int subcomponent = 1) const = 0;
    /// Another field of the same segment.
    virtual std::string field(int field, int component = 1) const = 0;
};
/// Where a codec puts the components of the value it gives back.
class CodecOutput {
public:
    virtual ~CodecOutput() = default;
    virtual void component(int component, std::string_view text) = 0;
};

/// A conversion that the map language is too poor for: a name, a function and its inverse.
/// Both are total: they give false for what they cannot convert, and never throw.
struct Codec {
    std::string_view name;
    std::string_view does;  ///< one line for the reference
    bool (*forward)(const CodecInput& in, std::string& out);
    bool (*backward)(std::string_view text, CodecOutput& out);  ///< null: there is no way back
};

/// All there are, by name.
std::span<const Codec> all_codecs() noexcept;
/// By name; null if there is none.
const Codec* find_codec(std::string_view name) noexcept;

}  // namespace causeway::mappings
