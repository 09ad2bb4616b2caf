#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "gateway/exchange/delivery.hpp"
#include "gateway/exchange/order_tasks.hpp"
#include "gateway/storage/storage.hpp"

namespace causeway::exchange {

/// The first message that may be sent to the partner now, with those that go with it in one batch if the partner takes
/// batches. If there is none but one will come due, that time in `due_us` of an Outgoing without bytes; nothing if the
/// queue is empty.
storage::Result<std::optional<Outgoing>> take_outgoing(storage::Reader& reader, const Partner& partner,
                                                       std::int64_t now_us);

/// Writes down what became of an attempt, and moves the Task of the order it carried (null: no Tasks are kept). Safe to
/// run again, and for a row that an operator has cancelled or settled meanwhile.
storage::Result<void> settle_outgoing(storage::Transaction& transaction, const Settlement& settlement,
                                      const OrderTasks* tasks = nullptr);

/// The audit row of a message that a partner took: what left us, to whom.
storage::Result<void> audit_delivery(storage::Transaction& transaction, const storage::OutboxMessage& message,
                                     std::string_view answer);

}  // namespace causeway::exchange
