#include "gateway/storage/sqlite/transaction.hpp"

#include <fmt/format.h>
#include <algorithm>

namespace causeway::storage {

using sql::Statement;

namespace {

std::string_view bytes_of(const ContentHash& hash) { return {reinterpret_cast<const char*>(hash.data()), hash.size()}; }

/// The stored form of a resource's keys: its own, in order, with those of its references between them.
std::string merge_keys(const std::vector<std::string>& own, std::vector<std::string>& references) {
    std::sort(references.begin(), references.end());
    references.erase(std::unique(references.begin(), references.end()), references.end());
    std::size_t size = 0;
    for (const auto& key : own) size += key.size() + 1;
    for (const auto& key : references) size += key.size() + 1;
    std::string out;
    out.reserve(size);
    const auto append = [&](const std::string& key) {
        out += static_cast<char>(key.size());
        out += key;
    };
    auto left = own.begin();
    auto right = references.begin();
    while (left != own.end() || right != references.end()) {
        if (right == references.end() || (left != own.end() && *left < *right))
            append(*left++);
        else
            append(*right++);
    }
    return out;
}

}  // namespace

SqliteTransaction::Current SqliteTransaction::current(std::int64_t type_code, std::string_view id) {
    Current out;
    {
        auto query = connection_.query(Statement::resource_find);
        query.bind(id).bind(type_code);
        if (!query.step()) return out;
        out.rid = query.integer(0);
        out.first = query.integer(1);
        out.vid = query.integer(2);
    }
    if (out.vid != 0) {
        auto query = connection_.query(Statement::version_prev);
        query.bind(out.vid);
        if (!query.step()) throw FailureException({FailureCode::corrupt, "a resource's current version is missing"});
        out.number = query.integer(1);
        out.erased = static_cast<WriteKind>(query.integer(3)) == WriteKind::erase;
    }
    return out;
}

Rid SqliteTransaction::number_of(std::int64_t type_code, std::string_view id) {
    if (const auto* const known = group_.cached_rid(type_code, id)) return *known;
    Rid rid = 0;
    {
        auto query = connection_.query(Statement::resource_find);
        query.bind(id).bind(type_code);
        if (query.step()) rid = query.integer(0);
    }
    if (rid == 0) {
        rid = group_.counters.rid++;
        connection_.query(Statement::resource_add).bind_all(rid, type_code, id, std::int64_t{0}, std::int64_t{0}).run();
    }
    group_.cache_rid(type_code, id, rid);
    return rid;
}

VersionInfo SqliteTransaction::add_version(Current& at, std::int64_t type_code, std::string_view id, WriteKind kind,
                                           InboxId origin, std::string keys) {
    VersionInfo version;
    version.vid = group_.next_vid++;
    version.number = at.number + 1;
    version.at_us = group_.last_at_us = std::max(now_us_, group_.last_at_us + 1);
    version.kind = kind;
    version.origin = origin;
    if (at.rid == 0) {
        at.rid = group_.counters.rid++;
        connection_.query(Statement::resource_add).bind_all(at.rid, type_code, id, version.vid, version.vid).run();
        group_.cache_rid(type_code, id, at.rid);
    } else {
        connection_.query(Statement::resource_set)
            .bind_all(at.first == 0 ? version.vid : at.first, version.vid, at.rid)
            .run();
    }
    version.rid = at.rid;
    connection_.query(Statement::version_add)
        .bind_all(version.vid, version.rid, version.number, at.vid, version.at_us, static_cast<std::int64_t>(kind),
                  origin)
        .bind_blob(keys)
        .run();
    if (version.number > 1)
        connection_.query(Statement::history_add).bind_all(version.rid, version.number, version.vid).run();
    if (origin != 0) connection_.query(Statement::written_add).bind_all(origin, version.vid).run();
    if (at.vid != 0) group_.dead.push_back(at.vid);
    if (kind == WriteKind::erase) group_.dead.push_back(version.vid);
    group_.versions.push_back({version.vid, version.rid, kind == WriteKind::erase, std::move(keys)});
    return version;
}

Result<WriteResult> SqliteTransaction::put(const ResourceWrite& write) {
    return guard_([&]() -> WriteResult {
        if (!write.resource) throw FailureException({FailureCode::refused, "a write without a resource"});
        const auto& content = write.resource.content();
        Current at;
        if (!write.fresh) at = current(content.type_code, content.id);
        if (write.if_version && *write.if_version != (at.live() ? at.number : 0))
            throw FailureException({FailureCode::version_conflict, "the resource has another version"});
        WriteResult out;
        out.created = !at.live();
        out.replaced = at.number;
        std::vector<std::string> references;
        references.reserve(content.references.size());
        for (const auto& reference : content.references) {
            auto key = reference.head;
            keys::append_rid(number_of(catalog_.type_code(reference.type), reference.id), key);
            references.push_back(std::move(key));
        }
        // A reference to itself has just made the row.
        if (at.rid == 0 && (!references.empty() || write.fresh))
            if (const auto* const known = group_.cached_rid(content.type_code, content.id)) at.rid = *known;
        const auto kind = out.created ? WriteKind::create : write.kind;
        out.version =
            add_version(at, content.type_code, content.id, kind, write.origin, merge_keys(content.keys, references));
        connection_.query(Statement::body_add)
            .bind_all(out.version.vid, content.dictionary,
                      static_cast<std::int64_t>(content.body.splice) << 1 | (content.body.has_meta ? 1 : 0),
                      static_cast<std::int64_t>(content.size))
            .bind_blob(content.packed)
            .run();
        return out;
    });
}

Result<std::optional<WriteResult>> SqliteTransaction::erase(std::string_view type, std::string_view id,
                                                            std::optional<std::int64_t> if_version, InboxId origin) {
    return guard_([&]() -> std::optional<WriteResult> {
        const auto code = catalog_.find_type(type);
        auto at = code == 0 ? Current{} : current(code, id);
        if (if_version && *if_version != (at.live() ? at.number : 0))
            throw FailureException({FailureCode::version_conflict, "the resource has another version"});
        if (!at.live()) return {};
        std::string keys;
        const auto type_key =
            keys::type_key(code);  // type history needs it; no search does, for the marker is dead from the start
        keys += static_cast<char>(type_key.size());
        keys += type_key;
        WriteResult out;
        out.replaced = at.number;
        out.version = add_version(at, code, id, WriteKind::erase, origin, std::move(keys));
        return out;
    });
}

Result<void> SqliteTransaction::define_parameter(fhir::search::ParameterId parameter, std::string_view type,
                                                 std::string_view name, fhir::search::ParameterType kind) {
    return guard_([&] {
        std::int64_t durable = 0;
        {
            auto query = connection_.query(Statement::parameter_all);
            while (query.step())
                if (query.text(1) == type && query.text(2) == name) durable = query.integer(0);
        }
        if (durable == 0) {
            {
                auto query = connection_.query(Statement::parameter_last);
                durable = (query.step() ? query.integer(0) : keys::first_parameter - 1) + 1;
            }
            if (durable > 0xffff) throw FailureException({FailureCode::refused, "too many search parameters"});
            connection_.query(Statement::parameter_add)
                .bind_all(durable, type, name, static_cast<std::int64_t>(kind), group_.next_vid)
                .run();
        }
        // A job that is undone leaves a number without values: harmless.
        catalog_.set_parameter(parameter, static_cast<std::uint16_t>(durable));
    });
}

Result<bool> SqliteTransaction::add_values(Vid vid, std::span<const fhir::search::SearchValue> values) {
    return guard_([&]() -> bool {
        for (const auto& version : group_.versions)
            if (version.vid == vid) return false;
        std::string stored;
        {
            auto query = connection_.query(Statement::version_keys);
            query.bind(vid);
            if (!query.step()) return false;
            stored = query.blob(3);
        }
        ResourceKeys made;
        make_keys(
            values, keys::Hasher{catalog_.hash_key, catalog_.hash_mask},
            [&](fhir::search::ParameterId parameter) { return catalog_.durable_parameter(parameter); }, made);
        auto& all = made.list.items();
        for (const auto& reference : made.references) {
            auto key = reference.head;
            keys::append_rid(number_of(catalog_.type_code(reference.type), reference.id), key);
            all.push_back(std::move(key));
        }
        const auto fresh = all.size();
        if (fresh == 0) return true;
        KeyCursor cursor(stored);
        for (std::string_view each; cursor.next(each);) all.emplace_back(each);
        const auto before = all.size() - fresh;
        made.list.sort();
        if (all.size() == before) return true;
        std::vector<std::string> none;
        const auto merged = merge_keys(all, none);
        index().remove(vid, stored);
        index().add(vid, merged);
        connection_.query(Statement::version_rekey).bind_blob(merged).bind(vid).run();
        return true;
    });
}

Result<Rid> SqliteTransaction::resource_number(std::string_view type, std::string_view id) {
    return guard_([&] { return number_of(catalog_.type_code(type), id); });
}

Result<void> SqliteTransaction::set_identity(std::string_view key, const ResourceName& resource) {
    return guard_([&] {
        const auto rid = number_of(catalog_.type_code(resource.type), resource.id);
        connection_.query(Statement::identity_set).bind_all(key, rid).run();
    });
}

Result<void> SqliteTransaction::remove_identity(std::string_view key) {
    return guard_([&] { connection_.query(Statement::identity_remove).bind(key).run(); });
}

Result<InboxId> SqliteTransaction::add_inbox(const InboxMessage& message) {
    return guard_([&] {
        const auto id = group_.counters.inbox++;
        const auto made = message.packed ? std::string() : catalog_.codec.pack_plain(message.raw);
        const std::string_view raw = message.packed ? message.packed->data : made;
        connection_.query(Statement::inbox_add)
            .bind_all(id, std::string_view(message.channel), std::string_view(message.application),
                      std::string_view(message.facility), std::string_view(message.control_id),
                      std::string_view(message.kind))
            .bind_blob(bytes_of(message.hash))
            .bind_all(message.received_us, static_cast<std::int64_t>(message.state))
            .bind_blob(message.acknowledgement)
            .bind_all(std::string_view(message.note), std::string_view(message.correlation),
                      static_cast<std::int64_t>(message.raw.size()))
            .bind_blob(raw)
            .run();
        connection_.query(Statement::inbox_sender_add).bind_all(rows_.sender_value(message), id).run();
        return id;
    });
}

Result<void> SqliteTransaction::set_inbox(InboxId id, InboxState state, std::string_view acknowledgement,
                                          std::string_view note) {
    return guard_([&] {
        connection_.query(Statement::inbox_set)
            .bind(static_cast<std::int64_t>(state))
            .bind_blob(acknowledgement)
            .bind(note)
            .bind(id)
            .run();
        if (connection_.changes() == 0) throw FailureException({FailureCode::not_found, "no such inbox row"});
    });
}

Result<void> SqliteTransaction::put_trace(InboxId id, const PackedBytes& data) {
    return guard_([&] {
        connection_.query(Statement::trace_set)
            .bind_all(id, static_cast<std::int64_t>(data.size))
            .bind_blob(data.data)
            .run();
    });
}

OutboxId SqliteTransaction::add_outbox(const OutboxMessage& message, OutboxId replay_of) {
    const auto id = group_.counters.outbox++;
    const auto due = std::max(message.due_us, TimeUs{0});
    const std::string_view partner = message.partner;
    const std::string_view lane = message.ordering_key;
    const auto payload = catalog_.codec.pack_plain(message.payload);
    connection_.query(Statement::outbox_add)
        .bind_all(id, partner, lane, std::string_view(message.kind), std::string_view(message.control_id), due,
                  message.origin, std::string_view(message.correlation),
                  static_cast<std::int64_t>(OutboxState::pending), std::int64_t{0}, now_us_, now_us_)
        .bind_blob({})
        .bind_all(std::string_view(), replay_of, static_cast<std::int64_t>(message.payload.size()))
        .bind_blob(payload)
        .run();
    bool first = false;
    {
        auto query = connection_.query(Statement::outbox_lane_first);
        query.bind_all(partner, lane);
        first = !query.step();
    }
    connection_.query(Statement::outbox_lane_add).bind_all(partner, lane, id).run();
    if (first) connection_.query(Statement::outbox_head_add).bind_all(partner, due, id).run();
    return id;
}

OutboxRow SqliteTransaction::pending(OutboxId id) {
    auto row = rows_.outbox(id);
    if (!row || row->state != OutboxState::pending)
        throw FailureException({FailureCode::not_found, "no such pending outbox message"});
    return std::move(*row);
}

void SqliteTransaction::leave_lane(const OutboxRow& row, OutboxState state, std::string_view acknowledgement,
                                   std::string_view note) {
    const std::string_view partner = row.message.partner;
    const std::string_view lane = row.message.ordering_key;
    const auto first = [&] {
        auto query = connection_.query(Statement::outbox_lane_first);
        query.bind_all(partner, lane);
        return query.step() ? query.integer(0) : OutboxId{0};
    };
    const bool head = first() == row.id;
    connection_.query(Statement::outbox_lane_remove).bind_all(partner, lane, row.id).run();
    if (head) {
        connection_.query(Statement::outbox_head_remove).bind_all(partner, row.message.due_us, row.id).run();
        if (const auto next = first(); next != 0) {
            const auto waiting = rows_.outbox(next);
            if (!waiting) throw FailureException({FailureCode::corrupt, "a message of an outbox lane is missing"});
            connection_.query(Statement::outbox_head_add).bind_all(partner, waiting->message.due_us, next).run();
        }
    }
    const std::int64_t attempts = row.attempts + (state == OutboxState::cancelled ? 0 : 1);
    connection_.query(Statement::outbox_set)
        .bind_all(row.message.due_us, static_cast<std::int64_t>(state), attempts, now_us_)
        .bind_blob(acknowledgement)
        .bind_all(note, row.id)
        .run();
}

Result<OutboxId> SqliteTransaction::enqueue(const OutboxMessage& message) {
    return guard_([&] { return add_outbox(message, 0); });
}

Result<void> SqliteTransaction::mark_delivered(OutboxId id, std::string_view acknowledgement) {
    return guard_([&] { leave_lane(pending(id), OutboxState::delivered, acknowledgement, {}); });
}

Result<void> SqliteTransaction::mark_dead(OutboxId id, std::string_view acknowledgement, std::string_view note) {
    return guard_([&] { leave_lane(pending(id), OutboxState::dead, acknowledgement, note); });
}

Result<void> SqliteTransaction::cancel(OutboxId id, std::string_view note) {
    return guard_([&] { leave_lane(pending(id), OutboxState::cancelled, {}, note); });
}

Result<void> SqliteTransaction::defer(OutboxId id, TimeUs due_us, std::string_view note) {
    return guard_([&] {
        const auto row = pending(id);
        const std::string_view partner = row.message.partner;
        connection_.query(Statement::outbox_head_remove).bind_all(partner, row.message.due_us, id).run();
        const bool head = connection_.changes() > 0;
        if (head) connection_.query(Statement::outbox_head_add).bind_all(partner, due_us, id).run();
        connection_.query(Statement::outbox_set)
            .bind_all(due_us, static_cast<std::int64_t>(OutboxState::pending), std::int64_t{row.attempts} + 1, now_us_)
            .bind_blob(row.acknowledgement)
            .bind_all(note, id)
            .run();
    });
}

Result<OutboxId> SqliteTransaction::replay(OutboxId id, std::optional<std::string_view> payload) {
    return guard_([&] {
        auto row = rows_.outbox(id);
        if (!row) throw FailureException({FailureCode::not_found, "no such outbox message"});
        if (payload) row->message.payload = *payload;
        row->message.due_us = now_us_;
        return add_outbox(row->message, id);
    });
}

namespace {

/// A row that a purge looks at.
struct OldRow {
    std::int64_t id, state, at_us;
};

std::vector<OldRow> old_rows(Connection& connection, Statement statement, std::int64_t after, std::size_t look_max) {
    std::vector<OldRow> rows;
    auto query = connection.query(statement);
    query.bind_all(after, static_cast<std::int64_t>(look_max));
    while (query.step()) rows.push_back({query.integer(0), query.integer(1), query.integer(2)});
    return rows;
}

}  // namespace

Result<Purged> SqliteTransaction::purge_inbox(InboxId after, TimeUs before_us, std::size_t look_max) {
    return guard_([&] {
        Purged purged;
        purged.last = after;
        const auto newest = group_.counters.inbox - 1;
        const auto rows = old_rows(connection_, Statement::inbox_old, after, look_max);
        for (const auto& row : rows) {
            if (row.at_us >= before_us || row.id >= newest) return purged;
            purged.last = row.id;
            const bool over = row.state == static_cast<std::int64_t>(InboxState::processed) ||
                              row.state == static_cast<std::int64_t>(InboxState::rejected);
            if (!over) continue;
            {
                auto query = connection_.query(Statement::outbox_origin_open);
                query.bind_all(row.id);
                if (query.step()) continue;
            }
            const auto whole = rows_.inbox(row.id);
            if (!whole) continue;
            connection_.query(Statement::inbox_sender_remove)
                .bind_all(rows_.sender_value(whole->message), row.id)
                .run();
            connection_.query(Statement::trace_remove).bind(row.id).run();
            connection_.query(Statement::written_remove).bind(row.id).run();
            connection_.query(Statement::inbox_remove).bind(row.id).run();
            ++purged.removed;
        }
        purged.more = rows.size() == look_max;
        return purged;
    });
}

Result<Purged> SqliteTransaction::purge_outbox(OutboxId after, TimeUs before_us, std::size_t look_max) {
    return guard_([&] {
        Purged purged;
        purged.last = after;
        const auto newest = group_.counters.outbox - 1;
        const auto rows = old_rows(connection_, Statement::outbox_old, after, look_max);
        for (const auto& row : rows) {
            if (row.at_us >= before_us || row.id >= newest) return purged;
            purged.last = row.id;
            if (row.state != static_cast<std::int64_t>(OutboxState::delivered) &&
                row.state != static_cast<std::int64_t>(OutboxState::cancelled))
                continue;
            connection_.query(Statement::outbox_remove).bind(row.id).run();
            ++purged.removed;
        }
        purged.more = rows.size() == look_max;
        return purged;
    });
}

Result<std::int64_t> SqliteTransaction::append_audit(std::string_view event) {
    return guard_([&] {
        auto& counters = group_.counters;
        const auto sequence = counters.audit;
        const auto hash = audit_hash_(counters.audit_hash, sequence, now_us_, event);
        connection_.query(Statement::audit_add)
            .bind_all(sequence, now_us_)
            .bind_blob(event)
            .bind_blob({reinterpret_cast<const char*>(hash.data()), hash.size()})
            .run();
        ++counters.audit;
        counters.audit_hash = hash;
        return sequence;
    });
}

Result<std::int64_t> SqliteTransaction::purge_audit(std::int64_t through) {
    return guard_([&] {
        constexpr std::int64_t rows_max = 10'000;
        std::int64_t first = 0;
        {
            auto query = connection_.query(Statement::audit_list);
            query.bind_all(std::int64_t{0}, std::int64_t{1});
            if (query.step()) first = query.integer(0);
        }
        if (through >= group_.counters.audit - 1)
            throw FailureException({FailureCode::refused, "the newest audit row stays"});
        if (first == 0 || through < first) return std::int64_t{0};
        through = std::min(through, first + rows_max - 1);
        AuditHash hash{};
        {
            auto query = connection_.query(Statement::audit_list);
            query.bind_all(through, std::int64_t{1});
            if (!query.step() || query.integer(0) != through || query.blob(3).size() != hash.size())
                throw FailureException({FailureCode::corrupt, "the audit chain has a gap"});
            std::memcpy(hash.data(), query.blob(3).data(), hash.size());
        }
        connection_.query(Statement::audit_remove).bind(through).run();
        connection_.query(Statement::note_set)
            .bind(audit_begin_note)
            .bind_blob(render_audit_begin(audit_key_, {through, hash}))
            .run();
        return through - first + 1;
    });
}

Result<void> SqliteTransaction::set_note(std::string_view name, std::string_view value) {
    return guard_([&] { connection_.query(Statement::note_set).bind(name).bind_blob(value).run(); });
}

Result<bool> SqliteTransaction::add_note(std::string_view name, std::string_view value, TimeUs expires_us) {
    return guard_([&] {
        connection_.query(Statement::note_purge).bind(now_us_).run();
        connection_.query(Statement::note_add).bind(name).bind_blob(value).bind_all(expires_us, now_us_).run();
        return connection_.changes() > 0;
    });
}

Result<bool> SqliteTransaction::remove_note(std::string_view name) {
    return guard_([&] {
        connection_.query(Statement::note_remove).bind(name).run();
        return connection_.changes() > 0;
    });
}

Result<void> SqlitePatientTables::put_record(const PatientRecord& record, std::span<const BlockingKey> keys) {
    return guard_([&] {
        auto& connection = reads_.connection;
        const auto before = reads_.record(record.record);
        const auto old_keys = before ? reads_.keys_of(record.record) : std::vector<BlockingKey>{};
        std::vector<BlockingKey> wanted(keys.begin(), keys.end());
        std::sort(wanted.begin(), wanted.end());
        wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
        auto left = old_keys.begin();
        auto right = wanted.begin();
        while (left != old_keys.end() || right != wanted.end()) {
            if (right == wanted.end() || (left != old_keys.end() && *left < *right)) {
                connection.query(Statement::block_remove)
                    .bind_all(std::int64_t{left->key}, left->value, record.record)
                    .run();
                ++left;
            } else if (left == old_keys.end() || *right < *left) {
                connection.query(Statement::block_add)
                    .bind_all(std::int64_t{right->key}, right->value, record.record)
                    .run();
                ++right;
            } else {
                ++left;
                ++right;
            }
        }
        connection.query(Statement::record_set)
            .bind_all(record.record, record.person, std::int64_t{record.state})
            .bind_blob(write_blocking_keys(wanted))
            .bind_blob(record.data)
            .run();
        set_member(record.record, before ? before->person : 0, record.person);
    });
}

void SqlitePatientTables::set_member(Rid record, PersonId from, PersonId to) {
    if (from == to) return;
    if (from != 0) reads_.connection.query(Statement::member_remove).bind_all(from, record).run();
    if (to != 0) reads_.connection.query(Statement::member_add).bind_all(to, record).run();
}

Result<void> SqlitePatientTables::move_record(Rid record, PersonId person, std::uint8_t state) {
    return guard_([&] {
        const auto before = reads_.record(record);
        if (!before) throw FailureException({FailureCode::not_found, "no such patient record"});
        reads_.connection.query(Statement::record_move).bind_all(person, std::int64_t{state}, record).run();
        set_member(record, before->person, person);
    });
}

Result<void> SqlitePatientTables::erase_record(Rid record) {
    return guard_([&] {
        const auto before = reads_.record(record);
        if (!before) return;
        for (const auto& key : reads_.keys_of(record))
            reads_.connection.query(Statement::block_remove).bind_all(std::int64_t{key.key}, key.value, record).run();
        set_member(record, before->person, 0);
        reads_.connection.query(Statement::record_erase).bind(record).run();
    });
}

Result<PersonId> SqlitePatientTables::new_person() { return group_.counters.person++; }

Result<void> SqlitePatientTables::put_person(const Person& person) {
    return guard_([&] {
        group_.counters.person = std::max(group_.counters.person, person.person + 1);
        reads_.connection.query(Statement::person_set)
            .bind_all(person.person, std::int64_t{person.state}, person.redirect)
            .bind_blob(person.data)
            .run();
    });
}

Result<std::int64_t> SqlitePatientTables::append_event(const LinkEvent& event) {
    return guard_([&] {
        auto& connection = reads_.connection;
        const auto sequence = group_.counters.event++;
        connection.query(Statement::event_add)
            .bind_all(sequence, event.at_us, std::int64_t{event.kind}, std::int64_t{event.source}, event.record,
                      event.person, event.other_record, event.other_person, event.supersedes)
            .bind_blob(event.data)
            .run();
        if (event.record != 0) connection.query(Statement::event_record_add).bind_all(event.record, sequence).run();
        if (event.other_record != 0 && event.other_record != event.record)
            connection.query(Statement::event_record_add).bind_all(event.other_record, sequence).run();
        if (event.person != 0) connection.query(Statement::event_person_add).bind_all(event.person, sequence).run();
        if (event.other_person != 0 && event.other_person != event.person)
            connection.query(Statement::event_person_add).bind_all(event.other_person, sequence).run();
        return sequence;
    });
}

Result<ReviewId> SqlitePatientTables::open_review(const Review& review) {
    return guard_([&] {
        auto& connection = reads_.connection;
        const auto id = group_.counters.review++;
        connection.query(Statement::review_add)
            .bind_all(id, -std::int64_t{review.priority}, std::int64_t{1}, review.at_us, review.record, review.person,
                      review.other_record, review.other_person)
            .bind_blob(review.data)
            .run();
        if (review.record != 0) connection.query(Statement::review_record_add).bind_all(review.record, id).run();
        if (review.other_record != 0 && review.other_record != review.record)
            connection.query(Statement::review_record_add).bind_all(review.other_record, id).run();
        return id;
    });
}

Result<void> SqlitePatientTables::close_review(ReviewId review, std::string_view data) {
    return guard_([&] {
        reads_.connection.query(Statement::review_close).bind_blob(data).bind(review).run();
        if (reads_.connection.changes() == 0) throw FailureException({FailureCode::not_found, "no such review"});
    });
}

}  // namespace causeway::storage
