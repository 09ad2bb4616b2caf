#pragma once
#include <cstddef>

namespace causeway::fhir {

/// Memory of many megabytes that is about to be written asks the system for large pages: otherwise it is a page fault for
/// every 64 elements. Advice: nothing depends on its being taken; less than a few megabytes is left as it is.
void ask_for_large_pages(const void* begin, std::size_t bytes) noexcept;

}  // namespace causeway::fhir
