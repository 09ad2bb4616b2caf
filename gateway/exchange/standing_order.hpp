#pragma once
#include <optional>
#include <string_view>

#include "gateway/exchange/delivery.hpp"
#include "gateway/storage/storage.hpp"

namespace causeway::exchange {

/// Keeps what an operator wants of a partner's queue until something else is wanted, over restarts and reloads.
storage::Result<void> keep_order(storage::Transaction& transaction, std::string_view partner, const QueueOrder& order);

/// What was kept last; nothing if the queue shall run.
storage::Result<std::optional<QueueOrder>> standing_order(storage::Reader& reader, std::string_view partner);

}  // namespace causeway::exchange
