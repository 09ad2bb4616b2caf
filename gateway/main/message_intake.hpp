#pragma once
#include <boost/asio/thread_pool.hpp>
#include <string>

#include "gateway/exchange/inbox.hpp"
#include "gateway/mllp/listener.hpp"
#include "gateway/ops/metrics.hpp"

namespace causeway {

/// Carries messages from MLLP sessions into the inbox: decoding and mapping on the pool, the transaction on the writer, the
/// answer back on the session's strand, after the commit.
class MessageIntake final : public mllp::MessageHandler {
public:
    /// All outlive this.
    MessageIntake(const exchange::Inbox& inbox, storage::Store& store, boost::asio::thread_pool& pool, ops::Metrics& metrics)
        : inbox_(inbox), store_(store), pool_(pool), metrics_(metrics) {}

    mllp::Awaitable<mllp::Reply> handle(std::string message, const mllp::SessionInfo& session) override;

private:
    void count(const exchange::Receipt& receipt, std::int64_t began_us);

    const exchange::Inbox& inbox_;
    storage::Store& store_;
    boost::asio::thread_pool& pool_;
    ops::Metrics& metrics_;
};

}  // namespace causeway
