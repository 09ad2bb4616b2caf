#include "gateway/exchange/outbox.hpp"

#include <string>
#include <utility>

namespace causeway::exchange {

storage::Result<std::optional<Outgoing>> take_outgoing(storage::Reader& reader, std::string_view partner,
                                                       std::int64_t now_us) {
    auto rows = reader.due(partner, now_us, 1);
    if (rows.has_error()) return rows.error();
    if (!rows->empty()) {
        auto& row = rows->front();
        return std::optional(Outgoing{.id = static_cast<std::uint64_t>(row.id),
                                      .control_id = std::move(row.message.control_id),
                                      .message = std::move(row.message.payload),
                                      .attempts = static_cast<std::uint32_t>(row.attempts),
                                      .due_us = row.message.due_us});
    }
    const auto next = reader.next_due(partner);
    if (next.has_error()) return next.error();
    if (!*next) return std::optional<Outgoing>();
    Outgoing later;
    later.due_us = std::max(**next, now_us + 1);
    return std::optional(std::move(later));
}

storage::Result<void> settle_outgoing(storage::Transaction& transaction, const Settlement& settlement,
                                      const OrderTasks* tasks) {
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
            return transaction.mark_delivered(id, settlement.answer);
        case Settlement::Kind::retry:
            return transaction.defer(id, settlement.due_us, note);
        case Settlement::Kind::parked:
            return transaction.mark_dead(id, settlement.answer, note);
    }
    return {};
}

}  // namespace causeway::exchange
