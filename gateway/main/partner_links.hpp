#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "gateway/carriers/pickup.hpp"
#include "gateway/exchange/queue_worker.hpp"
#include "gateway/main/transport.hpp"
#include "gateway/mllp/delivery_worker.hpp"

namespace causeway {

/// What runs for the partners in force: a worker for each that is sent to, a pickup for each that leaves files. A reload
/// touches only partners that changed; a queue's worker has stopped before its successor starts. Thread-safe.
class PartnerLinks {
public:
    struct Services {
        boost::asio::io_context& io;
        boost::asio::thread_pool& cpu;
        storage::Store& store;
        const ops::Clock& clock;
        exchange::DeliveryEvents& events;
        const Transport& transport;
        const exchange::OrderTasks* tasks;
        carriers::Received received;
        carriers::Pickup::Report picked_up;
        http::KeepAlive keep_alive;  ///< of the connections to MLLP partners
    };
    explicit PartnerLinks(Services services) : services_(std::move(services)) {}
    ~PartnerLinks();

    void set_inbox(const exchange::Inbox& inbox) { inbox_ = &inbox; }
    /// Makes, exchanges and ends what the settings ask for. Before start() nothing runs yet.
    void apply(const std::shared_ptr<const exchange::ExchangeSettings>& settings);
    void start();
    /// Calls `stopped` once, when every queue has come to rest.
    void stop(std::chrono::milliseconds patience, const std::function<void()>& stopped);
    /// Waits for the threads of pickups and carriers.
    void join();

    void wake(const std::string& partner);
    void settled_elsewhere(const std::string& partner, storage::OutboxId id);
    /// Lets a queue run, halt or drain; false if there is none.
    bool control(const std::string& partner, const exchange::QueueOrder& order);
    std::shared_ptr<exchange::QueueWorker> find(const std::string& partner) const;
    std::map<std::string, exchange::QueueWorker::Status> statuses() const;

private:
    std::optional<exchange::QueueOrder> kept_order(const std::string& partner) const;
    std::shared_ptr<exchange::QueueWorker> make_worker(const std::shared_ptr<const exchange::Partner>& partner);
    std::shared_ptr<exchange::QueueWorker> make_lane(std::shared_ptr<const exchange::Partner> partner,
                                                     std::shared_ptr<exchange::Claims> claims);

    Services services_;
    const exchange::Inbox* inbox_ = nullptr;
    mutable std::mutex mutex_;
    std::map<std::string, std::shared_ptr<exchange::QueueWorker>> workers_;
    std::map<std::string, std::shared_ptr<carriers::Pickup>> pickups_;
    std::map<std::string, std::shared_ptr<const exchange::Partner>> partners_;
    std::vector<std::shared_ptr<exchange::QueueWorker>> retired_;  ///< kept to the end: they may still be ending
    bool started_ = false;
};

}  // namespace causeway
