#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace causeway::exchange::script {

/// What answers a SCRIPT message at once, or later by itself: Status, Verify (taken) or Error.
struct Answer {
    bool accepted = false;
    std::string code;        ///< 000, 010; 600, 601, 602, 900
    std::string relates_to;  ///< RelatesToMessageID
};

/// Nothing if the bytes are none of the three.
std::optional<Answer> read_answer(std::string_view xml);

/// Who speaks to whom, for the header of an answer.
struct Parties {
    std::string to, to_qualifier, from, from_qualifier;
    std::string message_id, relates_to, sent_time;  ///< an instant
};
std::string make_status(const Parties& parties, std::string_view code);
std::string make_error(const Parties& parties, std::string_view code, std::string_view description);

}  // namespace causeway::exchange::script
