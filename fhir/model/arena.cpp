#include "fhir/model/arena.hpp"

#include <sys/mman.h>

#include <algorithm>

namespace causeway::fhir {
namespace {

/// A document of many megabytes gets blocks that ask for large pages: otherwise it is a page fault for every 64 elements.
constexpr std::size_t large_page_bytes = std::size_t{1} << 21, large_block_bytes = 4 * large_page_bytes;
constexpr std::size_t large_from_bytes = 2 * large_page_bytes;

/// Advice to the system: nothing depends on its being taken.
void ask_for_large_pages(std::byte* block, std::size_t size) noexcept {
    const auto begin = (reinterpret_cast<std::uintptr_t>(block) + large_page_bytes - 1) & ~(large_page_bytes - 1);
    const auto end = (reinterpret_cast<std::uintptr_t>(block) + size) & ~(large_page_bytes - 1);
    if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
}

}  // namespace

void* Arena::take_from_new_block(std::size_t size, std::size_t align) {
    const std::size_t block = std::max(next_bytes_, size + align);
    blocks_.push_back(std::make_unique_for_overwrite<std::byte[]>(block));
    if (block >= large_page_bytes) ask_for_large_pages(blocks_.back().get(), block);
    bytes_ += block;
    next_bytes_ = bytes_ >= large_from_bytes ? large_block_bytes
                                             : std::min(std::max(next_bytes_ * 2, std::size_t{4096}), block_bytes_max);
    at_ = blocks_.back().get();
    end_ = at_ + block;
    return take(size, align);
}

}  // namespace causeway::fhir
