#pragma once
#include <memory>
#include <mutex>
#include <utility>

#include "gateway/exchange/partner.hpp"

namespace causeway::exchange {

/// The partners and routes in force, which a reload may exchange at any moment. Copies share them: whoever holds one
/// sees the new settings from the next call of current() on, and keeps what it took for as long as it wants.
class LiveSettings {
public:
    LiveSettings(std::shared_ptr<const ExchangeSettings> settings) : state_(std::make_shared<State>()) {
        state_->settings = std::move(settings);
    }
    LiveSettings(std::shared_ptr<ExchangeSettings> settings)
        : LiveSettings(std::shared_ptr<const ExchangeSettings>(std::move(settings))) {}
    std::shared_ptr<const ExchangeSettings> current() const {
        const std::lock_guard lock(state_->mutex);
        return state_->settings;
    }
    void replace(std::shared_ptr<const ExchangeSettings> settings) {
        const std::lock_guard lock(state_->mutex);
        state_->settings.swap(settings);
    }

private:
    struct State {
        std::mutex mutex;
        std::shared_ptr<const ExchangeSettings> settings;
    };
    std::shared_ptr<State> state_;
};

}  // namespace causeway::exchange
