#pragma once
#include <span>
#include <string>
#include <vector>

#include "hl7v2/message_view.hpp"
#include "mappings/engine/backward.hpp"
#include "mappings/engine/forward.hpp"

namespace causeway::mappings {

struct PutContext {
    ForwardContext forward;  ///< as the message was read
    /// Whether `resources` is all there is: then a resource of the message that is not among them was deleted.
    bool complete = true;
};

struct PutResult {
    std::string er7;  ///< the message with the edit in it, line ends and charset as they were
    bool refused = false;
    std::vector<std::string> changed;  ///< places written, e.g. "PID[1]-7[1]"; "+OBX[3]", "-NK1[2]" for whole segments
    Issues issues;                     ///< R350: an edit at that element has no way into the message
};

/// Writes what was changed in FHIR into the message the resources came from, and leaves every other byte alone.
///
/// How: the message that would be made from the resources as they came, and the one that would be made from them as
/// they are, are compared; what differs is written at the place the lineage of the first names. So a value keeps the
/// form in which it was sent unless its meaning changed, and what no map line reaches (Z-segments, unmapped fields,
/// order) stays. The result is read forward once more: whatever of the edit did not arrive is an R350.
///
/// Laws: put(forward(m), m) = m, byte for byte; forward(put(R, m)) = R wherever there is no R350.
PutResult put(const Plan& plan, std::span<const SourceResource> resources, const hl7v2::MessageView& message,
              const PutContext& context);

}  // namespace causeway::mappings
