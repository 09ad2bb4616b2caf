#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/exchange/partner.hpp"
#include "gateway/storage/types.hpp"
#include "hl7v2/validate/profile.hpp"

namespace causeway::exchange {

/// What a message has against it by the profiles its receiver holds it to. Places and rules only, no values.
struct ConformanceReport {
    std::size_t errors = 0, warnings = 0;
    std::string first;  ///< the first error: `PID-3 (elr-2.5.1:42)`
    std::string json;   ///< {"profiles":[...],"errors":1,"warnings":0,"issues":[...]}
};

/// The message profiles of one partner (Partner::profiles), which each message to it is checked against before it is
/// queued. Immutable.
class OutgoingCheck {
public:
    /// Adds to `faults` the profiles that are neither built in nor a file that can be read.
    static OutgoingCheck load(const Partner& partner, std::vector<ConfigurationFault>& faults);

    /// nullopt if no profile is made for this message.
    std::optional<ConformanceReport> check(std::string_view message) const;

private:
    std::vector<std::shared_ptr<const hl7v2::Profile>> profiles_;
};

/// Under which name the report on a message is kept with the queue.
std::string conformance_note(storage::OutboxId id);

}  // namespace causeway::exchange
