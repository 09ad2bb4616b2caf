#include "gateway/exchange/stray_answer.hpp"

#include <string>

#include "gateway/exchange/answer.hpp"
#include "gateway/exchange/outbox.hpp"

namespace causeway::exchange {
namespace {

using storage::OutboxState;
using Effect = StrayAnswer::Effect;

storage::Result<std::optional<storage::OutboxRow>> find(storage::Transaction& transaction, std::string_view partner,
                                                        std::string_view control_id) {
    storage::OutboxQuery query;
    query.partner = partner;
    query.count = stray_answer_messages_max;
    auto rows = transaction.outbox(query);
    if (rows.has_error()) return rows.error();
    for (auto& row : *rows)
        if (row.message.control_id == control_id) return std::optional(std::move(row));
    return std::optional<storage::OutboxRow>();
}

}  // namespace

storage::Result<StrayAnswer> settle_stray_answer(storage::Transaction& transaction, std::string_view partner,
                                                 std::string_view bytes, const OrderTasks* tasks) {
    const auto answer = read_answer(bytes);
    if (!answer || answer->control_id.empty() || partner.empty()) return StrayAnswer{};
    const auto row = find(transaction, partner, answer->control_id);
    if (row.has_error()) return row.error();
    if (!*row) return StrayAnswer{};
    StrayAnswer out{Effect::confirmed, (*row)->id};
    Settlement settlement;
    if ((*row)->state == OutboxState::pending && answer->is_positive()) {
        out.effect = Effect::delivered;
        if (auto done = audit_delivery(transaction, (*row)->message, bytes); done.has_error()) return done.error();
        if (auto done = transaction.mark_delivered(out.id, bytes); done.has_error()) return done.error();
    } else if ((*row)->state == OutboxState::pending) {
        out.effect = Effect::parked;
        const auto note = "answered apart: " + std::string(to_string(answer->code)) +
                          (answer->error_code.empty() ? "" : " " + answer->error_code);
        settlement.kind = Settlement::Kind::parked;
        settlement.reason = note;
        if (auto done = transaction.mark_dead(out.id, bytes, note); done.has_error()) return done.error();
    } else if ((*row)->state == OutboxState::delivered && !answer->is_positive()) {
        out.effect = Effect::regretted;
    }
    const bool news = out.effect == Effect::delivered || out.effect == Effect::parked;
    if (tasks != nullptr && news) {
        if (auto done = tasks->settled(transaction, answer->control_id, settlement); done.has_error())
            return done.error();
    }
    return out;
}

std::string_view to_string(Effect effect) noexcept {
    switch (effect) {
        case Effect::unknown:
            return "unknown";
        case Effect::delivered:
            return "delivered";
        case Effect::parked:
            return "parked";
        case Effect::confirmed:
            return "confirmed";
        case Effect::regretted:
            return "regretted";
    }
    return "unknown";
}

}  // namespace causeway::exchange
