#include "gateway/exchange/outbox.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/exchange/answer.hpp"
#include "gateway/exchange/cds_hooks.hpp"
#include "gateway/exchange/lanes.hpp"
#include "gateway/exchange/numbered_link.hpp"
#include "gateway/security/audit.hpp"

namespace causeway::exchange {

namespace {

constexpr std::size_t drain_heads = 80;            // looked at first where a queue drains: more than there are lanes
constexpr std::size_t looked_at_max = 1'000;       // then rows without their bytes
constexpr std::int64_t look_again_us = 1'000'000;  // at rows that wait for others of their key
constexpr std::size_t batch_bytes_max = std::size_t{8} << 20;  // beyond it the rest waits for the next batch

Outgoing outgoing(storage::OutboxRow&& row) {
    Outgoing out;
    out.id = static_cast<std::uint64_t>(row.id);
    out.control_id = std::move(row.message.control_id);
    out.message = std::move(row.message.payload);
    out.attempts = static_cast<std::uint32_t>(row.attempts);
    out.due_us = row.message.due_us;
    return out;
}

}  // namespace

storage::Result<void> audit_delivery(storage::Transaction& transaction, const storage::OutboxMessage& message,
                                     std::string_view answer) {
    security::AuditEntry entry;
    entry.at_us = transaction.now_us();
    entry.principal = {security::Principal::Kind::partner, message.partner, {}};
    entry.interaction = security::Interaction::message_out;
    entry.type = message.kind;
    entry.id = message.control_id;
    entry.correlation = message.correlation;
    if (const auto read = read_answer(answer)) entry.outcome = to_string(read->code);
    const auto row = transaction.append_audit(security::render(entry));
    if (row.has_error()) return row.error();
    return {};
}

namespace {

using Taken = storage::Result<std::optional<Outgoing>>;

Taken at_time(std::int64_t due_us) {
    Outgoing later;
    later.due_us = due_us;
    return std::optional(std::move(later));
}

/// Of the rows that still go, the first that may go now, where newer ones stand before all of them in the order of due
/// times; else when to look again; nothing if none is left.
Taken left_to_drain(storage::Reader& reader, const Partner& partner, std::int64_t now_us, std::uint64_t last,
                    Claims::Look* look) {
    storage::OutboxQuery query;
    query.partner = partner.name;
    query.state = storage::OutboxState::pending;
    query.before = static_cast<storage::OutboxId>(last) + 1;
    query.count = looked_at_max;
    const auto rows = reader.outbox(query);
    if (rows.has_error()) return rows.error();
    if (rows->empty()) return std::optional<Outgoing>();
    auto due_us = now_us + look_again_us;
    std::set<std::string_view> keys;
    const bool complete = rows->size() < query.count;  // else what is first of its key cannot be told
    for (auto row = rows->rbegin(); row != rows->rend(); ++row) {
        if (row->message.due_us > now_us) due_us = std::min(due_us, row->message.due_us);
        const bool first = keys.insert(row->message.ordering_key).second;
        const bool free = look == nullptr || look->is_free(static_cast<std::uint64_t>(row->id));
        if (!complete || !first || !free || row->message.due_us > now_us) continue;
        auto whole = reader.outbox(row->id);
        if (whole.has_error()) return whole.error();
        if (!*whole) continue;
        if (look != nullptr) look->take(static_cast<std::uint64_t>(row->id));
        return std::optional(outgoing(std::move(**whole)));
    }
    return at_time(due_us);
}

Taken take_from(storage::Reader& reader, const Partner& partner, std::int64_t now_us, const TakeLimits& limits,
                Claims::Look* look) {
    const bool chooses = limits.last != 0 || look != nullptr;
    const std::size_t count = partner.mllp ? partner.mllp->batch_messages_max : 1;
    auto rows = reader.due(partner.name, now_us, limits.last != 0 ? drain_heads : chooses ? partner.lanes : count);
    if (rows.has_error()) return rows.error();
    const bool any = !rows->empty();
    if (chooses) {
        std::erase_if(*rows, [&](const storage::OutboxRow& row) {
            const auto id = static_cast<std::uint64_t>(row.id);
            return (limits.last != 0 && id > limits.last) || (look != nullptr && !look->is_free(id));
        });
        if (rows->size() > count) rows->erase(rows->begin() + static_cast<std::ptrdiff_t>(count), rows->end());
    }
    if (!rows->empty()) {
        auto first = outgoing(std::move(rows->front()));
        if (look != nullptr) look->take(first.id);
        std::size_t bytes = first.message.size();
        for (std::size_t i = 1; i < rows->size(); ++i) {
            bytes += (*rows)[i].message.payload.size();
            if (bytes > batch_bytes_max) break;
            first.companions.push_back(outgoing(std::move((*rows)[i])));
        }
        if (partner.sequence_numbers_sent) {
            auto link = reader.note(NumberedLink::note(partner.name));
            if (link.has_error()) return link.error();
            if (*link) first.link = std::move(**link);
        }
        return std::optional(std::move(first));
    }
    if (limits.last != 0) return left_to_drain(reader, partner, now_us, limits.last, look);
    if (any) return std::optional<Outgoing>();  // other lanes have them, and wake this one
    const auto next = reader.next_due(partner.name);
    if (next.has_error()) return next.error();
    if (!*next) return std::optional<Outgoing>();
    return at_time(std::max(**next, now_us + 1));
}

}  // namespace

storage::Result<std::optional<Outgoing>> take_outgoing(storage::Store& store, const Partner& partner,
                                                       std::int64_t now_us, const TakeLimits& limits) {
    std::optional<Claims::Look> look;
    if (limits.claims != nullptr) look.emplace(*limits.claims);
    auto snapshot = store.snapshot();
    if (snapshot.has_error()) return snapshot.error();
    return take_from(**snapshot, partner, now_us, limits, look ? &*look : nullptr);
}

storage::Result<void> settle_outgoing(storage::Transaction& transaction, const Settlement& settlement,
                                      const OrderTasks* tasks) {
    if (!settlement.link_note.empty()) {
        if (auto done = transaction.set_note(settlement.link_note, settlement.link); done.has_error()) return done;
    }
    if (settlement.kind == Settlement::Kind::numbered) return {};
    const auto id = static_cast<storage::OutboxId>(settlement.id);
    const auto row = transaction.outbox(id);
    if (row.has_error()) return row.error();
    if (!*row || (*row)->state != storage::OutboxState::pending) return {};
    if (tasks != nullptr && (*row)->message.kind == cds::message_kind) {
        if (auto done = tasks->advised(transaction, (*row)->message.payload, settlement); done.has_error()) return done;
    } else if (tasks != nullptr) {
        if (auto done = tasks->settled(transaction, (*row)->message.control_id, settlement); done.has_error())
            return done;
    }
    std::string note = settlement.reason;
    if (settlement.failure) note = std::string(to_string(*settlement.failure)) + ": " + note;
    switch (settlement.kind) {
        case Settlement::Kind::delivered:
            if (auto done = audit_delivery(transaction, (*row)->message, settlement.answer); done.has_error())
                return done;
            return transaction.mark_delivered(id, settlement.answer);
        case Settlement::Kind::retry:
            return transaction.defer(id, settlement.due_us, note);
        case Settlement::Kind::parked:
            return transaction.mark_dead(id, settlement.answer, note);
        case Settlement::Kind::numbered:
            break;
    }
    return {};
}

}  // namespace causeway::exchange
