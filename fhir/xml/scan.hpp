#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace causeway::fhir::xml {

constexpr std::string_view fhir_namespace = "http://hl7.org/fhir";
constexpr std::string_view xhtml_namespace = "http://www.w3.org/1999/xhtml";

/// One piece of markup that stands at a '<'.
struct Markup {
    enum class Kind : unsigned char { open, close, empty, other, bad };  ///< other: comment, CDATA, instruction
    Kind kind = Kind::bad;
    std::string_view name;  ///< of a tag
    std::size_t end = 0;    ///< just behind the '>'
};

/// Reads the markup at bytes[at], which is '<'. Attribute values are skipped, quotes respected.
Markup read_markup(std::string_view bytes, std::size_t at) noexcept;

/// The whole element that starts at bytes[at] ('<'), closing tag included; empty if its tags do not balance.
std::string_view whole_element(std::string_view bytes, std::size_t at) noexcept;

/// The first markup of the element at bytes[at] that is not well-formed or does not close what is open; npos if none.
std::size_t find_bad_markup(std::string_view bytes, std::size_t at) noexcept;
/// The elements that are open at a byte, and the one whose tag it stands in: `Patient.name`.
std::string path_at(std::string_view bytes, std::size_t offset);

/// What makes the text unusable as XML 1.0 in our sense, found before any parser sees it.
struct Fault {
    std::string_view message;  ///< empty = none
    std::size_t offset = 0;
};
/// Characters that XML 1.0 excludes, references to them, named entities other than the five, document types.
Fault find_fault(std::string_view bytes) noexcept;

/// True if the text is one well-formed element: tags balance, attributes have values and occur once, references are
/// good.
bool is_well_formed_element(std::string_view text);

/// The value of an attribute of the text's first tag, as written; nothing if it has none. For well-formed elements.
std::optional<std::string_view> attribute_of(std::string_view element, std::string_view name) noexcept;

}  // namespace causeway::fhir::xml
