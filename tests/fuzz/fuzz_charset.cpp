// Whatever the bytes and the declared set, the text is UTF-8; what can be written in a set is read back from it.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "hl7v2/charset.hpp"
#include "hl7v2/escape.hpp"

using namespace causeway::hl7v2;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static constexpr std::array<std::string_view, 26> names = {
        "",         "ASCII",         "8859/1",         "8859/2",         "8859/5",         "8859/6",
        "8859/7",   "8859/8",        "8859/9",         "8859/15",        "ISO IR6",        "ISO IR14",
        "ISO IR87", "ISO IR159",     "GB 18030-2000",  "KS X 1001",      "CNS 11643-1992", "BIG-5",
        "UNICODE",  "UNICODE UTF-8", "UNICODE UTF-16", "UNICODE UTF-32", "JAS2020",        "UTF-8",
        "NONSENSE", "CP1251"};
    if (size < 1) return 0;
    const std::string_view name = names[data[0] % names.size()];
    const std::string rest(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::string message = std::string("MSH|^~\\&|||||||||||||||| ").append(name).append("\rPID|").append(rest);
    const DecodedText decoded = decode_to_utf8(message);
    require(valid_utf8_prefix(decoded.text) == decoded.text.size());
    require(decoded.issues.size() <= DecodedText::issues_max + 4);
    const DecodedText bare = decode_to_utf8(rest, {.override_name = name});
    require(valid_utf8_prefix(bare.text) == bare.text.size());
    for (const Unmappable unmappable : {Unmappable::question_mark, Unmappable::transliterate, Unmappable::refuse}) {
        const auto encoded = encode_from_utf8(bare.text, name, unmappable);
        if (encoded) require(unmappable != Unmappable::refuse || encoded->replaced == 0);
    }
    (void)encode_message(decoded.text, name);
    return 0;
}
