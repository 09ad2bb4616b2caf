// Any bytes as a stored lineage: refused, or read and stored again as the same bytes that mean the same.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "mappings/engine/lineage.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace causeway::mappings;
    const std::string bytes(reinterpret_cast<const char*>(data), size);
    const auto lineage = Lineage::load(bytes);
    if (!lineage) return 0;
    const auto stored = lineage->store();
    const auto again = Lineage::load(stored);
    if (!again || again->store() != stored || again->entries().size() != lineage->entries().size()) std::abort();
    for (const auto& entry : lineage->entries())
        if (!lineage->resources().empty() &&
            lineage->of_element(lineage->resources()[entry.resource], entry.element).empty() && !entry.element.empty())
            std::abort();
    return 0;
}
