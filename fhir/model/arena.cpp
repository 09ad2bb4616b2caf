#include "fhir/model/arena.hpp"

#include <algorithm>

#include "fhir/model/large_pages.hpp"

namespace causeway::fhir {
namespace {

/// A document of many megabytes takes blocks that hold large pages.
constexpr std::size_t large_block_bytes = std::size_t{1} << 23, large_from_bytes = std::size_t{1} << 22;

}  // namespace

void* Arena::take_from_new_block(std::size_t size, std::size_t align) {
    const std::size_t block = std::max(next_bytes_, size + align);
    blocks_.push_back(std::make_unique_for_overwrite<std::byte[]>(block));
    ask_for_large_pages(blocks_.back().get(), block);
    bytes_ += block;
    next_bytes_ = bytes_ >= large_from_bytes ? large_block_bytes
                                             : std::min(std::max(next_bytes_ * 2, std::size_t{4096}), block_bytes_max);
    at_ = blocks_.back().get();
    end_ = at_ + block;
    return take(size, align);
}

}  // namespace causeway::fhir
