#pragma once
#include <string>
#include <string_view>

namespace causeway::patient_index::match {

/// How a name may sound: Double Metaphone (Philips 2000), four sounds of consonants. The second is that of another
/// language's reading, and equals the first where there is only one. '0' is the English th.
struct Sound {
    std::string first, second;
    bool empty() const { return first.empty() && second.empty(); }
};

/// Of a folded name (capital letters A to Z; anything else is passed over).
Sound double_metaphone(std::string_view name);

/// One reading of one is one reading of the other.
bool sounds_alike(std::string_view a, std::string_view b);

}  // namespace causeway::patient_index::match
