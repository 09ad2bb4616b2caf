#include "fhir/model/arena.hpp"

#include <algorithm>
#include <cstdint>

#include "fhir/model/large_pages.hpp"

namespace causeway::fhir {
namespace {

/// A document of many megabytes takes blocks of whole large pages.
constexpr std::size_t large_page_bytes = std::size_t{1} << 21;
constexpr std::size_t large_block_bytes = 4 * large_page_bytes, large_from_bytes = 2 * large_page_bytes;

}  // namespace

void* Arena::take_from_new_block(std::size_t size, std::size_t align) {
    const std::size_t block = std::max(next_bytes_, size + align);
    // What lies before the first large page of such a block is never touched, and so takes no memory.
    const std::size_t before = block >= large_block_bytes ? large_page_bytes - 1 : 0;
    blocks_.push_back(std::make_unique_for_overwrite<std::byte[]>(block + before));
    at_ = reinterpret_cast<std::byte*>((reinterpret_cast<std::uintptr_t>(blocks_.back().get()) + before) & ~before);
    ask_for_large_pages(at_, block);
    bytes_ += block;
    next_bytes_ = bytes_ >= large_from_bytes ? large_block_bytes
                                             : std::min(std::max(next_bytes_ * 2, std::size_t{4096}), block_bytes_max);
    end_ = at_ + block;
    return take(size, align);
}

}  // namespace causeway::fhir
