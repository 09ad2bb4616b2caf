#pragma once
#include <memory>
#include <mutex>
#include <utility>

#include "mappings/engine/mapset.hpp"

namespace causeway::mappings {

/// The maps in force, which a reload may exchange at any moment. Copies share them: whoever holds one sees the new maps
/// from the next call of current() on, and keeps what it took for as long as it wants.
class LiveMaps {
public:
    LiveMaps(std::shared_ptr<const MapSet> maps) : state_(std::make_shared<State>()) { state_->maps = std::move(maps); }

    std::shared_ptr<const MapSet> current() const {
        const std::lock_guard lock(state_->mutex);
        return state_->maps;
    }
    void replace(std::shared_ptr<const MapSet> maps) {
        const std::lock_guard lock(state_->mutex);
        state_->maps.swap(maps);
    }

private:
    struct State {
        std::mutex mutex;
        std::shared_ptr<const MapSet> maps;
    };
    std::shared_ptr<State> state_;
};

}  // namespace causeway::mappings
