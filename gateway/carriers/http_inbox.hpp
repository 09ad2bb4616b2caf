#pragma once
#include <boost/asio/thread_pool.hpp>

#include "gateway/carriers/take_in.hpp"
#include "gateway/http/handler.hpp"

namespace causeway::carriers {

/// HL7 v2 over HTTP, the receiving side: POST with `application/hl7-v2+er7` (or `x-application/hl7-v2+er7`,
/// `text/plain`), one message or a batch; the answer is the acknowledgement, with 200 for AA and CA, 400 for AR and CR,
/// 500 for AE and CE, 503 where nothing could be stored.
class HttpInbox final : public http::Handler {
public:
    /// All outlive the handler. `pool` is where messages are worked on.
    HttpInbox(const exchange::Inbox& inbox, boost::asio::thread_pool& pool, Received received)
        : inbox_(inbox), pool_(pool), received_(std::move(received)) {}

    std::optional<http::Response> screen(http::Request& head) override;
    void handle(http::Request request, http::Reply reply) override;

private:
    const exchange::Inbox& inbox_;
    boost::asio::thread_pool& pool_;
    Received received_;
};

/// 200, 400, 500 by MSA-1; 503 if it was not kept.
unsigned status_of(const TakenIn& taken) noexcept;

}  // namespace causeway::carriers
