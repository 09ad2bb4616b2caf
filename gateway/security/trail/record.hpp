#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/storage/queues.hpp"

namespace causeway::security {

/// A row of the audit trail, read again: what AuditEntry wrote (gateway/security/audit.hpp), as text.
struct AuditRecord {
    std::int64_t sequence = 0;
    std::int64_t at_us = 0;  ///< when it happened; the row itself may be a moment younger
    std::string kind, who, from, did, operation, type, id, query, request, patient, outcome, correlation, token,
        purpose;
    std::int64_t version = 0;
    int status = 0;
    std::vector<std::string> patients;

    /// How many AuditEvents it is: one for each patient where it is about several (IHE BALP, PatientQuery).
    std::size_t events() const noexcept { return patients.empty() ? 1 : patients.size(); }
    /// The patient of the n-th of them; empty if it is about none.
    const std::string& patient_of(std::size_t n) const noexcept { return patients.empty() ? patient : patients[n]; }
};

/// Nothing for a row that is no JSON object: it was not written by us.
std::optional<AuditRecord> read_audit_record(const storage::AuditRow& row);

}  // namespace causeway::security
