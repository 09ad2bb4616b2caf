#pragma once
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <string>

#include "gateway/http/handler.hpp"
#include "gateway/ops/clock.hpp"
#include "gateway/security/audit.hpp"
#include "gateway/security/door.hpp"
#include "gateway/storage/storage.hpp"

namespace causeway {

/// What operators see and do, as JSON over HTTP (docs/operators-guide.md):
///
///     GET  /admin/messages[?limit=&before=&state=]      GET /admin/messages/{id}
///     GET  /admin/outbox[?limit=&before=&state=&partner=]
///     POST /admin/outbox/{id}/replay
///     GET  /admin/patients/{id}                         GET /admin/reviews[?limit=]
///
/// Every call passes the door as admin_read or admin_write and leaves an audit row.
class AdminHandler final : public http::Handler {
public:
    struct Services {
        storage::Store& store;
        const security::Door& door;
        security::ReadAudit& reads;
        const ops::Clock& clock;
        boost::asio::thread_pool& pool;
        std::function<void(const std::string& partner)> queued;  ///< a replay was enqueued
    };
    explicit AdminHandler(Services services) : services_(std::move(services)) {}

    void handle(http::Request request, http::Reply reply) override;

private:
    void replay(storage::OutboxId id, const security::Principal& principal, const std::string& request_id, http::Reply reply);
    http::Response read(std::string_view path, std::string_view query);

    Services services_;
};

}  // namespace causeway
