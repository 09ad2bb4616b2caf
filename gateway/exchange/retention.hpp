#pragma once
#include <cstdint>

#include "gateway/storage/storage.hpp"

namespace causeway::exchange {

/// Where the purges have come to: rows before these need no look again, but for those that were kept for their state
/// (a purge from 0 finds them when they are settled).
struct PurgeCursor {
    storage::InboxId inbox = 0;
    storage::OutboxId outbox = 0;
};
struct PurgeReport {
    std::size_t messages = 0, deliveries = 0;
};

/// Removes what came in, and what was delivered, before `before_us`: in small transactions, deliveries first, so that
/// a message goes only after all it caused. Waiting messages, dead letters, held and failed messages stay, and messages
/// that caused one of the first two. Blocking.
storage::Result<PurgeReport> purge_blocking(storage::Store& store, std::int64_t before_us, PurgeCursor& cursor);

}  // namespace causeway::exchange
