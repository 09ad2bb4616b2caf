// Any bytes decode; any text is written so that it reads back, without a delimiter left in it.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "hl7v2/escape.hpp"

using namespace causeway::hl7v2;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

std::string decoded(std::string_view raw, const Delimiters& delimiters) {
    std::string out;
    decode_escapes(raw, delimiters, out);
    return out;
}

/// CR and CR LF come back as LF.
std::string with_line_feeds(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\r') {
            out += text[i];
            continue;
        }
        if (i + 1 < text.size() && text[i + 1] == '\n') ++i;
        out += '\n';
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const Delimiters kinds[] = {{},
                                {'|', '^', '~', '\\', '&', '#'},
                                {'$', '%', '*', '!', '@', '\0'},
                                {'|', '^', '\0', '\0', '\0', '\0'},
                                Delimiters::none()};
    const Delimiters& delimiters = kinds[data[0] % 5];
    const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::string text = decoded(input, delimiters);
    for (const LineBreaks line_breaks : {LineBreaks::command, LineBreaks::hexadecimal}) {
        for (const std::string_view source : {std::string_view(text), input}) {
            std::string encoded;
            const std::size_t lost = encode_escapes(source, delimiters, encoded, line_breaks);
            for (const char c : encoded) require(!delimiters.separates(c) && c != '\r' && c != '\n');
            if (lost == 0) require(decoded(encoded, delimiters) == with_line_feeds(source));
        }
    }
    return 0;
}
