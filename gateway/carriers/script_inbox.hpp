#pragma once
#include <boost/asio/thread_pool.hpp>

#include "gateway/carriers/take_in.hpp"
#include "gateway/http/handler.hpp"

namespace causeway::carriers {

/// NCPDP SCRIPT-shaped XML over HTTP, the receiving side: POST of one message, answered by Status 010, or by Error 900
/// where it cannot be processed. 503 where nothing could be stored. A documented subset, certified by nobody
/// (docs/exchange.md).
class ScriptInbox final : public http::Handler {
public:
    /// All outlive the handler. `pool` is where messages are worked on.
    ScriptInbox(const exchange::Inbox& inbox, const ops::Clock& clock, boost::asio::thread_pool& pool,
                Received received)
        : inbox_(inbox), clock_(clock), pool_(pool), received_(std::move(received)) {}

    std::optional<http::Response> screen(http::Request& head) override;
    void handle(http::Request request, http::Reply reply) override;

    /// Status and answer to the bytes of a message.
    struct Said {
        unsigned status = 200;
        std::string body;
    };
    Said answer_blocking(std::string bytes, const exchange::Arrival& arrival) const;

private:
    const exchange::Inbox& inbox_;
    const ops::Clock& clock_;
    boost::asio::thread_pool& pool_;
    Received received_;
};

}  // namespace causeway::carriers
