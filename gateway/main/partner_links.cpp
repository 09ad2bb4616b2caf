#include "gateway/main/partner_links.hpp"

#include <atomic>
#include <boost/asio/post.hpp>
#include <utility>

#include "gateway/carriers/carrier_worker.hpp"
#include "gateway/exchange/lanes.hpp"
#include "gateway/exchange/standing_order.hpp"

namespace causeway {

PartnerLinks::~PartnerLinks() { join(); }

std::shared_ptr<exchange::QueueWorker> PartnerLinks::make_worker(
    const std::shared_ptr<const exchange::Partner>& partner) {
    if (partner->lanes == 1) return make_lane(partner, nullptr);
    const auto claims = std::make_shared<exchange::Claims>();
    std::vector<std::shared_ptr<exchange::QueueWorker>> lanes;
    for (std::uint32_t i = 0; i < partner->lanes; ++i) {
        auto lane = make_lane(partner, claims);
        if (!lane) return nullptr;
        lanes.push_back(std::move(lane));
    }
    return std::make_shared<exchange::Lanes>(std::move(lanes));
}

/// One connection to a partner, or its only one.
std::shared_ptr<exchange::QueueWorker> PartnerLinks::make_lane(std::shared_ptr<const exchange::Partner> partner,
                                                               std::shared_ptr<exchange::Claims> claims) {
    std::function<void()> next;
    if (claims) next = [this, name = partner->name] { wake(name); };
    if (partner->mllp)
        return std::make_shared<mllp::DeliveryWorker>(
            services_.io, partner,
            mllp::DeliveryWorker::Context{.store = services_.store,
                                          .clock = services_.clock,
                                          .blocking = services_.cpu,
                                          .events = services_.events,
                                          .tls = services_.transport.partner(partner->name),
                                          .tasks = services_.tasks,
                                          .inbox = inbox_,
                                          .claims = std::move(claims),
                                          .next = std::move(next),
                                          .keep_alive = services_.keep_alive});
    auto carrier = carriers::make_carrier(*partner, services_.clock);
    if (!carrier) return nullptr;
    return std::make_shared<carriers::CarrierWorker>(
        partner, std::move(carrier),
        exchange::QueueWorker::Context{services_.store, services_.clock, services_.events, services_.tasks, inbox_,
                                       std::move(claims), std::move(next)});
}

void PartnerLinks::apply(const std::shared_ptr<const exchange::ExchangeSettings>& settings) {
    struct Exchange {
        std::shared_ptr<exchange::QueueWorker> old, next;
        std::optional<exchange::QueueOrder> order = {};
    };
    std::vector<Exchange> changes;
    std::vector<std::shared_ptr<carriers::Pickup>> ended;
    bool started = false;
    {
        const std::lock_guard lock(mutex_);
        started = started_;
        decltype(partners_) partners;
        decltype(workers_) workers;
        decltype(pickups_) pickups;
        for (const auto& each : settings->partners) {
            const std::shared_ptr<const exchange::Partner> partner(settings, &each);
            const auto before = partners_.find(each.name);
            const bool same = before != partners_.end() && *before->second == each;
            partners.emplace(each.name, same ? before->second : partner);
            if (same) {
                if (auto worker = workers_.find(each.name); worker != workers_.end()) workers.insert(*worker);
                if (auto pickup = pickups_.find(each.name); pickup != pickups_.end()) pickups.insert(*pickup);
                continue;
            }
            if (auto worker = make_worker(partner)) workers.emplace(each.name, std::move(worker));
            if (carriers::leaves_messages(each) && inbox_ != nullptr)
                pickups.emplace(each.name, std::make_shared<carriers::Pickup>(partner, *inbox_, services_.received,
                                                                              services_.picked_up));
        }
        for (const auto& [name, old] : workers_) {
            const auto at = workers.find(name);
            if (at != workers.end() && at->second == old) continue;
            Exchange change{old, at == workers.end() ? nullptr : at->second};
            change.order = kept_order(name);
            if (!change.order && old->status().paused) change.order = {exchange::QueueOrder::Verb::pause};
            changes.push_back(std::move(change));
            retired_.push_back(old);
        }
        for (const auto& [name, worker] : workers)
            if (workers_.find(name) == workers_.end()) changes.push_back({nullptr, worker, kept_order(name)});
        for (const auto& [name, old] : pickups_)
            if (const auto at = pickups.find(name); at == pickups.end() || at->second != old) ended.push_back(old);
        if (started)
            for (const auto& [name, pickup] : pickups)
                if (const auto at = pickups_.find(name); at == pickups_.end() || at->second != pickup) pickup->start();
        workers_.swap(workers);
        pickups_.swap(pickups);
        partners_.swap(partners);
    }
    if (!started) return;
    for (auto& each : changes) {
        const auto begin = [io = &services_.io, next = each.next, order = each.order] {
            if (!next) return;
            // not from inside the old one's last step
            boost::asio::post(*io, [next, order] {
                if (order) next->follow(*order);
                next->start();
            });
        };
        each.old ? each.old->stop(std::chrono::seconds(10), begin) : begin();
    }
    for (const auto& each : ended) each->stop();
}

void PartnerLinks::start() {
    const std::lock_guard lock(mutex_);
    started_ = true;
    for (const auto& [name, worker] : workers_) {
        if (const auto order = kept_order(name)) worker->follow(*order);
        worker->start();
    }
    for (const auto& [name, pickup] : pickups_) pickup->start();
}

/// What an operator wants of the queue. If that cannot be read, nothing goes until it can be said again.
std::optional<exchange::QueueOrder> PartnerLinks::kept_order(const std::string& partner) const {
    auto snapshot = services_.store.snapshot();
    auto order = snapshot.has_error() ? storage::Result<std::optional<exchange::QueueOrder>>(snapshot.error())
                                      : exchange::standing_order(**snapshot, partner);
    if (order.has_error()) return exchange::QueueOrder{exchange::QueueOrder::Verb::pause};
    return *order;
}

void PartnerLinks::stop(std::chrono::milliseconds patience, const std::function<void()>& stopped) {
    std::vector<std::shared_ptr<exchange::QueueWorker>> all;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [name, pickup] : pickups_) pickup->ask_to_stop();
        for (const auto& [name, worker] : workers_) all.push_back(worker);
    }
    if (all.empty()) return stopped();
    const auto left = std::make_shared<std::atomic<std::size_t>>(all.size());
    for (const auto& worker : all)
        worker->stop(patience, [left, stopped] {
            if (--*left == 0) stopped();
        });
}

