#pragma once
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "gateway/exchange/identity_desk.hpp"
#include "gateway/patient_index/v2/identity_desk.hpp"

namespace causeway {

/// The identity desk with the assigning authorities in force, which a reload of the partners exchanges.
class LiveDesk final : public exchange::IdentityDesk {
public:
    LiveDesk(storage::Store& store, patient_index::Domain own, const exchange::ExchangeSettings& settings,
             std::vector<std::string> trusted)
        : store_(store), own_(std::move(own)), trusted_(std::move(trusted)), desk_(make(settings)) {}

    void replace(const exchange::ExchangeSettings& settings) {
        auto next = make(settings);
        const std::lock_guard lock(mutex_);
        desk_.swap(next);
    }
    std::optional<exchange::QueryAnswer> answer(const exchange::Envelope& envelope,
                                                const exchange::ReplyContext& context) const override {
        return current()->desk.answer(envelope, context);
    }
    std::optional<exchange::Refusal> refusal(const exchange::Envelope& envelope) const override {
        return current()->desk.refusal(envelope);
    }
    std::unique_ptr<const hl7v2::Message> completed(const exchange::Envelope& envelope) const override {
        return current()->desk.completed(envelope);
    }
    void restrict_keys(const exchange::Partner& partner, mappings::ForwardResult& mapped) const override {
        current()->desk.restrict_keys(partner, mapped);
    }

private:
    struct Both {
        patient_index::Authorities authorities;
        patient_index::v2::Desk desk;
        Both(storage::Store& store, const patient_index::Domain& own, const exchange::ExchangeSettings& settings,
             const std::vector<std::string>& trusted)
            : authorities(own, settings, trusted), desk(store, authorities) {}
        Both(const Both&) = delete;
    };
    std::shared_ptr<const Both> make(const exchange::ExchangeSettings& settings) const {
        return std::make_shared<const Both>(store_, own_, settings, trusted_);
    }
    std::shared_ptr<const Both> current() const {
        const std::lock_guard lock(mutex_);
        return desk_;
    }

    storage::Store& store_;
    const patient_index::Domain own_;
    const std::vector<std::string> trusted_;
    mutable std::mutex mutex_;
    std::shared_ptr<const Both> desk_;
};

}  // namespace causeway
