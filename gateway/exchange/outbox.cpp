#include "gateway/exchange/outbox.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "gateway/exchange/answer.hpp"
#include "gateway/exchange/numbered_link.hpp"
#include "gateway/security/audit.hpp"

namespace causeway::exchange {

namespace {

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

storage::Result<std::optional<Outgoing>> take_outgoing(storage::Reader& reader, const Partner& partner,
                                                       std::int64_t now_us) {
    const std::size_t count = partner.mllp ? partner.mllp->batch_messages_max : 1;
    auto rows = reader.due(partner.name, now_us, count);
    if (rows.has_error()) return rows.error();
    if (!rows->empty()) {
        auto first = outgoing(std::move(rows->front()));
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
    const auto next = reader.next_due(partner.name);
    if (next.has_error()) return next.error();
    if (!*next) return std::optional<Outgoing>();
    Outgoing later;
    later.due_us = std::max(**next, now_us + 1);
    return std::optional(std::move(later));
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
    if (tasks != nullptr) {
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
