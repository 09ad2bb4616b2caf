#pragma once
#include <string>
#include <string_view>

namespace causeway::patient_index::match {

/// The tables under data/, read once. All arguments are folded and joined.

/// One is a pet form of the other, or both are pet forms of one formal name. Not for equal names.
bool nickname_pair(std::string_view a, std::string_view b);

/// A given name of the census list or of the nickname table.
bool known_given_name(std::string_view name);

enum class TextField { given, family, email, street };
bool placeholder(TextField field, std::string_view value);

/// USPS abbreviation of a street suffix or direction; the word itself if there is none.
std::string_view street_word(std::string_view word);

}  // namespace causeway::patient_index::match
