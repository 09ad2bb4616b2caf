#pragma once
#include "gateway/storage/storage.hpp"

#include <functional>

namespace causeway::storage {

struct MemoryOptions {
    std::function<TimeUs()> now_us;                ///< empty = system clock
    std::function<bool(const char* place)> fault;  ///< true = fail here ("commit")
};

/// The store as a few maps: the model that the contract suite and the sequence tests hold the drivers against, and a
/// store for simulations. Everything but search works; submit() runs the job at once on the caller's thread.
std::unique_ptr<Store> make_memory_store(MemoryOptions options = {});

}  // namespace causeway::storage
