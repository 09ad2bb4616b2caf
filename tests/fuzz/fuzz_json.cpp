// Any bytes as JSON: what is taken must be written and read again as the same tree, and stable from then on; what is
// refused must say what and where.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "fhir/json/json.hpp"

using namespace causeway::fhir;

namespace {

void must(bool holds) {
    if (!holds) std::abort();
}

/// The place an error names lies in the text, and line and column agree with the offset.
void check_place(const Error& error, std::string_view text) {
    must(!error.message.empty());
    must(error.offset <= text.size() + 3);
    if (error.line == 0) return;
    std::size_t lines = 1;
    for (const char c : text) lines += c == '\n';
    must(error.line <= lines && error.column >= 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 16384) return 0;
    const std::string text(reinterpret_cast<const char*>(data), size);
    Limits limits;
    limits.depth_max = 40;
    limits.elements_max = 2000;
    const auto document = parse_json(text, limits);
    if (document.has_error()) {
        check_place(document.error(), text);
        return 0;
    }
    for (const bool pretty : {false, true}) {
        const std::string written = to_json((*document)->root(), {.pretty = pretty});
        const auto again = parse_json(written, limits);
        // a member may be more than the limit after `_x` moved beside `x`, but never less of a document
        must(again.has_value());
        must(same_content((*document)->root(), (*again)->root()));
        must(to_json((*again)->root(), {.pretty = pretty}) == written);
    }
    must(!path_of((*document)->root()).empty());
    return 0;
}
