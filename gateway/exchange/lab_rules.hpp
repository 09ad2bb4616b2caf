#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/exchange/candidate.hpp"
#include "gateway/storage/storage.hpp"

namespace causeway::exchange {

/// Why a message is kept and acknowledged but not filed until a person decides.
struct Hold {
    std::string reason;                     ///< a code: "patient-mismatch", "other-value"
    storage::ResourceName expected, found;  ///< mismatch: the patient of the order, the patient of the result
};

/// How far a result or an order has come; a later message may not lead back. Unknown words are -1 and never compared.
int result_rank(std::string_view status) noexcept;  ///< DiagnosticReport.status, Observation.status
int order_rank(std::string_view status) noexcept;   ///< ServiceRequest.status, MedicationRequest.status

/// The reconciliation rules for results that need what is stored. Called after references are resolved and before
/// contents are merged.
///
/// A message whose order or report belongs to another patient is held. A report older than the one stored (by
/// `issued`), or of the same time and a lower status, is stale: neither it nor its observations are written. An
/// observation never goes back in status. Two messages that give one result of a report of the same time different
/// values, without a step up in status, contradict each other: the later one is held, unless a person has `decided`.
storage::Result<std::optional<Hold>> apply_result_rules(storage::Reader& reader, std::vector<Candidate>& candidates,
                                                        bool decided);

/// Held if `stored` and `incoming` are about different patients, where two records of one person are one patient.
storage::Result<std::optional<Hold>> find_mismatch(storage::Reader& reader, const fhir::Document& stored,
                                                   const fhir::Document& incoming);

/// The keys under which the order of a report may be known, best first: its filler numbers, then its placer numbers.
std::vector<std::string> order_keys(fhir::Element report);

/// The report with `order` among its basedOn; the same document if it is there.
fhir::DocumentPtr based_on(const fhir::DocumentPtr& report, const storage::ResourceName& order);

bool is_order(std::string_view resource_type) noexcept;  ///< ServiceRequest, MedicationRequest

/// Whether messages of this structure give orders; all others answer or report.
bool is_order_message(std::string_view structure) noexcept;

/// What a result, a reply or a document may change of an order that is stored: its identifiers, its status, what its
/// extensions say, and what the order lacks. What was ordered stays as it was ordered.
fhir::DocumentPtr said_of_order(const fhir::Document& stored, const fhir::DocumentPtr& incoming);

/// The status of an order never goes back: the merged content with the stored status where the new one would be a step
/// back.
fhir::DocumentPtr keep_order_status(const fhir::Document& stored, fhir::DocumentPtr merged);

}  // namespace causeway::exchange
