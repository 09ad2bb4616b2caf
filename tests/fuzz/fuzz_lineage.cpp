// Any bytes as a stored lineage: refused, or read so that each entry is found by its element and by its place.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "mappings/engine/lineage.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace causeway::mappings;
    const std::string bytes(reinterpret_cast<const char*>(data), size);
    const auto lineage = Lineage::load(bytes);
    if (!lineage) return 0;
    for (const auto& entry : lineage->entries()) {
        if (entry.resource >= lineage->resources().size() || entry.line >= lineage->lines().size()) std::abort();
        if (!entry.element.empty() && lineage->of_element(lineage->resources()[entry.resource], entry.element).empty())
            std::abort();
        if (entry.has_source && lineage->of_place(lineage->name_of(entry.source)).empty()) std::abort();
    }
    return 0;
}
