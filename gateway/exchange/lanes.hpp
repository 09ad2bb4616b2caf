#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "gateway/exchange/queue_worker.hpp"

namespace causeway::exchange {

/// Which messages of one partner are under way, where several lanes take from its queue. The outbox gives out only the
/// first message of each ordering key, and no lane takes what another has: so keys go side by side, and each keeps its
/// order. Thread-safe.
class Claims {
public:
    /// Held while a lane looks for a message: what it reads of the queue is then not older than what it sees claimed.
    class Look {
    public:
        explicit Look(Claims& claims) : claims_(claims), lock_(claims.mutex_) {}
        bool is_free(std::uint64_t id) const { return claims_.taken_.count(id) == 0; }
        void take(std::uint64_t id) { claims_.taken_.insert(id); }

    private:
        Claims& claims_;
        std::lock_guard<std::mutex> lock_;
    };
    /// After its settlement is committed, or it was not begun.
    void release(std::uint64_t id) {
        const std::lock_guard lock(mutex_);
        taken_.erase(id);
    }

private:
    std::mutex mutex_;
    std::set<std::uint64_t> taken_;
};

/// Several workers on one partner's queue, seen as one. `next` of each must lead here: what one settles may let another
/// go on.
class Lanes final : public QueueWorker {
public:
    /// At least one; all of the same partner, with the same Claims.
    explicit Lanes(std::vector<std::shared_ptr<QueueWorker>> lanes) : lanes_(std::move(lanes)) {}

    void start() override;
    void wake() override;
    void settled_elsewhere(storage::OutboxId id) override;
    void follow(const QueueOrder& order) override;
    void stop(std::chrono::milliseconds patience, std::function<void()> stopped) override;
    const Partner& partner() const noexcept override { return lanes_.front()->partner(); }
    Status status() const override;

private:
    std::vector<std::shared_ptr<QueueWorker>> lanes_;
};

}  // namespace causeway::exchange
