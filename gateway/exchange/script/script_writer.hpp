#pragma once
#include <string>
#include <string_view>

#include "hl7v2/message_view.hpp"

namespace causeway::exchange::script {

/// What a SCRIPT message is made of, as the maps make it in HL7 v2: RDE^O11 for NewRx, CancelRx, RxRenewalRequest and
/// RxRenewalResponse, RDS^O13 for RxFill. Empty for any other name.
std::string_view v2_name(std::string_view script_name) noexcept;

struct Written {
    std::string xml;    ///< empty if it was not made
    std::string fault;  ///< a code why not
};

/// The SCRIPT message that says what the HL7 v2 message says, in the shape of 2017071. A controlled substance (RXE-35 of
/// the schedules II to V) is refused: what was signed must not be made anew (21 CFR 1311.170).
Written write(std::string_view script_name, const hl7v2::MessageView& message, std::string_view sent_time);

/// Whether a schedule's code says II to V: 2 to 5, II to V, CII to CV, or NCI's codes for them.
bool is_controlled(std::string_view schedule) noexcept;

}  // namespace causeway::exchange::script
