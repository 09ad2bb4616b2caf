#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "fhir/model/document.hpp"
#include "fhir/search/plan.hpp"
#include "gateway/storage/storage.hpp"

namespace causeway::security {

/// Where a search of the trail stands: the next AuditEvent to look at.
struct TrailPlace {
    std::int64_t sequence = 0;
    std::size_t n = 0;
};

/// The rows that lie in a time, first and last; none if first > last.
struct TrailRange {
    std::int64_t first = 1, last = 0;
};

struct TrailQuery {
    fhir::search::SearchPlan plan;  ///< of AuditEvent
    std::int64_t from_us = 0;       ///< only rows of this time: what the plan's dates say already, to find them quickly
    std::int64_t until_us = INT64_MAX;
    std::string patient;  ///< if not empty: only what concerns this patient (the right of who asks)
    bool ascending = false;
    std::size_t count = 20;
    bool count_only = false;  ///< no events, only how many
    /// Rows looked at before the page ends, full or not: a search that finds nothing costs no more than this per page.
    std::size_t rows_max = 100'000;
};

struct TrailPage {
    std::vector<fhir::DocumentPtr> events;
    std::size_t counted = 0;
    bool more = false;
    TrailPlace next;  ///< if more
};

/// The first and last row, by reading: both 0 if there is none.
storage::Result<TrailRange> trail_range(storage::Reader& reader);
/// The newest row; nothing if there is none.
storage::Result<std::optional<storage::AuditRow>> last_audit_row(storage::Reader& reader);

/// One page, beginning at `from` (sequence 0: at the beginning or, newest first, at the end).
storage::Result<TrailPage> search_trail(storage::Reader& reader, const TrailQuery& query, TrailPlace from);

}  // namespace causeway::security
