#pragma once
#include <string_view>

#include "gateway/exchange/order_tasks.hpp"
#include "gateway/storage/storage.hpp"

namespace causeway::exchange {

/// What an acknowledgement did that came outside of its delivery: late, or as a message of its own on another connection
/// (deferred application acknowledgement).
struct StrayAnswer {
    enum class Effect : std::uint8_t {
        unknown,    ///< of no message that we lately sent to this partner
        delivered,  ///< the message was still waiting: it need not be sent again
        parked,     ///< the message was still waiting, and is refused: a dead letter
        confirmed,  ///< the message was settled before, with the same result
        regretted,  ///< the message had been taken (CA, AA), and now its content is refused: a person must look
    } effect = Effect::unknown;
    storage::OutboxId id = 0;
};

/// The partner's messages that are looked at for the one an answer belongs to, newest first.
inline constexpr std::size_t stray_answer_messages_max = 1'000;

/// Settles the message to `partner` that MSA-2 of `bytes` names, by the state it is in. Safe to run again.
storage::Result<StrayAnswer> settle_stray_answer(storage::Transaction& transaction, std::string_view partner,
                                                 std::string_view bytes, const OrderTasks* tasks = nullptr);

/// "delivered", for logs and notes.
std::string_view to_string(StrayAnswer::Effect effect) noexcept;

}  // namespace causeway::exchange
