#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace causeway::patient_index::match {

/// Upper case with accents removed: Latin letters become A to Z (ß is SS, Æ is AE), Greek and Cyrillic letters become
/// capitals, combining marks vanish, everything else of UTF-8 stays. Bytes that are not UTF-8 are dropped.
std::string fold(std::string_view utf8);

/// The words of a folded text: runs of letters and digits (ASCII, or any non-ASCII character); apostrophes join (O'NEIL
/// is ONEIL).
std::vector<std::string> words(std::string_view folded);

std::string joined(const std::vector<std::string>& parts);
std::string digits(std::string_view text);

}  // namespace causeway::patient_index::match
