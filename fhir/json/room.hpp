#pragma once
#include <cstddef>
#include <string>

namespace causeway::fhir {

/// RapidJSON reads whole 16-byte blocks, up to 15 bytes past the terminator. A text with so much room behind it is parsed
/// where it is, not copied.
constexpr std::size_t json_padding_bytes = 16;

/// Room for so many bytes and no more: std::string::reserve gives the double of what there was where less is asked for.
inline void reserve_exactly(std::string& text, std::size_t bytes) {
    if (bytes <= text.capacity()) return;
    std::string roomy;
    roomy.reserve(bytes);
    roomy.append(text);
    text.swap(roomy);
}

}  // namespace causeway::fhir
