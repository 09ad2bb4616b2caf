#include "gateway/security/trail/search.hpp"

#include <algorithm>

#include "fhir/search/extract.hpp"
#include "fhir/search/match.hpp"
#include "gateway/security/trail/event.hpp"
#include "gateway/security/trail/record.hpp"

namespace causeway::security {
namespace {

constexpr std::size_t block_rows = 512;

storage::Result<std::optional<storage::AuditRow>> row_after(storage::Reader& reader, std::int64_t after) {
    auto rows = reader.audit({after, 1});
    if (rows.has_error()) return rows.error();
    if (rows->empty()) return std::optional<storage::AuditRow>();
    return std::optional(std::move(rows->front()));
}

/// The first row of the range that `reached` holds for, which holds for all after it too; one past the end if none.
template <class Reached>
storage::Result<std::int64_t> first_where(storage::Reader& reader, TrailRange range, Reached reached) {
    while (range.first <= range.last) {
        const auto middle = range.first + (range.last - range.first) / 2;
        const auto row = row_after(reader, middle - 1);
        if (row.has_error()) return row.error();
        if (*row && !reached(**row))
            range.first = middle + 1;
        else
            range.last = middle - 1;
    }
    return range.first;
}

bool concerns(const AuditRecord& record, const std::string& patient) {
    return record.patient == patient ||
           std::find(record.patients.begin(), record.patients.end(), patient) != record.patients.end();
}

bool meets(const TrailQuery& query, const fhir::DocumentPtr& event, const AuditRecord& record) {
    if (query.plan.conditions.empty()) return true;
    fhir::search::MatchContext context;
    context.type = "AuditEvent";
    context.id = event->id();
    context.last_updated_us = record.at_us;
    return fhir::search::matches(query.plan, event, context);
}

}  // namespace

storage::Result<TrailRange> trail_range(storage::Reader& reader) {
    const auto first = row_after(reader, 0);
    if (first.has_error()) return first.error();
    if (!*first) return TrailRange{0, 0};
    TrailRange range{(*first)->sequence, (*first)->sequence};
    // Sequence numbers have no gaps: double, then halve.
    std::int64_t low = range.last, high = range.last;
    for (std::int64_t step = 1;; step *= 2) {
        const auto row = row_after(reader, low + step - 1);
        if (row.has_error()) return row.error();
        if (!*row) {
            high = low + step;
            break;
        }
        low += step;
    }
    while (low + 1 < high) {  // low is there, high is not
        const auto middle = low + (high - low) / 2;
        const auto row = row_after(reader, middle - 1);
        if (row.has_error()) return row.error();
        (*row ? low : high) = middle;
    }
    range.last = low;
    return range;
}

storage::Result<std::optional<storage::AuditRow>> last_audit_row(storage::Reader& reader) {
    const auto range = trail_range(reader);
    if (range.has_error()) return range.error();
    if (range->last == 0) return std::optional<storage::AuditRow>();
    return row_after(reader, range->last - 1);
}

storage::Result<TrailPage> search_trail(storage::Reader& reader, const TrailQuery& query, TrailPlace from) {
    auto whole = trail_range(reader);
    if (whole.has_error()) return whole.error();
    TrailPage page;
    if (whole->last == 0) return page;
    TrailRange range = *whole;
    if (query.from_us > 0) {
        const auto found = first_where(reader, *whole, [&](const auto& row) { return row.at_us >= query.from_us; });
        if (found.has_error()) return found.error();
        range.first = *found;
    }
    if (query.until_us != INT64_MAX) {
        const auto found = first_where(reader, *whole, [&](const auto& row) { return row.at_us >= query.until_us; });
        if (found.has_error()) return found.error();
        range.last = *found - 1;
    }
    if (from.sequence != 0 && query.ascending) range.first = std::max(range.first, from.sequence);
    if (from.sequence != 0 && !query.ascending) range.last = std::min(range.last, from.sequence);
    std::size_t looked_at = 0;
    while (range.first <= range.last) {
        const auto size = std::min<std::int64_t>(block_rows, range.last - range.first + 1);
        const auto begin = query.ascending ? range.first : range.last - size + 1;
        auto rows = reader.audit({begin - 1, static_cast<std::size_t>(size)});
        if (rows.has_error()) return rows.error();
        if (!query.ascending) std::reverse(rows->begin(), rows->end());
        for (const auto& row : *rows) {
            if (++looked_at > query.rows_max) {
                page.more = true;
                page.next = {row.sequence, 0};
                return page;
            }
            // Most rows are about somebody else: seen without reading them.
            if (!query.patient.empty() && row.event.find("\"" + query.patient + "\"") == std::string::npos) continue;
            const auto record = read_audit_record(row);
            if (!record || (!query.patient.empty() && !concerns(*record, query.patient))) continue;
            for (std::size_t n = row.sequence == from.sequence ? from.n : 0; n < record->events(); ++n) {
                if (!query.patient.empty() && record->patient_of(n) != query.patient) continue;
                auto event = audit_event(*record, n);
                if (!meets(query, event, *record)) continue;
                ++page.counted;
                if (query.count_only) continue;
                if (page.events.size() == query.count) {
                    page.more = true;
                    page.next = {row.sequence, n};
                    return page;
                }
                page.events.push_back(std::move(event));
            }
        }
        (query.ascending ? range.first : range.last) += query.ascending ? size : -size;
    }
    return page;
}

}  // namespace causeway::security