void PartnerLinks::join() {
    decltype(pickups_) pickups;
    {
        const std::lock_guard lock(mutex_);
        pickups.swap(pickups_);
    }
    for (const auto& [name, pickup] : pickups) pickup->stop();
}

std::shared_ptr<exchange::QueueWorker> PartnerLinks::find(const std::string& partner) const {
    const std::lock_guard lock(mutex_);
    const auto at = workers_.find(partner);
    return at == workers_.end() ? nullptr : at->second;
}

void PartnerLinks::wake(const std::string& partner) {
    if (const auto worker = find(partner)) worker->wake();
}

void PartnerLinks::settled_elsewhere(const std::string& partner, storage::OutboxId id) {
    if (const auto worker = find(partner)) worker->settled_elsewhere(id);
}

bool PartnerLinks::control(const std::string& partner, const exchange::QueueOrder& order) {
    const auto worker = find(partner);
    if (!worker) return false;
    worker->follow(order);
    return true;
}

std::map<std::string, exchange::QueueWorker::Status> PartnerLinks::statuses() const {
    const std::lock_guard lock(mutex_);
    std::map<std::string, exchange::QueueWorker::Status> out;
    for (const auto& [name, worker] : workers_) out.emplace(name, worker->status());
    return out;
}

}  // namespace causeway
