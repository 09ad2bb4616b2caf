#include "gateway/storage/sqlite/reads.hpp"

#include "gateway/storage/siphash.hpp"

#include <algorithm>
#include <cstring>

namespace causeway::storage {

using sql::Statement;

namespace {

constexpr std::size_t list_max = 1000;
constexpr std::size_t scan_max = 20'000;  // rows a filtered list looks at before it gives what it has

VersionInfo version_row(Query& query) {
    VersionInfo version;
    version.vid = query.integer(0);
    version.rid = query.integer(1);
    version.number = query.integer(2);
    version.at_us = query.integer(3);
    version.kind = static_cast<WriteKind>(query.integer(4));
    version.origin = query.integer(5);
    return version;
}

std::int64_t signed_limit(std::size_t limit) {
    return static_cast<std::int64_t>(std::min<std::size_t>(limit, 1u << 30));
}

}  // namespace

StoredResource Reads::resource_row(Query& query) {
    StoredResource out;
    out.version = version_row(query);
    out.type = catalog.type_name(query.integer(6));
    out.id = query.text(7);
    if (!out.erased()) {
        if (query.is_null(8)) throw FailureException({FailureCode::corrupt, "a version has no body"});
        const auto splice = query.integer(9);
        out.body.splice = static_cast<std::uint32_t>(splice >> 1);
        out.body.has_meta = (splice & 1) != 0;
        const auto size = query.integer(10);
        catalog.codec.unpack(query.integer(8), static_cast<std::size_t>(size), query.blob(11), out.body.json);
        if (out.body.splice > out.body.json.size())
            throw FailureException({FailureCode::corrupt, "a body's splice lies outside of it"});
    }
    return out;
}

std::optional<StoredResource> Reads::read(std::string_view type, std::string_view id) {
    const auto code = catalog.find_type(type);
    if (code == 0) return {};
    auto query = connection.query(Statement::read_name);
    query.bind(id).bind(code);
    if (!query.step()) return {};
    return resource_row(query);
}

std::optional<StoredResource> Reads::read(Rid rid) {
    auto query = connection.query(Statement::read_rid);
    query.bind(rid);
    if (!query.step()) return {};
    return resource_row(query);
}

std::optional<StoredResource> Reads::read_vid(Vid vid) {
    auto query = connection.query(Statement::read_vid);
    query.bind(vid);
    if (!query.step()) return {};
    return resource_row(query);
}

Vid Reads::vid_of(Rid rid, std::int64_t number) {
    auto query = connection.query(number == 1 ? Statement::number_first : Statement::number_later);
    query.bind(rid);
    if (number != 1) query.bind(number);
    return query.step() ? query.integer(0) : 0;
}

std::optional<StoredResource> Reads::read_version(std::string_view type, std::string_view id, std::int64_t number) {
    const auto current = version(type, id);
    if (!current || number < 1 || number > current->number) return {};
    const auto vid = number == current->number ? current->vid : vid_of(current->rid, number);
    if (vid == 0) return {};
    return read_vid(vid);
}

std::optional<VersionInfo> Reads::version(std::string_view type, std::string_view id) {
    const auto code = catalog.find_type(type);
    if (code == 0) return {};
    auto query = connection.query(Statement::version_of_name);
    query.bind(id).bind(code);
    if (!query.step()) return {};
    return version_row(query);
}

std::optional<ResourceName> Reads::name_of(Rid rid) {
    auto query = connection.query(Statement::resource_name);
    query.bind(rid);
    if (!query.step()) return {};
    return ResourceName{catalog.type_name(query.integer(0)), std::string(query.text(1))};
}

std::optional<ResourceName> Reads::identity(std::string_view key) {
    Rid rid = 0;
    {
        auto query = connection.query(Statement::identity_get);
        query.bind(key);
        if (!query.step()) return {};
        rid = query.integer(0);
    }
    return name_of(rid);
}

std::int64_t Reads::sender_value(const InboxMessage& message) const {
    SipHash hash(catalog.hash_key);
    for (const auto* const part : {&message.channel, &message.application, &message.facility, &message.control_id})
        hash.add(static_cast<std::uint64_t>(part->size())).add(std::string_view(*part));
    return static_cast<std::int64_t>(hash.finish() & catalog.hash_mask);
}

InboxRow Reads::inbox_row(Query& query, bool with_raw) {
    InboxRow row;
    row.id = query.integer(0);
    auto& message = row.message;
    message.channel = query.text(1);
    message.application = query.text(2);
    message.facility = query.text(3);
    message.control_id = query.text(4);
    message.kind = query.text(5);
    const auto hash = query.blob(6);
    if (hash.size() != message.hash.size())
        throw FailureException({FailureCode::corrupt, "an inbox row's hash has the wrong size"});
    std::memcpy(message.hash.data(), hash.data(), hash.size());
    message.received_us = query.integer(7);
    message.state = static_cast<InboxState>(query.integer(8));
    message.acknowledgement = query.blob(9);
    message.note = query.text(10);
    message.correlation = query.text(11);
    if (with_raw) catalog.codec.unpack(0, static_cast<std::size_t>(query.integer(12)), query.blob(13), message.raw);
    return row;
}

std::optional<InboxRow> Reads::inbox(InboxId id) {
    auto query = connection.query(Statement::inbox_row);
    query.bind(id);
    if (!query.step()) return {};
    return inbox_row(query, true);
}

std::vector<InboxRow> Reads::inbox(const InboxQuery& wanted) {
    const auto before = wanted.before > 0 ? wanted.before : std::numeric_limits<std::int64_t>::max();
    const bool by_state = wanted.state && *wanted.state != InboxState::processed;
    auto query = connection.query(by_state ? Statement::inbox_list_state : Statement::inbox_list);
    if (by_state) query.bind(static_cast<std::int64_t>(*wanted.state));
    query.bind(before);
    std::vector<InboxRow> out;
    const auto count = std::min(wanted.count, list_max);
    for (std::size_t seen = 0; out.size() < count && seen < scan_max && query.step(); ++seen) {
        if (wanted.state && query.integer(8) != static_cast<std::int64_t>(*wanted.state)) continue;
        if (!wanted.channel.empty() && query.text(1) != wanted.channel) continue;
        out.push_back(inbox_row(query, wanted.with_raw));
    }
    return out;
}

DuplicateCheck Reads::find_duplicate(const InboxMessage& message, TimeUs since_us) {
    std::vector<InboxId> candidates;
    {
        auto query = connection.query(Statement::inbox_sender);
        query.bind(sender_value(message));
        while (query.step()) candidates.push_back(query.integer(0));
    }
    DuplicateCheck out;
    for (const auto id : candidates) {
        auto query = connection.query(Statement::inbox_row);
        query.bind(id);
        if (!query.step()) continue;
        if (query.integer(7) < since_us || query.text(1) != message.channel || query.text(2) != message.application ||
            query.text(3) != message.facility || query.text(4) != message.control_id)
            continue;
        const auto hash = query.blob(6);
        if (hash.size() == message.hash.size() && std::memcmp(hash.data(), message.hash.data(), hash.size()) == 0) {
            out.same = inbox_row(query, true);
            break;
        }
        if (out.other_content == 0) out.other_content = id;
    }
    return out;
}

std::optional<std::string> Reads::trace(InboxId id) {
    auto query = connection.query(Statement::trace_get);
    query.bind(id);
    if (!query.step()) return {};
    std::string out;
    catalog.codec.unpack(0, static_cast<std::size_t>(query.integer(0)), query.blob(1), out);
    return out;
}

std::vector<Match> Reads::written_by(InboxId id, std::size_t limit) {
    std::vector<Vid> vids;
    {
        auto query = connection.query(Statement::written_list);
        query.bind(id).bind(signed_limit(limit));
        while (query.step()) vids.push_back(query.integer(0));
    }
    std::vector<Match> out;
    for (const auto vid : vids) {
        auto query = connection.query(Statement::read_vid);
        query.bind(vid);
        if (!query.step()) throw FailureException({FailureCode::corrupt, "a message's version is missing"});
        out.push_back({{catalog.type_name(query.integer(6)), std::string(query.text(7))}, version_row(query)});
    }
    return out;
}

OutboxRow Reads::outbox_row(Query& query, bool with_payload) {
    OutboxRow row;
    row.id = query.integer(0);
    auto& message = row.message;
    message.partner = query.text(1);
    message.ordering_key = query.text(2);
    message.kind = query.text(3);
    message.control_id = query.text(4);
    message.due_us = query.integer(5);
    message.origin = query.integer(6);
    message.correlation = query.text(7);
    row.state = static_cast<OutboxState>(query.integer(8));
    row.attempts = static_cast<std::int32_t>(query.integer(9));
    row.created_us = query.integer(10);
    row.changed_us = query.integer(11);
    row.acknowledgement = query.blob(12);
    row.note = query.text(13);
    row.replay_of = query.integer(14);
    if (with_payload)
        catalog.codec.unpack(0, static_cast<std::size_t>(query.integer(15)), query.blob(16), message.payload);
    return row;
}

std::optional<OutboxRow> Reads::outbox(OutboxId id) {
    auto query = connection.query(Statement::outbox_row);
    query.bind(id);
    if (!query.step()) return {};
    return outbox_row(query, true);
}

std::vector<OutboxRow> Reads::outbox(const OutboxQuery& wanted) {
    const auto before = wanted.before > 0 ? wanted.before : std::numeric_limits<std::int64_t>::max();
    const bool dead = wanted.state == OutboxState::dead;
    const auto statement = wanted.origin != 0       ? Statement::outbox_list_origin
                           : !dead                  ? Statement::outbox_list
                           : wanted.partner.empty() ? Statement::outbox_list_dead
                                                    : Statement::outbox_list_dead_partner;
    auto query = connection.query(statement);
    if (statement == Statement::outbox_list_dead_partner) query.bind(wanted.partner);
    if (statement == Statement::outbox_list_origin) query.bind(wanted.origin);
    query.bind(before);
    std::vector<OutboxRow> out;
    const auto count = std::min(wanted.count, list_max);
    for (std::size_t seen = 0; out.size() < count && seen < scan_max && query.step(); ++seen) {
        if (wanted.state && query.integer(8) != static_cast<std::int64_t>(*wanted.state)) continue;
        if (!wanted.partner.empty() && query.text(1) != wanted.partner) continue;
        out.push_back(outbox_row(query, wanted.with_payload));
    }
    return out;
}

std::vector<OutboxRow> Reads::due(std::string_view partner, TimeUs now_us, std::size_t limit) {
    std::vector<OutboxId> heads;
    {
        auto query = connection.query(Statement::outbox_head_due);
        query.bind(partner).bind(now_us).bind(signed_limit(std::min(limit, list_max)));
        while (query.step()) heads.push_back(query.integer(0));
    }
    std::vector<OutboxRow> out;
    for (const auto id : heads) {
        auto row = outbox(id);
        if (!row) throw FailureException({FailureCode::corrupt, "the head of an outbox lane is missing"});
        out.push_back(std::move(*row));
    }
    return out;
}

std::optional<TimeUs> Reads::next_due(std::string_view partner) {
    auto query = connection.query(Statement::outbox_head_first);
    query.bind(partner);
    if (!query.step()) return {};
    return query.integer(0);
}

std::vector<OutboxDepth> Reads::outbox_depths() {
    std::vector<OutboxDepth> out;
    {
        auto query = connection.query(Statement::outbox_depth);
        while (query.step()) {
            OutboxDepth depth;
            depth.partner = query.text(0);
            depth.pending = static_cast<std::uint64_t>(query.integer(1));
            depth.oldest = query.integer(2);
            out.push_back(std::move(depth));
        }
    }
    for (auto& depth : out) {
        auto query = connection.query(Statement::outbox_oldest);
        query.bind(depth.oldest);
        if (query.step()) depth.oldest_us = query.integer(0);
    }
    auto query = connection.query(Statement::outbox_dead_depth);
    while (query.step()) {
        const auto partner = query.text(0);
        auto found =
            std::find_if(out.begin(), out.end(), [&](const OutboxDepth& depth) { return depth.partner == partner; });
        if (found == out.end()) {
            out.emplace_back();
            out.back().partner = partner;
            found = out.end() - 1;
        }
        found->dead = static_cast<std::uint64_t>(query.integer(1));
    }
    std::sort(out.begin(), out.end(), [](const OutboxDepth& a, const OutboxDepth& b) { return a.partner < b.partner; });
    return out;
}

std::vector<AuditRow> Reads::audit(const AuditQuery& wanted) {
    // One row more in front gives the previous hash of the first.
    auto query = connection.query(Statement::audit_list);
    query.bind(std::max<std::int64_t>(wanted.after, 0))
        .bind(signed_limit(std::min<std::size_t>(wanted.count, 10'000) + 1));
    std::vector<AuditRow> out;
    std::array<std::byte, 32> previous{};
    while (query.step()) {
        AuditRow row;
        row.sequence = query.integer(0);
        row.at_us = query.integer(1);
        const auto hash = query.blob(3);
        if (hash.size() != row.hash.size())
            throw FailureException({FailureCode::corrupt, "an audit row's hash has the wrong size"});
        std::memcpy(row.hash.data(), hash.data(), hash.size());
        row.previous = previous;
        previous = row.hash;
        if (row.sequence <= wanted.after) continue;
        row.event = query.blob(2);
        out.push_back(std::move(row));
        if (out.size() == wanted.count) break;
    }
    return out;
}

std::optional<std::string> Reads::note(std::string_view name) {
    auto query = connection.query(Statement::note_get);
    query.bind(name);
    if (!query.step()) return {};
    return std::string(query.blob(0));
}

}  // namespace causeway::storage
