#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/model/document.hpp"
#include "gateway/exchange/partner.hpp"
#include "gateway/storage/storage.hpp"
#include "hl7v2/message_view.hpp"
#include "mappings/engine/mapset.hpp"

namespace causeway::exchange {

/// A message for a partner, in its version and character set, ready to be framed.
struct MadeMessage {
    std::string bytes;  ///< empty if it could not be made
    std::string kind;   ///< "OML^O21"
    std::string fault;  ///< why not, as codes: "R302", "charset"; empty if it was made
    /// The fragments that go before it, each with its own control id, where the partner wants long messages cut; `bytes`
    /// is the last, and has the message's.
    struct Fragment {
        std::string control_id, bytes;
    };
    std::vector<Fragment> before = {};
};

/// The resource and what it refers to, directly or through others: what a message about it is made from. At most
/// `resources_max`, nearest first. References that lead nowhere are left out: the map then has less to say.
storage::Result<std::vector<fhir::DocumentPtr>> gather(storage::Reader& reader, fhir::DocumentPtr anchor,
                                                       std::size_t resources_max = 64);

struct MessageParties {
    std::string_view now;  ///< MSH-7, UTC: a FHIR instant
    std::string_view control_id;
    std::function<std::string()> next_id = {};  ///< control ids for fragments; without it no message is cut
};

/// Makes the message that `as` names ("OML^O21^OML_O21") for a partner from resources; the first is what it is about.
MadeMessage make_message(const mappings::MapSet& maps, const Partner& partner, std::string_view as,
                         const std::vector<fhir::DocumentPtr>& resources, const MessageParties& parties);

/// The message itself for another partner: addressed anew, its own control id, everything else byte for byte.
MadeMessage readdress(const Partner& partner, const hl7v2::MessageView& message, const MessageParties& parties);

}  // namespace causeway::exchange
