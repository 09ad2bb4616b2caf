#pragma once
#include <atomic>
#include <cstddef>

namespace causeway::http {

/// What one connection holds of the bytes that all connections may hold together. Gives it back at its end.
class ByteShare {
public:
    ByteShare(std::atomic<std::size_t>& total, std::size_t max) : total_(total), max_(max) {}
    ~ByteShare() { total_.fetch_sub(held_, std::memory_order_relaxed); }
    ByteShare(const ByteShare&) = delete;
    ByteShare& operator=(const ByteShare&) = delete;

    /// False if the sum would be over the limit; what is held stays as it was.
    bool grow_to(std::size_t bytes) noexcept {
        if (bytes <= held_) return true;
        const std::size_t more = bytes - held_;
        if (total_.fetch_add(more, std::memory_order_relaxed) + more > max_) {
            total_.fetch_sub(more, std::memory_order_relaxed);
            return false;
        }
        held_ = bytes;
        return true;
    }
    void shrink_to(std::size_t bytes) noexcept {
        if (bytes >= held_) return;
        total_.fetch_sub(held_ - bytes, std::memory_order_relaxed);
        held_ = bytes;
    }

private:
    std::atomic<std::size_t>& total_;
    const std::size_t max_;
    std::size_t held_ = 0;
};

}  // namespace causeway::http
