#pragma once
#include "gateway/http/handler.hpp"
#include "gateway/ops/clock.hpp"
#include "gateway/patient_index/patient_index.hpp"
#include "gateway/security/audit.hpp"
#include "gateway/security/door.hpp"
#include "gateway/storage/storage.hpp"

namespace causeway::patient_index {

/// The operators' view of identities, and their decisions, as JSON. Mounted at /admin/patients and /admin/reviews.
///
///     GET  /admin/patients/ID                 the person of a Patient, every decision about it with its evidence, its
///                                             reviews
///     GET  /admin/reviews[?limit=50&after=P:R]  what waits for a person, most urgent first; `next` of an answer goes
///                                             into `after`
///     GET  /admin/reviews/R                   one of them
///     POST /admin/reviews/R  {"same": true}   settles it: one person, or (false) two for good
///     POST /admin/patients/ID/link  {"patient": "OTHER"}          ID belongs to OTHER's person
///     POST /admin/patients/ID/not-the-same  {"patient": "OTHER"}  two people, for good
///
/// Every call passes the door as admin_read or admin_write and leaves an audit row; a decision stands in the history as
/// MANUAL with its operator, and the machine does not change it.
class AdminHandler final : public http::Handler {
public:
    struct Services {
        storage::Store& store;
        const security::Door& door;
        security::ReadAudit& reads;
        const ops::Clock& clock;
        PatientIndex& index;
    };
    explicit AdminHandler(Services services) : services_(services) {}

    void handle(http::Request request, http::Reply reply) override;

private:
    http::Response read(std::string_view path, std::string_view query);
    void decide(const http::Request& request, const security::Principal& principal, http::Reply reply);

    Services services_;
};

}  // namespace causeway::patient_index
