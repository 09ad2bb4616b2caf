#pragma once
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace causeway::patient_index::match {

/// Damerau-Levenshtein distance (optimal string alignment: insert, delete, replace, swap of neighbours), by byte.
/// Returns limit + 1 as soon as the distance is known to be above the limit.
std::size_t edits(std::string_view a, std::string_view b, std::size_t limit);

/// Jaro-Winkler similarity from 0 to 1, prefix weight .1 for at most four letters. Names above 64 bytes are cut there.
double jaro_winkler(std::string_view a, std::string_view b);

/// Soundex of a folded word: a letter and three digits; empty if the word holds no letter A to Z.
std::string soundex(std::string_view word);

enum class Likeness { none, weak, close, equal };

/// How alike two names are (three letters or more, and one edit, is close; see the implementation for the rest).
Likeness likeness(std::string_view a, std::string_view b);

}  // namespace causeway::patient_index::match
