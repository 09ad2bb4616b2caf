#pragma once
#include <cstddef>
#include <string_view>

namespace causeway::fhir {

/// Length of the well-formed UTF-8 sequence (RFC 3629) at `at`, which is a byte from 0x80 up; 0 if there is none.
std::size_t utf8_sequence(std::string_view bytes, std::size_t at) noexcept;

/// Offset of the first byte that is not UTF-8, or npos.
std::size_t find_bad_utf8(std::string_view bytes) noexcept;

}  // namespace causeway::fhir
