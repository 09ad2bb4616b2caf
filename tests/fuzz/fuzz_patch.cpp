// A document, a NUL byte, a patch. What a patch makes must be readable again; an error must leave the document alone.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "fhir/json/json.hpp"
#include "fhir/patch/patch.hpp"

using namespace causeway::fhir;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 8192) return 0;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::size_t cut = input.find('\0');
    if (cut == std::string_view::npos) return 0;
    const auto document = parse_json(std::string(input.substr(0, cut)));
    const auto patch = parse_json(std::string(input.substr(cut + 1)));
    if (document.has_error() || patch.has_error()) return 0;
    const std::string before = to_json((*document)->root());
    const auto result = (*patch)->root().is_array() ? apply_json_patch(*document, *patch)
                                                    : apply_fhirpath_patch(*document, (*patch)->root());
    if (to_json((*document)->root()) != before) std::abort();
    if (result.has_error()) {
        if (result.error().message.empty()) std::abort();
        return 0;
    }
    (void)parse_json(to_json((*result)->root()));
    return 0;
}
