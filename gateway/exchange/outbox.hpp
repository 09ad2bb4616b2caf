#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "gateway/exchange/delivery.hpp"
#include "gateway/exchange/order_tasks.hpp"
#include "gateway/storage/storage.hpp"

namespace causeway::exchange {

class Claims;

/// What limits the choice of the next message.
struct TakeLimits {
    std::uint64_t last = 0;    ///< rows after it stay where they are (a queue that drains); 0: none do
    Claims* claims = nullptr;  ///< what it has is left, and what is found is put there; null: one lane only
};

/// The first message that may be sent to the partner now, with those that go with it in one batch if the partner takes
/// batches. If there is none but one will come due, that time in `due_us` of an Outgoing without bytes; nothing if the
/// queue is empty.
storage::Result<std::optional<Outgoing>> take_outgoing(storage::Store& store, const Partner& partner,
                                                       std::int64_t now_us, const TakeLimits& limits = {});

/// Writes down what became of an attempt, and moves the Task of the order it carried (null: no Tasks are kept). Safe to
/// run again, and for a row that an operator has cancelled or settled meanwhile.
storage::Result<void> settle_outgoing(storage::Transaction& transaction, const Settlement& settlement,
                                      const OrderTasks* tasks = nullptr);

/// The audit row of a message that a partner took: what left us, to whom.
storage::Result<void> audit_delivery(storage::Transaction& transaction, const storage::OutboxMessage& message,
                                     std::string_view answer);

}  // namespace causeway::exchange
