#pragma once
#include <atomic>
#include <cstddef>

/// How often operator new was asked so far; count_allocations.cpp replaces it.
extern std::atomic<std::size_t> allocations;
