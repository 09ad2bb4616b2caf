#pragma once
#include "gateway/storage/types.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::storage {

/// SHA-256 of a message's content, made by the exchange (which leaves out what a resend may change).
using ContentHash = std::array<std::byte, 32>;

/// The stored values; never renumber.
enum class InboxState : std::uint8_t { received = 1, processed = 2, failed = 3, rejected = 4 };

/// Bytes as a store keeps them, made by Store::pack() before the transaction; only the store that made it reads it.
struct PackedBytes {
    std::string data;
    std::size_t size = 0;  ///< before packing
};

/// One message as it came in.
struct InboxMessage {
    std::string channel;      ///< the listener or partner it came through
    std::string application;  ///< MSH-3
    std::string facility;     ///< MSH-4
    std::string control_id;   ///< MSH-10
    std::string kind;         ///< MSH-9 as `ORU^R01`, for lists
    ContentHash hash{};
    std::string raw;                                      ///< bytes as received
    std::shared_ptr<const PackedBytes> packed = nullptr;  ///< `raw`, if that was packed before the transaction
    TimeUs received_us = 0;
    InboxState state = InboxState::received;
    std::string acknowledgement;  ///< what was answered, resent for a duplicate
    std::string note;             ///< codes of what went wrong; no clinical content
    std::string correlation;      ///< id that joins log, audit and trace
};

struct InboxRow {
    InboxId id = 0;
    InboxMessage message;
};

/// Answer to "have we had this message?".
struct DuplicateCheck {
    std::optional<InboxRow> same;  ///< same sender, control id and hash within the window: resend its acknowledgement
    InboxId other_content = 0;     ///< newest row with the same sender and control id but another hash; 0 = none
};

struct InboxQuery {
    std::optional<InboxState> state;
    std::string_view channel;  ///< empty = all
    InboxId before = 0;        ///< 0 = newest
    std::size_t count = 50;    ///< at most 1000
    bool with_raw = false;
};

/// The stored values; never renumber.
enum class OutboxState : std::uint8_t { pending = 1, delivered = 2, dead = 3, cancelled = 4 };

/// One message to a partner. Messages of one (partner, ordering key) leave strictly in the order they were enqueued;
/// the first undelivered one holds back the others of its key and nothing else. An empty key makes the partner one
/// lane.
struct OutboxMessage {
    std::string partner;
    std::string ordering_key;
    std::string kind;        ///< `OML^O21`, `rest-hook` ...
    std::string control_id;  ///< stays the same on each retry
    std::string payload;
    TimeUs due_us = 0;   ///< not before
    InboxId origin = 0;  ///< the inbox row that caused it; 0 = none
    std::string correlation;
};

struct OutboxRow {
    OutboxId id = 0;
    OutboxMessage message;
    OutboxState state = OutboxState::pending;
    std::int32_t attempts = 0;
    TimeUs created_us = 0;
    TimeUs changed_us = 0;
    std::string acknowledgement;  ///< of the partner, when delivered or refused
    std::string note;             ///< code of the last failure; no clinical content
    OutboxId replay_of = 0;
};

struct OutboxQuery {
    std::string_view partner;  ///< empty = all
    std::optional<OutboxState> state;
    InboxId origin = 0;      ///< only what this message caused; 0 = all
    OutboxId before = 0;     ///< 0 = newest
    std::size_t count = 50;  ///< at most 1000
    bool with_payload = false;
};

/// Depth of one partner's queue.
struct OutboxDepth {
    std::string partner;
    std::uint64_t pending = 0;
    std::uint64_t dead = 0;
    OutboxId oldest = 0;  ///< first pending message; 0 = none
    TimeUs oldest_us = 0;
};

/// What one purge did.
struct Purged {
    std::int64_t last = 0;  ///< the last row looked at: where the next purge begins
    std::size_t removed = 0;
    bool more = false;  ///< older rows than asked for may follow
};

/// One row of the tamper-evident chain (audit_chain.hpp).
struct AuditRow {
    std::int64_t sequence = 0;
    TimeUs at_us = 0;
    std::string event;
    std::array<std::byte, 32> previous{};
    std::array<std::byte, 32> hash{};
};

struct AuditQuery {
    std::int64_t after = 0;   ///< sequence
    std::size_t count = 100;  ///< at most 10000
};

}  // namespace causeway::storage
