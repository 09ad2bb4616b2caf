#include "gateway/exchange/lanes.hpp"

#include <atomic>
#include <utility>

namespace causeway::exchange {

void Lanes::start() {
    for (const auto& lane : lanes_) lane->start();
}

void Lanes::wake() {
    for (const auto& lane : lanes_) lane->wake();
}

void Lanes::settled_elsewhere(storage::OutboxId id) {
    for (const auto& lane : lanes_) lane->settled_elsewhere(id);
}

void Lanes::follow(const QueueOrder& order) {
    for (const auto& lane : lanes_) lane->follow(order);
}

void Lanes::stop(std::chrono::milliseconds patience, std::function<void()> stopped) {
    const auto left = std::make_shared<std::atomic<std::size_t>>(lanes_.size());
    const auto all_stopped = std::make_shared<std::function<void()>>(std::move(stopped));
    for (const auto& lane : lanes_)
        lane->stop(patience, [left, all_stopped] {
            if (--*left == 0) (*all_stopped)();
        });
}

QueueWorker::Status Lanes::status() const {
    Status all;
    all.paused = all.halted = all.ended = true;
    for (const auto& lane : lanes_) {
        const auto each = lane->status();
        all.connected = all.connected || each.connected;
        all.draining = all.draining || each.draining;
        all.paused = all.paused && each.paused;
        all.halted = all.halted && each.halted;
        all.ended = all.ended && each.ended;
        if (!all.trouble) all.trouble = each.trouble;
        all.counters.add(each.counters);
    }
    return all;
}

}  // namespace causeway::exchange
