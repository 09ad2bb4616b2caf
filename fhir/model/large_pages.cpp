#include "fhir/model/large_pages.hpp"

#include <sys/mman.h>

#include <cstdint>

namespace causeway::fhir {

void ask_for_large_pages(const void* begin, std::size_t bytes) noexcept {
    constexpr std::size_t page_bytes = std::size_t{1} << 21, from_bytes = 2 * page_bytes;
    if (bytes < from_bytes) return;
    // Of the memory there is, the large pages that lie in it whole.
    const auto first = (reinterpret_cast<std::uintptr_t>(begin) + page_bytes - 1) & ~(page_bytes - 1);
    const auto end = (reinterpret_cast<std::uintptr_t>(begin) + bytes) & ~(page_bytes - 1);
    if (first < end) ::madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE);
}

}  // namespace causeway::fhir
