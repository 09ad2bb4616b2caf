#include "gateway/exchange/message_desk.hpp"

#include <utility>

namespace causeway::exchange {
namespace {

using storage::InboxState;

std::string_view name_of(Receipt::Outcome outcome) {
    switch (outcome) {
        case Receipt::Outcome::processed:
            return "processed";
        case Receipt::Outcome::held:
            return "held";
        case Receipt::Outcome::duplicate:
            return "duplicate";
        case Receipt::Outcome::failed:
            return "failed";
        case Receipt::Outcome::rejected:
            return "rejected";
        case Receipt::Outcome::not_stored:
            break;
    }
    return "not stored";
}

bool is_held(const storage::InboxMessage& message) {
    return message.state == InboxState::received && message.note.starts_with("held:");
}

storage::Result<void> set_state(storage::Store& store, storage::InboxId id, InboxState state,
                                const storage::InboxMessage& message, std::string note) {
    return storage::transact_blocking(store, [id, state, acknowledgement = message.acknowledgement,
                                              note = std::move(note)](storage::Transaction& transaction) {
        return transaction.set_inbox(id, state, acknowledgement, note);
    });
}

Decided failed(unsigned status, std::string text) {
    Decided decided;
    decided.status = status;
    decided.text = std::move(text);
    return decided;
}

}  // namespace

Decided decide_blocking(storage::Store& store, const Inbox& inbox, storage::InboxId id, const Decision& decision) {
    std::optional<storage::InboxRow> row;
    {
        auto snapshot = store.snapshot();
        if (snapshot.has_error()) return failed(503, "The store cannot answer now");
        auto found = (*snapshot)->inbox(id);
        if (found.has_error()) return failed(503, "The store cannot answer now");
        row = std::move(*found);
        if (row && decision.patient) {
            const auto patient = (*snapshot)->version(decision.patient->type, decision.patient->id);
            if (patient.has_error()) return failed(503, "The store cannot answer now");
            if (!*patient || (*patient)->kind == storage::WriteKind::erase)
                return failed(422, "There is no such patient");
        }
    }
    if (!row) return failed(404, "There is no such message");
    const auto& message = row->message;
    const bool held = is_held(message);
    using Verb = Decision::Verb;
    if (decision.verb == Verb::discard) {
        if (!held && message.state != InboxState::failed) return failed(409, "The message is neither held nor failed");
        const auto done = set_state(store, id, InboxState::rejected, message, "discarded by " + decision.by);
        if (done.has_error()) return failed(503, "The store cannot answer now");
        Decided decided;
        decided.outcome = "discarded";
        return decided;
    }
    if (decision.verb == Verb::release && !held) return failed(409, "The message is not held");
    Arrival arrival;
    arrival.channel = message.channel;
    arrival.address = decision.by;
    arrival.answer_of = message.channel;
    arrival.decision = {id, decision.verb == Verb::release, decision.patient};
    auto receipt = inbox.accept_blocking(decision.bytes ? *decision.bytes : message.raw, std::move(arrival));
    Decided decided;
    decided.id = receipt.id;
    decided.outcome = name_of(receipt.outcome);
    decided.note = receipt.note;
    if (receipt.outcome == Receipt::Outcome::not_stored) return failed(503, "The store cannot answer now");
    const bool good = receipt.outcome == Receipt::Outcome::processed;
    if (!good) return decided;
    const bool was_open = held || message.state == InboxState::failed;
    if (was_open)
        set_state(store, id, InboxState::processed, message,
                  (decision.verb == Verb::release ? "released" : "replayed") + std::string(" as message ") +
                      std::to_string(receipt.id) + " by " + decision.by);
    return decided;
}

}  // namespace causeway::exchange
