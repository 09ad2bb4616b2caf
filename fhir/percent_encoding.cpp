#include "fhir/percent_encoding.hpp"

namespace causeway::fhir {

std::string percent_encoded(std::string_view text, std::string_view kept) {
    constexpr std::string_view marks = "-._~", digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                                marks.find(c) != std::string_view::npos;
        if (unreserved || kept.find(c) != std::string_view::npos) {
            out += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out += '%';
            out += digits[byte >> 4];
            out += digits[byte & 15U];
        }
    }
    return out;
}

}  // namespace causeway::fhir
