#include "fhir/model/utf8.hpp"

#include <cstdint>
#include <cstring>

namespace causeway::fhir {

namespace {

bool continues(std::string_view bytes, std::size_t at) noexcept {
    return at < bytes.size() && (static_cast<unsigned char>(bytes[at]) & 0xC0U) == 0x80U;
}

}  // namespace

std::size_t utf8_sequence(std::string_view bytes, std::size_t at) noexcept {
    const auto lead = static_cast<unsigned char>(bytes[at]);
    if (lead < 0xC2 || lead > 0xF4 || !continues(bytes, at + 1)) return 0;
    const auto second = static_cast<unsigned char>(bytes[at + 1]);
    if (lead < 0xE0) return 2;
    if (!continues(bytes, at + 2)) return 0;
    if (lead < 0xF0) {
        if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F)) return 0;
        return 3;
    }
    if (!continues(bytes, at + 3) || (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) return 0;
    return 4;
}

std::size_t find_bad_utf8(std::string_view bytes) noexcept {
    std::size_t at = 0;
    while (at < bytes.size()) {
        std::uint64_t word = 0;
        if (at + 8 <= bytes.size()) {
            std::memcpy(&word, bytes.data() + at, 8);
            if ((word & 0x8080808080808080ULL) == 0) {
                at += 8;
                continue;
            }
        }
        if (static_cast<unsigned char>(bytes[at]) < 0x80) {
            ++at;
            continue;
        }
        const auto length = utf8_sequence(bytes, at);
        if (length == 0) return at;
        at += length;
    }
    return std::string_view::npos;
}

}  // namespace causeway::fhir
