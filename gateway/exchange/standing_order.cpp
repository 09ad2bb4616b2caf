#include "gateway/exchange/standing_order.hpp"

#include <charconv>
#include <string>

namespace causeway::exchange {
namespace {

constexpr std::string_view pause_word = "pause", drain_word = "drain ";

std::string note_of(std::string_view partner) { return "exchange.queue." + std::string(partner); }

}  // namespace

storage::Result<void> keep_order(storage::Transaction& transaction, std::string_view partner, const QueueOrder& order) {
    const auto name = note_of(partner);
    switch (order.verb) {
        case QueueOrder::Verb::run:
            if (const auto removed = transaction.remove_note(name); removed.has_error()) return removed.error();
            return {};
        case QueueOrder::Verb::pause:
            return transaction.set_note(name, pause_word);
        case QueueOrder::Verb::drain:
            return transaction.set_note(name, std::string(drain_word) + std::to_string(order.last));
    }
    return {};
}

storage::Result<std::optional<QueueOrder>> standing_order(storage::Reader& reader, std::string_view partner) {
    const auto note = reader.note(note_of(partner));
    if (note.has_error()) return note.error();
    if (!*note) return std::optional<QueueOrder>();
    QueueOrder order{QueueOrder::Verb::pause};
    const std::string_view text = **note;
    if (text.starts_with(drain_word)) {
        const auto digits = text.substr(drain_word.size());
        std::from_chars(digits.data(), digits.data() + digits.size(), order.last);
        if (order.last != 0) order.verb = QueueOrder::Verb::drain;
    }
    return std::optional(order);
}

}  // namespace causeway::exchange
