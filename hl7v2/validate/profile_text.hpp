#pragma once
#include <string>
#include <string_view>
#include <vector>

// Words of a profile's text, for the readers of profiles and conditions only.
namespace causeway::hl7v2 {

/// Removes blanks from the front.
void skip_blanks(std::string_view& text) noexcept;
/// Whether a quoted word comes next.
bool begins_quoted(std::string_view text) noexcept;
/// Takes the next word: up to a blank or parenthesis, a parenthesis, or what stands between quotes. Empty at the end.
std::string next_word(std::string_view& text);
/// Takes the next word if it is `word`.
bool take_word(std::string_view& text, std::string_view word);
/// Takes `(a b "c d")`; returns a fault, or nothing.
std::string take_values(std::string_view& text, std::vector<std::string>& values);

}  // namespace causeway::hl7v2
