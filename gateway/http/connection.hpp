#pragma once
#include <atomic>
#include <chrono>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "gateway/http/message.hpp"
#include "gateway/http/stream.hpp"

namespace causeway::http {

using SteadyTime = std::chrono::steady_clock::time_point;

/// What the server knows of one live session. The deadline is a number that a sweeper compares four times a second,
/// because a timer operation for every read and write costs more than the read.
struct Connection {
    Connection(Executor strand, std::shared_ptr<const Peer> from)
        : executor(std::move(strand)), peer(std::move(from)) {}

    const Executor executor;
    std::shared_ptr<const Peer> peer;           ///< replaced once, after the handshake, before the session begins
    std::unique_ptr<Stream> stream;             ///< touched on the strand only
    std::atomic<SteadyTime::rep> deadline = 0;  ///< 0: none
    std::atomic<bool> idle = true;              ///< between requests: a drain may close it at once
    std::atomic<unsigned> idle_sweeps = 0;      ///< the sweeper saw it idle so often without a request between
    bool timed_out = false;                     ///< strand only: the sweeper cancelled because the deadline passed

    void expire_at(SteadyTime time) noexcept {
        deadline.store(time.time_since_epoch().count(), std::memory_order_relaxed);
    }
    void never_expire() noexcept { deadline.store(0, std::memory_order_relaxed); }
};

/// The live sessions and the counts that bound them. Thread-safe.
class Connections {
public:
    /// What a session holds as long as it lives.
    class Ticket {
    public:
        Ticket(Connections& all, std::list<std::shared_ptr<Connection>>::iterator at) : all_(&all), at_(at) {}
        Ticket(Ticket&& other) noexcept : all_(std::exchange(other.all_, nullptr)), at_(other.at_) {}
        Ticket& operator=(Ticket&&) = delete;
        ~Ticket() {
            if (all_) all_->remove(at_);
        }

    private:
        Connections* all_;
        std::list<std::shared_ptr<Connection>>::iterator at_;
    };

    /// nullopt if the peer has `per_peer_max` already; a loopback peer is not counted.
    std::optional<Ticket> add(const std::shared_ptr<Connection>& connection, std::size_t per_peer_max);
    std::size_t size() const;

    template <class Visit>
    void for_each(Visit visit) const {
        const std::lock_guard lock(mutex_);
        for (const auto& connection : list_) visit(connection);
    }

private:
    void remove(std::list<std::shared_ptr<Connection>>::iterator at);

    mutable std::mutex mutex_;
    std::list<std::shared_ptr<Connection>> list_;
    std::unordered_map<std::string, std::size_t> per_peer_;
};

}  // namespace causeway::http
