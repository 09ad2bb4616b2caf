#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "fhir/model/document.hpp"
#include "gateway/security/trail/record.hpp"

namespace causeway::security {

/// The n-th AuditEvent of a record, in the shape of IHE BALP 1.1 ("Basic Audit Log Patterns"): agents client and server,
/// entities for the resource, the query, the patient and the request. Made when somebody reads it; nothing but the row is
/// stored.
fhir::DocumentPtr audit_event(const AuditRecord& record, std::size_t n);

/// "row-17", and "row-17-3" for the fourth patient of a row.
std::string audit_event_id(std::int64_t sequence, std::size_t n);
/// The row and the number in it that an id names; nothing for an id that is not of this form.
std::optional<std::pair<std::int64_t, std::size_t>> read_audit_event_id(std::string_view id);

}  // namespace causeway::security
