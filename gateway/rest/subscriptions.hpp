#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "gateway/rest/call.hpp"
#include "gateway/rest/resource_writer.hpp"
#include "gateway/rest/subscription.hpp"
#include "gateway/rest/subscription_sockets.hpp"

namespace causeway::rest {

class Operations;

/// One event of a subscription, as it lies in the outbox until it is delivered, and after.
struct SubscriptionEvent {
    std::int64_t number = 0;
    std::string type, id;
    std::int64_t version = 0;
    std::int64_t at_us = 0;
    bool erased = false;
};
std::string to_json(const SubscriptionEvent& event);
std::optional<SubscriptionEvent> read_event(std::string_view json);

/// Subscriptions from the change to the endpoint. A change that a subscription asks for puts an event into the outbox
/// in the change's own transaction; threads of ours deliver the events of each subscription in order, again and again
/// with growing pauses, until the endpoint takes them or the time to give up has come. So nothing is missed across a
/// restart, and a broken endpoint holds up only its own subscription.
///
/// R4 criteria subscriptions get a POST with the resource if they name a payload, else an empty one; over a web socket
/// `ping <id>`. Topic-based ones (R5 backport) get Bundles: handshake, heartbeat, event-notification. The events of a web
/// socket wait until somebody is bound.
///
/// Whoever writes a Subscription hears of what they may see: the rights of the token it was last written with are kept
/// beside it, and a change outside of them makes no event.
class Subscriptions final : public WriteObserver {
public:
    struct Options {
        std::int64_t retry_first_us = 1'000'000;
        std::int64_t retry_max_us = 3'600'000'000;
        std::int64_t give_up_us = std::int64_t{72} * 3'600'000'000;
        std::size_t threads = 2;
        std::string base_url;  ///< for full URLs and references in notifications
        /// Notifications go to public addresses only, and to these origins ("https://emr.internal:8443").
        bool public_only = false;
        std::vector<std::string> private_origins = {};
    };

    Subscriptions(const Services& services, SubscriptionSockets& sockets, Options options);
    ~Subscriptions() override;

    void start();
    void stop();

    storage::Result<void> written(storage::Transaction& transaction, const Written& written,
                                  const security::Principal& principal) override;

    /// What $status says: Parameters.
    Outcome<std::string> status(storage::Reader& reader, std::string_view id) const;
    SubscriptionSockets& sockets() const noexcept { return sockets_; }
    /// What $events says: a notification Bundle of events from..until (0: open), those that may be seen.
    Outcome<std::string> events(storage::Reader& reader, std::string_view id, std::int64_t from, std::int64_t until,
                                std::string_view content, const storage::Visibility* visibility) const;

private:
    struct List;
    storage::Result<void> reload(storage::Transaction& transaction);
    storage::Result<void> keep_rights(storage::Transaction& transaction, std::string_view id,
                                      const security::Principal& principal);
    storage::Result<void> note_event(storage::Transaction& transaction, const Subscription& subscription,
                                     const Written& written);
    void work(std::size_t number);
    /// What is due of one subscription; true if there may be more at once.
    bool serve(const Subscription& subscription);
    /// Of a web socket: is somebody there to take events? Says hello to who has just come.
    bool ready_socket(const Subscription& subscription);
    bool activate(const Subscription& subscription);
    void heartbeat(const Subscription& subscription);
    bool deliver(const Subscription& subscription, const storage::OutboxRow& row);
    http::ClientAnswer send(const Subscription& subscription, std::string body) const;
    void set_status(const Subscription& subscription, std::string_view status, std::string_view error);

    const Services& services_;
    SubscriptionSockets& sockets_;
    const Options options_;
    std::atomic<bool> stale_{true};  ///< a Subscription or a topic was written; read on the writer's thread
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::shared_ptr<const List> list_;
    std::unordered_map<std::string, std::int64_t> last_sent_us_, next_try_us_;  ///< of handshakes and heartbeats
    std::set<std::string> greet_;  ///< subscriptions whose socket was bound just now
    std::uint64_t pokes_ = 0;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

/// Notification bundles of the backport: `kind` is handshake, heartbeat, event-notification or query-event.
std::string notification(storage::Reader& reader, const Subscription& subscription, std::string_view kind,
                         std::int64_t events_so_far, const std::vector<SubscriptionEvent>& events,
                         Subscription::Content content, const std::string& base, std::int64_t now_us);
std::string status_parameters(const Subscription& subscription, std::string_view kind, std::int64_t events_so_far,
                              const std::vector<SubscriptionEvent>& events, bool with_focus, const std::string& base);

/// Subscription/[id]/$status and $events.
void add_subscription_operations(Operations& operations, const Subscriptions& subscriptions);

}  // namespace causeway::rest
