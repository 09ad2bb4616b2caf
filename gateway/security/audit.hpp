#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/security/door.hpp"
#include "gateway/storage/storage.hpp"

namespace causeway::security {

/// One access, as the audit chain keeps it: who, what, to which resource, with what outcome. Narrow on purpose: the
/// AuditEvent that FHIR and BALP want is built from it when somebody reads it.
struct AuditEntry {
    std::int64_t at_us = 0;
    Principal principal;
    Interaction interaction = Interaction::read;
    std::string type;          ///< resource type, or the v2 message type ("ADT^A01") for messages
    std::string id;            ///< logical id, or MSH-10
    std::int64_t version = 0;  ///< the version read or written; 0 = none
    std::string query;         ///< names of the search parameters used, without their values
    std::string operation;
    std::string patient;  ///< logical id of the patient concerned, when known
    /// Of a search or another answer with many resources: the patients whose data are in it.
    std::vector<std::string> patients;
    /// Method and target as received, for searches and operations: BALP wants the query whole. Cut at
    /// request_bytes_max, and base64 in the row, so that no byte of it can break the row.
    std::string request;
    std::string token;        ///< which token it was done with: a part of its digest
    std::string purpose;      ///< why labels were overridden ("BTG" and the reason given)
    int status = 0;           ///< HTTP status; 0 for messages
    std::string outcome;      ///< acknowledgement code, or a reason for a refusal; no clinical content
    std::string correlation;  ///< the request's or message's correlation id
};

/// The operation of rows about certificates that were refused in a TLS handshake.
constexpr std::string_view node_authentication = "node-authentication";
constexpr std::size_t request_bytes_max = 4096;
constexpr std::size_t audited_patients_max = 1000;

/// The same, borrowed: for the accesses that are frequent.
struct AuditView {
    std::int64_t at_us = 0;
    const Principal& principal;
    Interaction interaction = Interaction::read;
    std::string_view type = {}, id = {};
    std::int64_t version = 0;
    std::string_view query = {}, operation = {}, patient = {};
    std::span<const std::string> patients = {};
    std::string_view request = {}, token = {}, purpose = {};
    int status = 0;
    std::string_view outcome = {}, correlation = {};
};

/// The row's text: one JSON object, members in a fixed order, empty ones left out.
std::string render(const AuditEntry& entry);
/// Appended to `out`.
void render(const AuditView& entry, std::string& out);

/// Takes the audit rows of reads. record() queues and returns; rows are committed with the writer's next group, in
/// order, or some milliseconds later together if nothing else is written. (Rows of writes do not pass here: they are
/// appended in the write's own transaction.)
///
/// Bounded: when `entries_max` rows wait, record() says no and the read must be refused (503): nothing is read
/// unaudited.
class ReadAudit {
public:
    ReadAudit(storage::Store& store, std::size_t entries_max = 65'536);
    ~ReadAudit();
    ReadAudit(const ReadAudit&) = delete;
    ReadAudit& operator=(const ReadAudit&) = delete;

    [[nodiscard]] bool record(const AuditEntry& entry);
    [[nodiscard]] bool record(const AuditView& entry);
    /// Rows not yet committed; shown as a metric.
    std::size_t waiting() const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace causeway::security
