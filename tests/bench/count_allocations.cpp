#include "tests/bench/count_allocations.hpp"

#include <malloc.h>

#include <cstdlib>
#include <new>

std::atomic<std::size_t> allocations = 0;

namespace {
/// As the gateway's process has it (gateway/main/main.cpp).
[[maybe_unused]] const bool kept = mallopt(M_MMAP_THRESHOLD, 2 << 20) != 0 && mallopt(M_TRIM_THRESHOLD, 16 << 20) != 0;
}  // namespace

void* operator new(std::size_t size) {
    allocations.fetch_add(1, std::memory_order_relaxed);
    if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
