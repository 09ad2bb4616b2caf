#include "gateway/storage/sql/statements.hpp"

namespace causeway::storage::sql {

// The reads return, in this order: vid, rid, no, at_us, kind, origin, type, id, dict, splice, size, data. The list
// stands in each of them so that a statement can be read, and tried in a shell, as it is.
std::string_view text(Statement statement) {
    using enum Statement;
    switch (statement) {
        case begin_read:
            return "BEGIN";
        case begin_write:
            return "BEGIN IMMEDIATE";
        case commit:
            return "COMMIT";
        case rollback:
            return "ROLLBACK";
        case savepoint:
            return "SAVEPOINT job";
        case release:
            return "RELEASE SAVEPOINT job";
        case rollback_to:
            return "ROLLBACK TO SAVEPOINT job";

        case meta_get:
            return "SELECT value FROM meta WHERE name = $1";
        case meta_set:
            return "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = "
                   "excluded.value";
        case type_all:
            return "SELECT code, name FROM resource_type";
        case type_add:
            return "INSERT INTO resource_type (code, name) VALUES ($1, $2)";
        case parameter_all:
            return "SELECT id, type, code, ready_from FROM parameter";
        case parameter_add:
            return "INSERT INTO parameter (id, type, code, kind, ready_from) VALUES ($1, $2, $3, $4, $5)";
        case parameter_last:
            return "SELECT id FROM parameter ORDER BY id DESC LIMIT 1";
        case dictionary_all:
            return "SELECT id, data FROM dictionary ORDER BY id";
        case dictionary_add:
            return "INSERT INTO dictionary (id, data) VALUES ($1, $2)";
        case dead_all:
            return "SELECT chunk, data FROM dead ORDER BY chunk";
        case dead_set:
            return "INSERT INTO dead (chunk, data) VALUES ($1, $2) ON CONFLICT (chunk) DO UPDATE SET data = "
                   "excluded.data";
        case version_prev_after:
            return "SELECT vid, prev, kind FROM version WHERE vid > $1 ORDER BY vid";
        case version_last:
            return "SELECT vid, at_us FROM version ORDER BY vid DESC LIMIT 1";
        case version_at_or_after:
            return "SELECT vid, at_us FROM version WHERE vid >= $1 ORDER BY vid LIMIT 1";

        case resource_find:
            return "SELECT rid, first, cur FROM resource WHERE id = $1 AND type = $2";
        case resource_any_type:
            return "SELECT rid FROM resource WHERE id = $1 LIMIT 200";
        case resource_add:
            return "INSERT INTO resource (rid, type, id, first, cur) VALUES ($1, $2, $3, $4, $5)";
        case resource_set:
            return "UPDATE resource SET first = $1, cur = $2 WHERE rid = $3";
        case resource_current:
            return "SELECT cur FROM resource WHERE rid = $1";
        case resource_name:
            return "SELECT type, id, cur FROM resource WHERE rid = $1";
        case resource_last:
            return "SELECT rid FROM resource ORDER BY rid DESC LIMIT 1";

        case version_add:
            return "INSERT INTO version (vid, rid, no, prev, at_us, kind, origin, keys) VALUES ($1, $2, $3, $4, $5, "
                   "$6, $7, $8)";
        case version_keys:
            return "SELECT rid, at_us, kind, keys FROM version WHERE vid = $1";
        case version_rekey:
            return "UPDATE version SET keys = $1 WHERE vid = $2";
        case version_prev:
            return "SELECT prev, no, at_us, kind FROM version WHERE vid = $1";
        case body_add:
            return "INSERT INTO body (vid, dict, splice, size, data) VALUES ($1, $2, $3, $4, $5)";
        case history_add:
            return "INSERT INTO history (rid, no, vid) VALUES ($1, $2, $3)";

        case read_name:
            return "SELECT v.vid, v.rid, v.no, v.at_us, v.kind, v.origin, r.type, r.id, b.dict, b.splice, b.size, "
                   "b.data"
                   " FROM resource r JOIN version v ON v.vid = r.cur LEFT JOIN body b ON b.vid = v.vid"
                   " WHERE r.id = $1 AND r.type = $2";
        case read_rid:
            return "SELECT v.vid, v.rid, v.no, v.at_us, v.kind, v.origin, r.type, r.id, b.dict, b.splice, b.size, "
                   "b.data"
                   " FROM resource r JOIN version v ON v.vid = r.cur LEFT JOIN body b ON b.vid = v.vid WHERE r.rid = "
                   "$1";
        case read_vid:
            return "SELECT v.vid, v.rid, v.no, v.at_us, v.kind, v.origin, r.type, r.id, b.dict, b.splice, b.size, "
                   "b.data"
                   " FROM version v JOIN resource r ON r.rid = v.rid LEFT JOIN body b ON b.vid = v.vid WHERE v.vid = "
                   "$1";
        case version_of_name:
            return "SELECT v.vid, v.rid, v.no, v.at_us, v.kind, v.origin FROM resource r JOIN version v ON v.vid = "
                   "r.cur"
                   " WHERE r.id = $1 AND r.type = $2";
        case number_first:
            return "SELECT first FROM resource WHERE rid = $1";
        case number_later:
            return "SELECT vid FROM history WHERE rid = $1 AND no = $2";
        case history_before:
            return "SELECT vid FROM version WHERE vid < $1 ORDER BY vid DESC LIMIT $2";
        case keys_after:
            return "SELECT vid, kind, keys FROM version WHERE vid > $1 ORDER BY vid LIMIT $2";

        case identity_get:
            return "SELECT rid FROM identity WHERE key = $1";
        case identity_set:
            return "INSERT INTO identity (key, rid) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET rid = excluded.rid";
        case identity_remove:
            return "DELETE FROM identity WHERE key = $1";

        case inbox_add:
            return "INSERT INTO inbox (id, channel, application, facility, control_id, kind, hash, received_us, state,"
                   " acknowledgement, note, correlation, size, raw)"
                   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
        case inbox_last:
            return "SELECT id FROM inbox ORDER BY id DESC LIMIT 1";
        case inbox_sender_add:
            return "INSERT INTO inbox_sender (value, id) VALUES ($1, $2)";
        case inbox_set:
            return "UPDATE inbox SET state = $1, acknowledgement = $2, note = $3 WHERE id = $4";
        case inbox_row:
            return "SELECT id, channel, application, facility, control_id, kind, hash, received_us, state, "
                   "acknowledgement, note,"
                   " correlation, size, raw FROM inbox WHERE id = $1";
        case inbox_sender:
            return "SELECT id FROM inbox_sender WHERE value = $1 ORDER BY id DESC LIMIT 64";
        case inbox_list:
            return "SELECT id, channel, application, facility, control_id, kind, hash, received_us, state, "
                   "acknowledgement, note,"
                   " correlation, size, raw FROM inbox WHERE id < $1 ORDER BY id DESC";
        case inbox_list_state:
            return "SELECT id, channel, application, facility, control_id, kind, hash, received_us, state, "
                   "acknowledgement, note,"
                   " correlation, size, raw FROM inbox WHERE state = $1 AND state <> 2 AND id < $2 ORDER BY id DESC";
        case trace_set:
            return "INSERT INTO trace (id, size, data) VALUES ($1, $2, $3)"
                   " ON CONFLICT (id) DO UPDATE SET size = excluded.size, data = excluded.data";
        case trace_get:
            return "SELECT size, data FROM trace WHERE id = $1";
        case written_add:
            return "INSERT INTO written (origin, vid) VALUES ($1, $2)";
        case written_list:
            return "SELECT vid FROM written WHERE origin = $1 ORDER BY vid LIMIT $2";

        case outbox_add:
            return "INSERT INTO outbox (id, partner, ordering_key, kind, control_id, due_us, origin, correlation, "
                   "state, attempts,"
                   " created_us, changed_us, acknowledgement, note, replay_of, size, payload)"
                   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
        case outbox_last:
            return "SELECT id FROM outbox ORDER BY id DESC LIMIT 1";
        case outbox_row:
            return "SELECT id, partner, ordering_key, kind, control_id, due_us, origin, correlation, state, attempts, "
                   "created_us,"
                   " changed_us, acknowledgement, note, replay_of, size, payload FROM outbox WHERE id = $1";
        case outbox_set:
            return "UPDATE outbox SET due_us = $1, state = $2, attempts = $3, changed_us = $4, acknowledgement = $5, "
                   "note = $6"
                   " WHERE id = $7";
        case outbox_lane_add:
            return "INSERT INTO outbox_lane (partner, ordering_key, id) VALUES ($1, $2, $3)";
        case outbox_lane_remove:
            return "DELETE FROM outbox_lane WHERE partner = $1 AND ordering_key = $2 AND id = $3";
        case outbox_lane_first:
            return "SELECT id FROM outbox_lane WHERE partner = $1 AND ordering_key = $2 ORDER BY id LIMIT 1";
        case outbox_head_add:
            return "INSERT INTO outbox_head (partner, due_us, id) VALUES ($1, $2, $3)";
        case outbox_head_remove:
            return "DELETE FROM outbox_head WHERE partner = $1 AND due_us = $2 AND id = $3";
        case outbox_head_due:
            return "SELECT id FROM outbox_head WHERE partner = $1 AND due_us <= $2 ORDER BY due_us, id LIMIT $3";
        case outbox_head_first:
            return "SELECT due_us FROM outbox_head WHERE partner = $1 ORDER BY due_us LIMIT 1";
        case outbox_list:
            return "SELECT id, partner, ordering_key, kind, control_id, due_us, origin, correlation, state, attempts, "
                   "created_us,"
                   " changed_us, acknowledgement, note, replay_of, size, payload FROM outbox WHERE id < $1 ORDER BY id "
                   "DESC";
        case outbox_list_dead:
            return "SELECT id, partner, ordering_key, kind, control_id, due_us, origin, correlation, state, attempts, "
                   "created_us,"
                   " changed_us, acknowledgement, note, replay_of, size, payload FROM outbox WHERE state = 3 AND id < "
                   "$1"
                   " ORDER BY id DESC";
        case outbox_list_dead_partner:
            return "SELECT id, partner, ordering_key, kind, control_id, due_us, origin, correlation, state, attempts, "
                   "created_us,"
                   " changed_us, acknowledgement, note, replay_of, size, payload FROM outbox"
                   " WHERE state = 3 AND partner = $1 AND id < $2 ORDER BY id DESC";
        case outbox_list_origin:
            return "SELECT id, partner, ordering_key, kind, control_id, due_us, origin, correlation, state, attempts, "
                   "created_us,"
                   " changed_us, acknowledgement, note, replay_of, size, payload FROM outbox"
                   " WHERE origin <> 0 AND origin = $1 AND id < $2 ORDER BY id DESC";
        case outbox_depth:
            return "SELECT partner, COUNT(*), MIN(id) FROM outbox_lane GROUP BY partner";
        case outbox_dead_depth:
            return "SELECT partner, COUNT(*) FROM outbox WHERE state = 3 GROUP BY partner";
        case outbox_oldest:
            return "SELECT created_us FROM outbox WHERE id = $1";

        case audit_add:
            return "INSERT INTO audit (seq, at_us, event, hash) VALUES ($1, $2, $3, $4)";
        case audit_last:
            return "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1";
        case audit_remove:
            return "DELETE FROM audit WHERE seq <= $1";
        case audit_list:
            return "SELECT seq, at_us, event, hash FROM audit WHERE seq >= $1 ORDER BY seq LIMIT $2";

        case record_get:
            return "SELECT record, person, state, keys, data FROM patient_record WHERE record = $1";
        case record_set:
            return "INSERT INTO patient_record (record, person, state, keys, data) VALUES ($1, $2, $3, $4, $5)"
                   " ON CONFLICT (record) DO UPDATE SET person = excluded.person, state = excluded.state, keys = "
                   "excluded.keys,"
                   " data = excluded.data";
        case record_move:
            return "UPDATE patient_record SET person = $1, state = $2 WHERE record = $3";
        case record_erase:
            return "DELETE FROM patient_record WHERE record = $1";
        case record_after:
            return "SELECT record, person, state, keys, data FROM patient_record WHERE record > $1 ORDER BY record "
                   "LIMIT $2";
        case record_count:
            return "SELECT COUNT(*) FROM patient_record";
        case member_add:
            return "INSERT INTO patient_member (person, record) VALUES ($1, $2)";
        case member_remove:
            return "DELETE FROM patient_member WHERE person = $1 AND record = $2";
        case member_list:
            return "SELECT record FROM patient_member WHERE person = $1 ORDER BY record LIMIT $2";
        case block_add:
            return "INSERT INTO patient_block (key, value, record) VALUES ($1, $2, $3)";
        case block_remove:
            return "DELETE FROM patient_block WHERE key = $1 AND value = $2 AND record = $3";
        case block_list:
            return "SELECT record FROM patient_block WHERE key = $1 AND value = $2 ORDER BY record LIMIT $3";
        case person_get:
            return "SELECT person, state, redirect, data FROM person WHERE person = $1";
        case person_set:
            return "INSERT INTO person (person, state, redirect, data) VALUES ($1, $2, $3, $4)"
                   " ON CONFLICT (person) DO UPDATE SET state = excluded.state, redirect = excluded.redirect, data = "
                   "excluded.data";
        case person_last:
            return "SELECT person FROM person ORDER BY person DESC LIMIT 1";
        case event_add:
            return "INSERT INTO link_event (seq, at_us, kind, source, record, person, other_record, other_person, "
                   "supersedes, data)"
                   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        case event_last:
            return "SELECT seq FROM link_event ORDER BY seq DESC LIMIT 1";
        case event_record_add:
            return "INSERT INTO link_event_record (record, seq) VALUES ($1, $2)";
        case event_person_add:
            return "INSERT INTO link_event_person (person, seq) VALUES ($1, $2)";
        case event_of_record:
            return "SELECT e.seq, e.at_us, e.kind, e.source, e.record, e.person, e.other_record, e.other_person, "
                   "e.supersedes, e.data"
                   " FROM link_event_record k JOIN link_event e ON e.seq = k.seq WHERE k.record = $1 ORDER BY k.seq "
                   "LIMIT $2";
        case event_of_person:
            return "SELECT e.seq, e.at_us, e.kind, e.source, e.record, e.person, e.other_record, e.other_person, "
                   "e.supersedes, e.data"
                   " FROM link_event_person k JOIN link_event e ON e.seq = k.seq WHERE k.person = $1 ORDER BY k.seq "
                   "LIMIT $2";
        case event_after:
            return "SELECT seq, at_us, kind, source, record, person, other_record, other_person, supersedes, data"
                   " FROM link_event WHERE seq > $1 ORDER BY seq LIMIT $2";
        case review_add:
            return "INSERT INTO review (id, rank, open, at_us, record, person, other_record, other_person, data)"
                   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        case review_last:
            return "SELECT id FROM review ORDER BY id DESC LIMIT 1";
        case review_get:
            return "SELECT id, rank, open, at_us, record, person, other_record, other_person, data FROM review WHERE "
                   "id = $1";
        case review_close:
            return "UPDATE review SET open = 0, data = $1 WHERE id = $2";
        case review_record_add:
            return "INSERT INTO review_record (record, id) VALUES ($1, $2)";
        case review_open_after:
            return "SELECT id, rank, open, at_us, record, person, other_record, other_person, data FROM review"
                   " WHERE open = 1 AND (rank, id) > ($1, $2) ORDER BY rank, id LIMIT $3";
        case review_of_record:
            return "SELECT v.id, v.rank, v.open, v.at_us, v.record, v.person, v.other_record, v.other_person, v.data"
                   " FROM review_record k JOIN review v ON v.id = k.id WHERE k.record = $1 AND v.open = 1 ORDER BY "
                   "k.id LIMIT $2";

        case note_get:
            return "SELECT value FROM note WHERE name = $1";
        case note_set:
            return "INSERT INTO note (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = "
                   "excluded.value, expires_us = 0";
        case note_add:
            return "INSERT INTO note (name, value, expires_us) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE"
                   " SET value = excluded.value, expires_us = excluded.expires_us"
                   " WHERE note.expires_us > 0 AND note.expires_us <= $4";
        case note_remove:
            return "DELETE FROM note WHERE name = $1";
        case note_purge:
            return "DELETE FROM note WHERE name IN (SELECT name FROM note WHERE expires_us > 0 AND expires_us <= $1"
                   " ORDER BY expires_us LIMIT 32)";
        case inbox_old:
            return "SELECT id, state, received_us FROM inbox WHERE id > $1 ORDER BY id LIMIT $2";
        case inbox_remove:
            return "DELETE FROM inbox WHERE id = $1";
        case inbox_sender_remove:
            return "DELETE FROM inbox_sender WHERE value = $1 AND id = $2";
        case trace_remove:
            return "DELETE FROM trace WHERE id = $1";
        case written_remove:
            return "DELETE FROM written WHERE origin = $1";
        case outbox_old:
            return "SELECT id, state, changed_us FROM outbox WHERE id > $1 ORDER BY id LIMIT $2";
        case outbox_origin_open:
            return "SELECT id FROM outbox WHERE origin = $1 AND origin <> 0 AND state IN (1, 3) LIMIT 1";
        case outbox_remove:
            return "DELETE FROM outbox WHERE id = $1";
        case count_:
            break;
    }
    return {};
}

}  // namespace causeway::storage::sql
