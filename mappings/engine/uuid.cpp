#include "mappings/engine/uuid.hpp"

#include <array>
#include <cstdint>

namespace causeway::mappings {
namespace {

/// 7f1ad8f5-24c4-4d0b-9f2e-c2a1b0a7c001
constexpr std::array<std::uint8_t, 16> key_namespace = {0x7f, 0x1a, 0xd8, 0xf5, 0x24, 0xc4, 0x4d, 0x0b,
                                                        0x9f, 0x2e, 0xc2, 0xa1, 0xb0, 0xa7, 0xc0, 0x01};

}  // namespace

void append_uuid(std::string_view name, std::string& out, Sha1Row* row) {
    auto bytes = sha1({reinterpret_cast<const char*>(key_namespace.data()), key_namespace.size()}, name,
                      Sha1Code::automatic, row);
    bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x50);
    bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
    constexpr std::string_view digits = "0123456789abcdef";
    std::array<char, 36> text;
    std::size_t at = 0;
    for (std::size_t i = 0; i < 16; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text[at++] = '-';
        text[at++] = digits[bytes[i] >> 4];
        text[at++] = digits[bytes[i] & 15];
    }
    out.append(text.data(), text.size());
}

std::string uuid_of(std::string_view name) {
    std::string out;
    out.reserve(36);
    append_uuid(name, out);
    return out;
}

}  // namespace causeway::mappings
