#pragma once
#include <boost/asio/thread_pool.hpp>

#include "gateway/exchange/inbox.hpp"
#include "gateway/mllp/listener.hpp"
#include "gateway/mllp/take_in.hpp"

namespace causeway::mllp {

/// What an inbox tells whoever counts and logs. Called on I/O threads; must not block.
class InboxEvents {
public:
    virtual ~InboxEvents() = default;
    virtual void received(const exchange::Receipt&, std::chrono::microseconds) {}
};

/// Brings the messages of MLLP sessions to the inbox: mapping runs on the pool, storing on the store's thread, and the
/// session waits for the commit. The messages of a batch are taken one after the other and answered by a batch. A full
/// store makes the session wait; it is answered negatively only after `patience`.
class InboxHandler final : public MessageHandler {
public:
    InboxHandler(exchange::Inbox& inbox, storage::Store& store, net::thread_pool& cpu, InboxEvents& events,
                 std::chrono::milliseconds patience = full_store_patience);

    Awaitable<Reply> handle(std::string message, const SessionInfo& session) override;
    Reply damaged(std::string_view beginning, std::string_view reason, const SessionInfo& session) override;

private:
    Awaitable<Reply> handle_one(std::string message, const SessionInfo& session);
    Awaitable<Reply> handle_batch(std::string bytes, const SessionInfo& session);

    exchange::Inbox& inbox_;
    storage::Store& store_;
    net::thread_pool& cpu_;
    InboxEvents& events_;
    const std::chrono::milliseconds patience_;
};

}  // namespace causeway::mllp
