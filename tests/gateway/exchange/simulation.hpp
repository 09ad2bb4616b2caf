#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace causeway::exchange::test {

/// How one simulated schedule ended. `broken` names each promise that did not hold; empty: all did.
struct ScheduleReport {
    std::vector<std::string> broken;
    std::uint32_t crashes = 0, storage_faults = 0, wire_faults = 0, resends = 0;
};

/// Plays one schedule: a sender, the inbox, the router, one delivery and a partner, in one thread, with every choice
/// made from `seed`: what happens next, which call to the store fails, what the wire loses or delays, when the gateway
/// dies. After a while nothing fails any more; then everything must come to rest with the promises of the exchange
/// kept:
///
///   * what was answered AA is stored, once, and its effects once;
///   * each accepted message is relayed as one outbox row; it is delivered at least once, in order, and to a partner
///   that
///     knows control ids exactly once in effect;
///   * only what the partner refuses for good is set aside, and it holds up nothing behind it;
///   * a row counts as delivered only if the partner had it.
ScheduleReport play_schedule(std::uint64_t seed);

}  // namespace causeway::exchange::test
