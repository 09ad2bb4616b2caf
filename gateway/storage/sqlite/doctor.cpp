#include "gateway/storage/sqlite/doctor.hpp"

#include "gateway/storage/audit_chain.hpp"
#include "gateway/storage/keys.hpp"
#include "gateway/storage/sqlite/key_index.hpp"

#include <fmt/format.h>

#include <cstring>
#include <limits>
#include <map>

namespace causeway::storage {

using sql::Statement;

namespace {

constexpr std::size_t faults_max = 100;

void fault(CheckReport& report, std::string text) {
    if (report.faults.size() < faults_max) report.faults.push_back(std::move(text));
}

/// An order-free sum over (key, vid) pairs: equal sums and counts on both sides mean equal sets, up to chance.
struct PairSum {
    std::uint64_t sum = 0;
    std::uint64_t count = 0;
    void add(HashKey key, std::string_view bytes, Vid vid) {
        sum += SipHash(key).add(static_cast<std::uint64_t>(vid)).add(bytes).finish();
        ++count;
    }
};

/// Every version: its row's chain, its keys, its body.
PairSum check_versions(Connection& connection, Catalog& catalog, CheckReport& report) {
    PairSum pairs;
    Vid after = 0;
    TimeUs last_at = std::numeric_limits<TimeUs>::min();
    for (bool more = true; more;) {
        more = false;
        std::vector<Vid> vids;
        {
            auto query = connection.query(Statement::keys_after);
            query.bind(after).bind(std::int64_t{4096});
            while (query.step()) {
                more = true;
                after = query.integer(0);
                vids.push_back(after);
                ++report.rows;
                try {
                    KeyCursor cursor(query.blob(2));
                    for (std::string_view key; cursor.next(key);) pairs.add(catalog.hash_key, key, after);
                } catch (const FailureException& exception) {
                    fault(report, fmt::format("version {}: {}", after, exception.failure().message));
                }
            }
        }
        for (const auto vid : vids) {
            Vid prev = 0;
            std::int64_t number = 0;
            {
                auto query = connection.query(Statement::version_prev);
                query.bind(vid);
                if (!query.step()) continue;
                prev = query.integer(0);
                number = query.integer(1);
                const auto at_us = query.integer(2);
                if (at_us <= last_at)
                    fault(report, fmt::format("version {}: its time is not after the one before", vid));
                last_at = at_us;
            }
            if ((prev == 0) != (number == 1))
                fault(report, fmt::format("version {}: number {} with predecessor {}", vid, number, prev));
            if (prev != 0) {
                auto query = connection.query(Statement::version_prev);
                query.bind(prev);
                if (prev >= vid || !query.step() || query.integer(1) != number - 1)
                    fault(report, fmt::format("version {}: its predecessor {} does not fit", vid, prev));
            }
            auto query = connection.query(Statement::read_vid);
            query.bind(vid);
            if (!query.step()) {
                fault(report, fmt::format("version {}: its resource is missing", vid));
            } else if (query.integer(4) != static_cast<std::int64_t>(WriteKind::erase)) {
                try {
                    std::string body;
                    if (query.is_null(8)) throw FailureException({FailureCode::corrupt, "no body"});
                    catalog.codec.unpack(query.integer(8), static_cast<std::size_t>(query.integer(10)), query.blob(11),
                                         body);
                } catch (const FailureException& exception) {
                    fault(report, fmt::format("version {}: {}", vid, exception.failure().message));
                }
            }
        }
    }
    return pairs;
}

}  // namespace

void check_audit(Connection& connection, std::string_view audit_key, CheckReport& report,
                 std::span<const AuditMark> anchors) {
    AuditHash previous{};
    std::int64_t expected = 1;
    {
        auto note = connection.query(Statement::note_get);
        note.bind(audit_begin_note);
        if (note.step()) {
            const auto begin = read_audit_begin(audit_key, note.blob(0));
            if (!begin) fault(report, "audit: the record of the last purge is not what the chain's key signed");
            if (begin) {
                previous = begin->hash;
                expected = begin->sequence + 1;
            }
        }
    }
    std::map<std::int64_t, const AuditMark*> marks;
    for (const auto& each : anchors) {
        if (each.sequence == expected - 1 && each.hash != previous)
            fault(report, fmt::format("audit: the chain does not begin where the anchor {} says", each.sequence));
        // Two anchors of one row that differ cannot both be true: the second finds no row of its own below.
        if (each.sequence >= expected && !marks.emplace(each.sequence, &each).second &&
            marks[each.sequence]->hash != each.hash)
            fault(report, fmt::format("audit: two anchors of row {} differ", each.sequence));
    }
    const auto first = expected;
    AuditHasher hash_of(audit_key);
    auto query = connection.query(Statement::audit_list);
    query.bind(std::int64_t{0}).bind(std::numeric_limits<std::int64_t>::max());
    while (query.step()) {
        const auto sequence = query.integer(0);
        ++report.rows;
        if (sequence != expected) fault(report, fmt::format("audit: row {} where {} is due", sequence, expected));
        const auto hash = hash_of(previous, sequence, query.integer(1), query.blob(2));
        const auto stored = query.blob(3);
        if (stored.size() != hash.size() || std::memcmp(stored.data(), hash.data(), hash.size()) != 0)
            fault(report, fmt::format("audit: row {} is not as it was written", sequence));
        if (stored.size() == previous.size()) std::memcpy(previous.data(), stored.data(), stored.size());
        if (const auto mark = marks.find(sequence); mark != marks.end()) {
            if (stored.size() != hash.size() || std::memcmp(stored.data(), mark->second->hash.data(), hash.size()) != 0)
                fault(report, fmt::format("audit: row {} is not the one of its anchor", sequence));
            marks.erase(mark);
        }
        expected = sequence + 1;
    }
    if (expected == first && first > 1) fault(report, "audit: rows were purged and none is left");
    for (const auto& [sequence, mark] : marks)
        fault(report, fmt::format("audit: row {} of an anchor is not there: the end was cut off", sequence));
}

CheckReport check_store(Connection& connection, Catalog& catalog, std::string_view audit_key) {
    CheckReport report;
    connection.query(Statement::begin_read).run();
    const auto verdict = connection.scalar("PRAGMA integrity_check");
    if (verdict != "ok") fault(report, "file: " + verdict);
    const auto stored = check_versions(connection, catalog, report);
    PairSum indexed;
    KeyIndex index(connection);
    index.range(std::string(1, '\0'), std::string(8, '\xff'), [&](std::string_view key, Vid vid) {
        indexed.add(catalog.hash_key, key, vid);
        return true;
    });
    if (indexed.count != stored.count || indexed.sum != stored.sum)
        fault(report, fmt::format("index: {} postings, the versions have {}, or others: rebuild it", indexed.count,
                                  stored.count));
    check_audit(connection, audit_key, report);
    connection.query(Statement::commit).run();
    return report;
}

}  // namespace causeway::storage
