#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "hl7v2/message_view.hpp"

/// The sequence number protocol (MSH-13, MSA-4; 2.5.1 section 2.10.1), one link and one direction at a time. Pure: the
/// states are plain values that the caller keeps durable, and stores before the acknowledgement leaves.
namespace causeway::hl7v2::sequence {

inline constexpr std::int64_t start_link = 0;  ///< MSH-13: where do we stand?
inline constexpr std::int64_t resync = -1;     ///< MSH-13: the next positive number is the new base. MSA-4: no history
inline constexpr std::int64_t number_max = 2'000'000'000;

/// 1 after the last number; wrapping is by agreement of the two sides.
constexpr std::int64_t after(std::int64_t number) noexcept { return number >= number_max ? 1 : number + 1; }

/// MSH-13 of a message; nothing if it is empty, `""` or no number of -1 to number_max.
std::optional<std::int64_t> read(const MessageView& message) noexcept;
/// MSH-13 or MSA-4 as text.
std::optional<std::int64_t> parse(std::string_view raw) noexcept;

/// What the receiver of a link remembers.
struct ReceiverState {
    std::optional<std::int64_t> last;  ///< accepted; nothing: no history, or resynchronising

    friend bool operator==(const ReceiverState&, const ReceiverState&) = default;
};

/// What to do with a message by its number.
struct ReceiverStep {
    enum class Action : std::uint8_t {
        not_in_use,   ///< no MSH-13: the protocol says nothing about this message
        process,      ///< accept and process it
        repeat,       ///< it was accepted before and its acknowledgement was lost: acknowledge, do not process
        header_only,  ///< 0 or -1: answer, there is nothing to process
        refuse,       ///< not the number expected: CE (AE in original mode), and the sender freezes or restarts
    };
    Action action;
    std::optional<std::int64_t> expected;  ///< MSA-4 of the answer
    ReceiverState next;                    ///< to be durable before the answer leaves
};

/// `number` as read(): nothing means the sender does not take part.
ReceiverStep receive(const ReceiverState& state, std::optional<std::int64_t> number) noexcept;

/// What the sender of a link remembers.
struct SenderState {
    enum class Phase : std::uint8_t {
        idle,       ///< the link must be started: send 0
        starting,   ///< 0 is under way
        resyncing,  ///< -1 is under way
        running,
        frozen,  ///< the sides disagree: an operator decides (resynchronise, or set the number)
    };
    Phase phase = Phase::idle;
    std::int64_t next = 1;   ///< number of the message that is to go next, or is under way
    bool under_way = false;  ///< it was sent at least once and its answer has not come: the receiver may have it

    friend bool operator==(const SenderState&, const SenderState&) = default;
};

/// What the sender does with an answer.
struct SenderStep {
    enum class Action : std::uint8_t {
        send,            ///< send the message that has state.next as its number (a repeat has its old number)
        settled,         ///< the message under way was accepted: the next one has state.next
        settled_before,  ///< it had been accepted earlier, its acknowledgement was lost: the next one has state.next
        freeze,          ///< stop the link and tell the operator
    };
    Action action;
    SenderState next;
};

/// Starts the link: the number to put into MSH-13 is 0.
SenderState start(const SenderState& state) noexcept;
/// The message with number state.next is about to go: to be durable before its first byte leaves.
SenderState sending(const SenderState& state) noexcept;
/// Forces a new base: the number to put into MSH-13 is -1.
SenderState resynchronise(const SenderState& state) noexcept;
/// The answer to 0, to -1 or to the message under way. `expected` is MSA-4. `oldest` is the number of the oldest
/// message that can still be sent again: the receiver may ask for one from there up to state.next.
SenderStep answered(const SenderState& state, std::optional<std::int64_t> expected, std::int64_t oldest) noexcept;

}  // namespace causeway::hl7v2::sequence
