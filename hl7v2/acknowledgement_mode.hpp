#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hl7v2/acknowledge.hpp"

namespace causeway::hl7v2 {

/// MSH-15 or MSH-16 (table 0155): on which outcome an acknowledgement of that kind is wanted.
enum class AckCondition : std::uint8_t { empty, always, never, on_error, on_success };

/// Reads AL, NE, ER, SU. `""` and an empty field are `empty`; a value the table does not have is read as `always`: an
/// answer too many does less harm than a sender who waits for ever.
AckCondition parse_ack_condition(std::string_view raw) noexcept;
std::string_view text(AckCondition condition) noexcept;  ///< `AL`; empty for `empty`

/// Whether the condition holds. `empty` holds never: it is NE wherever the other field is valued.
bool applies(AckCondition condition, bool success) noexcept;

/// What a message asks for in MSH-15 and MSH-16 (2.5.1 section 2.9.2).
struct AckRequest {
    AckCondition accept = AckCondition::empty;
    AckCondition application = AckCondition::empty;

    /// One valued field is enough; without any it is original mode.
    bool enhanced() const noexcept { return accept != AckCondition::empty || application != AckCondition::empty; }
    friend bool operator==(const AckRequest&, const AckRequest&) = default;
};
AckRequest ack_request(const MessageView& message) noexcept;

/// How the receipt of a message ended, before anything was made of it.
enum class Receipt : std::uint8_t {
    kept,      ///< it is durable: CA
    not_kept,  ///< it could not be stored, or its sequence number is wrong: CE
    refused,   ///< MSH-9, MSH-11 or MSH-12 is not acceptable: CR
};

/// How the processing of a message ended.
enum class Processing : std::uint8_t { done, failed, refused };  // AA, AE, AR

AckCode accept_code(Receipt receipt) noexcept;
AckCode application_code(Processing processing) noexcept;

/// Whether an error is one of those that refuse a message by its header (200 to 203): CR and AR instead of CE and AE.
bool refuses(ErrorCode code) noexcept;

/// The accept acknowledgement that is due as soon as the message is kept, or is not; none in original mode.
std::optional<AckCode> accept_acknowledgement_due(const AckRequest& request, Receipt receipt) noexcept;

/// The application acknowledgement that is due after processing. In original mode it always is, and stands for the
/// receipt too. In enhanced mode a message that was not kept is not processed, so there is none.
std::optional<AckCode> application_acknowledgement_due(const AckRequest& request, Receipt receipt,
                                                       Processing processing) noexcept;

/// Waits, on the sender's side, for the answers to one message.
///
/// Knows only the request and the control id of the message: no time, no connection. Feed it every acknowledgement
/// that comes in; what belongs to another message is told apart by MSA-2, so that a late answer to one message is
/// never taken for the answer to the next.
class AckWait {
public:
    enum class State : std::uint8_t {
        accept,       ///< waiting for CA, CE or CR
        application,  ///< waiting for AA, AE or AR (or the typed response)
        settled,      ///< nothing more is to come
    };
    enum class Step : std::uint8_t {
        not_ours,    ///< MSA-2 names another message: nothing changes
        progressed,  ///< CA came and the application acknowledgement is still to come
        settled,     ///< the last answer came; code() is the result
        unexpected,  ///< a kind that was not asked for, or an answer after the last: nothing changes
    };

    /// `takes_either`: a partner who answers AA where CA is due, or the reverse, is understood. Where both are due an AA
    /// that comes first settles the message; a CA that comes twice does not.
    AckWait(const AckRequest& request, std::string control_id, bool takes_either = false);

    State state() const noexcept { return state_; }
    /// Whether silence until the deadline is a failure. With ER it means success, with SU an error that was not told,
    /// with NE there is nothing to wait for.
    bool silence_is_failure() const noexcept;
    Step take(const Acknowledgement& answer) noexcept;
    /// The deadline has passed without an answer. Whether the message is settled (positively with ER).
    bool give_up_waiting() noexcept;
    /// Of the last answer that was taken; nothing before the first, or where silence settled it.
    std::optional<AckCode> code() const noexcept { return code_; }
    const std::string& control_id() const noexcept { return control_id_; }

private:
    AckCondition awaited() const noexcept;
    void after_accept(bool positive_answer) noexcept;

    AckRequest request_;
    std::string control_id_;
    bool takes_either_;
    State state_;
    std::optional<AckCode> code_;
};

}  // namespace causeway::hl7v2
