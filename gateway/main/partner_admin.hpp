#pragma once
#include <functional>
#include <string>
#include <vector>

#include "gateway/http/handler.hpp"
#include "gateway/ops/clock.hpp"
#include "gateway/security/audit.hpp"
#include "gateway/security/door.hpp"
#include "gateway/storage/storage.hpp"

namespace causeway {

/// The operators' view of the partners.
///
///     GET  /admin/partners          each with its queue, its worker, and when it was last heard
///     GET  /admin/alerts            what is wrong now
///     POST /admin/partners/reload   reads the configuration's partners and routes again
///
/// Every call passes the door; a reload leaves an audit row.
class PartnerAdmin final : public http::Handler {
public:
    struct Services {
        storage::Store& store;
        const security::Door& door;
        const ops::Clock& clock;
        std::function<std::string()> partners, alerts;
        /// Runs the job where it may block.
        std::function<void(std::function<void()> job)> run;
        /// Faults of a reload; empty: the new ones are in force. Blocking.
        std::function<std::vector<std::string>()> reload;
    };
    explicit PartnerAdmin(Services services) : services_(std::move(services)) {}
    void handle(http::Request request, http::Reply reply) override;

private:
    void reload(const security::Principal& principal, http::Reply reply);
    Services services_;
};

}  // namespace causeway
