#include "gateway/storage/sql/schema.hpp"

namespace causeway::storage::sql {

namespace {

constexpr std::string_view resources_and_queues[] = {
    // Small facts: hash key, counters, cleanly closed or not.
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID",
    "CREATE TABLE resource_type (code INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
    "CREATE TABLE parameter (id INTEGER PRIMARY KEY, type TEXT NOT NULL, code TEXT NOT NULL, kind INTEGER NOT NULL,"
    " ready_from INTEGER NOT NULL, UNIQUE (type, code))",
    // One row a logical resource, also a placeholder (first = cur = 0) for a reference that cannot be resolved yet.
    "CREATE TABLE resource (rid INTEGER PRIMARY KEY, type INTEGER NOT NULL, id TEXT NOT NULL, first INTEGER NOT NULL,"
    " cur INTEGER NOT NULL, UNIQUE (id, type))",
    // Append-only: the log everything else derives from. `keys` is the durable truth of the search index.
    "CREATE TABLE version (vid INTEGER PRIMARY KEY, rid INTEGER NOT NULL, no INTEGER NOT NULL, prev INTEGER NOT NULL,"
    " at_us INTEGER NOT NULL, kind INTEGER NOT NULL, origin INTEGER NOT NULL, keys BLOB NOT NULL)",
    "CREATE TABLE body (vid INTEGER PRIMARY KEY, dict INTEGER NOT NULL, splice INTEGER NOT NULL, size INTEGER NOT NULL,"
    " data BLOB NOT NULL)",
    // Version 2 and later; version 1 is resource.first.
    "CREATE TABLE history (rid INTEGER NOT NULL, no INTEGER NOT NULL, vid INTEGER NOT NULL, PRIMARY KEY (rid, no)) "
    "WITHOUT ROWID",
    "CREATE TABLE dictionary (id INTEGER PRIMARY KEY, data BLOB NOT NULL)",
    "CREATE TABLE dead (chunk INTEGER PRIMARY KEY, data BLOB NOT NULL)",
    "CREATE TABLE identity (key TEXT PRIMARY KEY, rid INTEGER NOT NULL) WITHOUT ROWID",

    "CREATE TABLE inbox (id INTEGER PRIMARY KEY, channel TEXT NOT NULL, application TEXT NOT NULL, facility TEXT NOT "
    "NULL,"
    " control_id TEXT NOT NULL, kind TEXT NOT NULL, hash BLOB NOT NULL, received_us INTEGER NOT NULL, state INTEGER "
    "NOT NULL,"
    " acknowledgement BLOB NOT NULL, note TEXT NOT NULL, correlation TEXT NOT NULL, size INTEGER NOT NULL, raw BLOB "
    "NOT NULL)",
    // value = keyed hash of sender and control id; the row itself is compared.
    "CREATE TABLE inbox_sender (value INTEGER NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (value, id)) WITHOUT ROWID",
    "CREATE INDEX inbox_fault ON inbox (state, id) WHERE state <> 2",
    "CREATE TABLE trace (id INTEGER PRIMARY KEY, size INTEGER NOT NULL, data BLOB NOT NULL)",
    "CREATE TABLE written (origin INTEGER NOT NULL, vid INTEGER NOT NULL, PRIMARY KEY (origin, vid)) WITHOUT ROWID",

    "CREATE TABLE outbox (id INTEGER PRIMARY KEY, partner TEXT NOT NULL, ordering_key TEXT NOT NULL, kind TEXT NOT "
    "NULL,"
    " control_id TEXT NOT NULL, due_us INTEGER NOT NULL, origin INTEGER NOT NULL, correlation TEXT NOT NULL,"
    " state INTEGER NOT NULL, attempts INTEGER NOT NULL, created_us INTEGER NOT NULL, changed_us INTEGER NOT NULL,"
    " acknowledgement BLOB NOT NULL, note TEXT NOT NULL, replay_of INTEGER NOT NULL, size INTEGER NOT NULL, payload "
    "BLOB NOT NULL)",
    "CREATE TABLE outbox_lane (partner TEXT NOT NULL, ordering_key TEXT NOT NULL, id INTEGER NOT NULL,"
    " PRIMARY KEY (partner, ordering_key, id)) WITHOUT ROWID",
    // The first message of each lane, by when it may go.
    "CREATE TABLE outbox_head (partner TEXT NOT NULL, due_us INTEGER NOT NULL, id INTEGER NOT NULL,"
    " PRIMARY KEY (partner, due_us, id)) WITHOUT ROWID",
    "CREATE INDEX outbox_dead ON outbox (partner, id) WHERE state = 3",

    "CREATE TABLE audit (seq INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, event BLOB NOT NULL, hash BLOB NOT NULL)",

    "CREATE TABLE patient_record (record INTEGER PRIMARY KEY, person INTEGER NOT NULL, state INTEGER NOT NULL,"
    " keys BLOB NOT NULL, data BLOB NOT NULL)",
    "CREATE TABLE patient_member (person INTEGER NOT NULL, record INTEGER NOT NULL, PRIMARY KEY (person, record)) "
    "WITHOUT ROWID",
    "CREATE TABLE patient_block (key SMALLINT NOT NULL, value INTEGER NOT NULL, record INTEGER NOT NULL,"
    " PRIMARY KEY (key, value, record)) WITHOUT ROWID",
    "CREATE TABLE person (person INTEGER PRIMARY KEY, state INTEGER NOT NULL, redirect INTEGER NOT NULL, data BLOB NOT "
    "NULL)",
    "CREATE TABLE link_event (seq INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, kind INTEGER NOT NULL, source INTEGER "
    "NOT NULL,"
    " record INTEGER NOT NULL, person INTEGER NOT NULL, other_record INTEGER NOT NULL, other_person INTEGER NOT NULL,"
    " supersedes INTEGER NOT NULL, data BLOB NOT NULL)",
    "CREATE TABLE link_event_record (record INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (record, seq)) WITHOUT "
    "ROWID",
    "CREATE TABLE link_event_person (person INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (person, seq)) WITHOUT "
    "ROWID",
    // rank = -priority, so that both columns ascend.
    "CREATE TABLE review (id INTEGER PRIMARY KEY, rank INTEGER NOT NULL, open INTEGER NOT NULL, at_us INTEGER NOT NULL,"
    " record INTEGER NOT NULL, person INTEGER NOT NULL, other_record INTEGER NOT NULL, other_person INTEGER NOT NULL,"
    " data BLOB NOT NULL)",
    "CREATE INDEX review_open ON review (rank, id) WHERE open = 1",
    "CREATE TABLE review_record (record INTEGER NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (record, id)) WITHOUT ROWID",

    "CREATE TABLE note (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
};

constexpr std::string_view notes_that_expire[] = {
    "ALTER TABLE note ADD COLUMN expires_us INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX note_expiry ON note (expires_us) WHERE expires_us > 0",
};

constexpr std::string_view outbox_by_origin[] = {
    "CREATE INDEX outbox_origin ON outbox (origin, id) WHERE origin <> 0",
};

constexpr Migration steps[] = {
    {"resources, queues, audit, patient index", resources_and_queues},
    {"notes that expire", notes_that_expire},
    {"outbox by origin", outbox_by_origin},
};

}  // namespace

std::span<const Migration> migrations() { return steps; }

}  // namespace causeway::storage::sql
