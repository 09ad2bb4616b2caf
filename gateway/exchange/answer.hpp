#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace causeway::exchange {

/// What MSA-1 of an answer says (table 0008).
enum class AnswerCode : std::uint8_t { aa, ae, ar, ca, ce, cr, other };

/// The parts of an acknowledgement that decide a delivery. Holds codes and control ids, no clinical content.
struct Answer {
    AnswerCode code = AnswerCode::other;
    std::string control_id;                              ///< MSA-2: the message it answers
    std::string message_type;                            ///< MSH-9.1: "ACK", or a typed response such as "ORL"
    std::string error_code;                              ///< the first of ERR-3.1, ERR-1.4.1, MSA-6.1; empty if none
    std::optional<std::int64_t> expected_sequence = {};  ///< MSA-4

    bool is_accept() const noexcept {
        return code == AnswerCode::ca || code == AnswerCode::ce || code == AnswerCode::cr;
    }
    bool is_positive() const noexcept { return code == AnswerCode::aa || code == AnswerCode::ca; }
    /// AR or CR: the same bytes will be refused again.
    bool is_rejection() const noexcept { return code == AnswerCode::ar || code == AnswerCode::cr; }
};

/// Null if the bytes are no message with an MSA segment.
std::optional<Answer> read_answer(std::string_view message);

/// Whether an answer holds more than an acknowledgement (ORL, RRE, RRI): then it is taken in like any message.
bool says_more(std::string_view answer);

std::string_view to_string(AnswerCode code) noexcept;

}  // namespace causeway::exchange
