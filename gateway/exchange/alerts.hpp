#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace causeway::exchange {

/// What of a partner is worth waking somebody for. 0: that is not watched.
struct AlertRules {
    std::uint32_t queue_age_s = 900;    ///< the oldest message that may go has waited this long
    std::uint32_t queue_depth = 0;      ///< messages waiting
    std::uint32_t errors_percent = 50;  ///< of the attempts since the last look, of at least 10
    std::uint32_t silence_s = 0;        ///< nothing has come from it for this long
    bool paused = true;                 ///< its queue is halted and messages wait
    bool dead = true;                   ///< a message was set aside
    bool held = true;                   ///< a message of it waits for a person
    friend bool operator==(const AlertRules&, const AlertRules&) = default;
};

/// What is seen of one partner at one look. Counters are since the start.
struct PartnerView {
    std::string name;
    AlertRules rules;
    std::uint64_t pending = 0, dead = 0;
    std::int64_t oldest_us = 0;  ///< when the oldest waiting message was queued; 0: none waits
    bool paused = false;
    std::uint64_t attempts = 0, failures = 0;
    std::int64_t last_in_us = 0;  ///< when its last message came; the start of the process where none did
    std::uint64_t held = 0;       ///< messages of it that were held since the start
};

/// Something began to be wrong with a partner, or is right again.
struct Alert {
    std::string partner;
    std::string_view kind;  ///< queue-age, queue-depth, errors, silence, paused, dead-letter, held
    bool raised = true;     ///< false: it is over
    std::int64_t at_us = 0, since_us = 0;
    std::uint64_t value = 0, limit = 0;  ///< seconds, messages or percent
};
std::string to_json(const Alert& alert);

/// Compares what is seen with the rules, and tells of each thing once when it begins and once when it ends. Dead
/// letters and held messages are told of each time there are more. Holds no clock: a look has its time.
class AlertWatch {
public:
    std::vector<Alert> look(const std::vector<PartnerView>& partners, std::int64_t now_us);
    /// What is wrong now, oldest first.
    std::vector<Alert> open() const;

private:
    struct Counts {
        std::uint64_t attempts = 0, failures = 0, dead = 0, held = 0;
    };
    std::map<std::pair<std::string, std::string_view>, Alert> open_;
    std::map<std::string, Counts> before_;
};

}  // namespace causeway::exchange
