#pragma once
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "fhir/model/element.hpp"

namespace causeway::fhir {

/// Memory of one document: taken in growing blocks, given back at once. What it hands out never moves.
class Arena {
public:
    explicit Arena(std::size_t first_block_bytes = 4096) noexcept : next_bytes_(first_block_bytes) {}

    Node* node() { return ::new (take(sizeof(Node), alignof(Node))) Node(); }
    std::string_view copy(std::string_view text) {
        if (text.empty()) return {"", 0};
        char* to = static_cast<char*>(take(text.size(), 1));
        std::memcpy(to, text.data(), text.size());
        return {to, text.size()};
    }
    template <class Plain>
        requires std::is_trivially_copyable_v<Plain>
    std::span<const Plain> copy(std::span<const Plain> row) {
        auto* const to = static_cast<Plain*>(take(row.size_bytes(), alignof(Plain)));
        std::uninitialized_copy(row.begin(), row.end(), to);
        return {to, row.size()};
    }
    std::size_t bytes() const noexcept { return bytes_; }

private:
    static constexpr std::size_t block_bytes_max = std::size_t{1} << 20;

    void* take(std::size_t size, std::size_t align) {
        const auto start = (reinterpret_cast<std::uintptr_t>(at_) + align - 1) & ~(align - 1);
        if (start + size > reinterpret_cast<std::uintptr_t>(end_)) return take_from_new_block(size, align);
        at_ = reinterpret_cast<std::byte*>(start + size);
        return reinterpret_cast<void*>(start);
    }
    void* take_from_new_block(std::size_t size, std::size_t align);

    std::vector<std::unique_ptr<std::byte[]>> blocks_;
    std::byte* at_ = nullptr;
    std::byte* end_ = nullptr;
    std::size_t next_bytes_;
    std::size_t bytes_ = 0;
};

}  // namespace causeway::fhir
