#include "fhir/model/arena.hpp"

#include <algorithm>

namespace causeway::fhir {

void* Arena::take_from_new_block(std::size_t size, std::size_t align) {
    const std::size_t block = std::max(next_bytes_, size + align);
    blocks_.push_back(std::make_unique_for_overwrite<std::byte[]>(block));
    bytes_ += block;
    next_bytes_ = std::min(std::max(next_bytes_ * 2, std::size_t{4096}), block_bytes_max);
    at_ = blocks_.back().get();
    end_ = at_ + block;
    return take(size, align);
}

}  // namespace causeway::fhir
