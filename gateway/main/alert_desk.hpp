#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "gateway/exchange/alerts.hpp"
#include "gateway/exchange/inbox.hpp"
#include "gateway/main/partner_links.hpp"
#include "gateway/ops/clock.hpp"
#include "gateway/ops/config.hpp"
#include "gateway/storage/storage.hpp"

namespace causeway {

/// Looks at the partners every alerts.every_s seconds, logs what begins and ends, and POSTs it as JSON to
/// alerts.webhook, in order, again and again until it is taken (at most 1,000 wait; then the oldest go).
class AlertDesk {
public:
    struct Services {
        storage::Store& store;
        const ops::Clock& clock;
        const PartnerLinks& links;
        std::function<std::shared_ptr<const exchange::ExchangeSettings>()> settings;
    };
    AlertDesk(Services services, ops::Config::Alerts config);
    ~AlertDesk();

    void start();
    void stop();
    /// A message came in: its partner is not silent.
    void received(const exchange::Receipt& receipt);

    /// One look, on the calling thread.
    void look_blocking();
    /// `{"alerts":[…],"unsent":n}`: what is wrong now.
    std::string json() const;
    /// `{"partners":[…]}`: each with its queue, its worker and when it was last heard.
    std::string partners_json() const;

private:
    struct Heard {
        std::int64_t at_us = 0;
        std::uint64_t held = 0;
    };
    void run();
    std::vector<exchange::PartnerView> views() const;
    void send_waiting();

    Services services_;
    const ops::Config::Alerts config_;
    const std::int64_t started_us_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::map<std::string, Heard> heard_;  // under mutex_, as all below
    exchange::AlertWatch watch_;
    std::deque<std::string> unsent_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace causeway
