#pragma once
#include "gateway/http/handler.hpp"
#include "gateway/ops/clock.hpp"
#include "gateway/security/audit.hpp"
#include "gateway/security/door.hpp"
#include "gateway/storage/storage.hpp"

namespace causeway::patient_index {

/// The operators' view of identities, as JSON. Mounted at /admin/patients and /admin/reviews.
///
///     GET /admin/patients/ID           the person of a Patient, every decision about it with its evidence, its reviews
///     GET /admin/reviews[?limit=50]    what waits for a person, most urgent first
///
/// Every call passes the door as admin_read and leaves an audit row.
class AdminHandler final : public http::Handler {
public:
    struct Services {
        storage::Store& store;
        const security::Door& door;
        security::ReadAudit& reads;
        const ops::Clock& clock;
    };
    explicit AdminHandler(Services services) : services_(services) {}

    void handle(http::Request request, http::Reply reply) override;

private:
    http::Response read(std::string_view path, std::string_view query);

    Services services_;
};

}  // namespace causeway::patient_index
