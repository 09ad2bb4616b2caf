// Any bytes as a map file: the parser ends, and says where each fault stands.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "mappings/engine/parser.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace causeway::mappings;
    Diagnostics faults;
    parse({"fuzz.map", std::string(reinterpret_cast<const char*>(data), size)}, 0, faults);
    for (const auto& fault : faults)
        if (fault.line == 0 || fault.column == 0) std::abort();
    return 0;
}
