#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/exchange/envelope.hpp"
#include "hl7v2/acknowledge.hpp"

namespace causeway::exchange {

/// What the exchange decided about a message, before it is put into the words of its acknowledgement mode.
struct Verdict {
    hl7v2::AckCode code = hl7v2::AckCode::aa;  ///< AA, AE or AR
    std::vector<hl7v2::ErrEntry> errors;       ///< warnings go with AA
    bool stored = true;                        ///< the bytes are durable; false: it could not be kept
    bool fragment = false;                     ///< more is to come: kept, and not processed yet
};

struct ReplyContext {
    std::string_view now;                                ///< MSH-7
    std::string_view accept_control_id;                  ///< MSH-10 of an accept acknowledgement
    std::string_view application_control_id;             ///< MSH-10 of an application acknowledgement
    std::optional<std::int64_t> expected_sequence = {};  ///< MSA-4, where sequence numbers are in use
};

/// The messages to send back on the connection the message came on, in order: the table of 2.5.1 section 2.9.2 by
/// MSH-15 and MSH-16. Original mode: AA/AE/AR. Enhanced: CA/CE/CR as MSH-15 wishes, then AA/AE/AR as MSH-16 wishes.
/// None for an acknowledgement.
std::vector<std::string> make_replies(const Envelope& envelope, const Verdict& verdict, const ReplyContext& context);

/// The application acknowledgement that goes to the sender as a message of its own, over our connection to it, if that is
/// how this partner wants it; then make_replies() leaves it out.
std::optional<std::string> make_deferred_reply(const Envelope& envelope, const Verdict& verdict,
                                               const ReplyContext& context);

/// The code that stands for the whole in rows, metrics and audit: "AA", "AE", "AR", or "CA"/"CE"/"CR" where no
/// application acknowledgement was wanted.
std::string_view summary_code(const Envelope& envelope, const Verdict& verdict);

/// Replies are stored with the message, one after the other, and sent again to a duplicate: this takes them apart.
std::vector<std::string> split_replies(std::string_view stored);

}  // namespace causeway::exchange
