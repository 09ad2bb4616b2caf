#pragma once
#include <string>
#include <string_view>

#include "gateway/exchange/script/script_answer.hpp"

namespace causeway::exchange::script {

/// Whether bytes are meant as SCRIPT: after blanks, an XML declaration and comments, the first tag is `Message`.
bool is_script(std::string_view bytes) noexcept;

/// A SCRIPT message as the HL7 v2 message that says the same (the twin), so that everything behind the inbox is one:
/// identity, orders, dispenses, Tasks, routes.
///
///     NewRx               RDE^O11 NW       CancelRx            RDE^O11 CA     CancelRxResponse    RRE^O12 CR, UC
///     RxRenewalRequest    RDE^O11 RF       RxRenewalResponse   RRE^O12 AF, DF
///     RxChangeRequest     RDE^O11 XO       RxChangeResponse    RRE^O12 XR, UX
///     RxFill              RDS^O13          Status, Verify, Error   ACK AA, AA, AE or AR
struct Twin {
    std::string er7;   ///< empty: there is none, and `error_code` and `error` say why
    std::string kind;  ///< "NewRx"
    std::string error_code, error;
    Parties parties;  ///< of an answer to the message
};
/// Both shapes, that of 2017071 and the later one. SigText is the instruction; a structured Sig is left in the
/// original. An outcome is Denied if Denied is there at all, and none if it is not recognised or there are two: never
/// a guess.
Twin to_v2(std::string_view xml);

}  // namespace causeway::exchange::script
