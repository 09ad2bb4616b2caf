#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "gateway/main/startup.hpp"

namespace causeway {

/// Why the gateway could not start: for the operator, with what to do where that is known.
struct StartFailure {
    std::string message;
};

/// The whole gateway: makes every part, ties them together, starts and stops them in order. The only place that knows
/// them all.
class Gateway {
public:
    /// Opens the store, loads the maps and the patient index, binds the listeners. Throws StartFailure; nothing is left
    /// running then. `startup` has no faults.
    explicit Gateway(Startup startup);
    ~Gateway();
    Gateway(const Gateway&) = delete;
    Gateway& operator=(const Gateway&) = delete;

    /// Serves until SIGTERM or SIGINT (or stop()), then drains: no new connections, what is under way finishes within
    /// the configured times, the store is checkpointed and closed. A second signal ends the process at once.
    void run();
    /// Begins the drain; any thread.
    void stop();

    std::uint16_t http_port() const noexcept;
    std::uint16_t mllp_port() const noexcept;  ///< 0 while MLLP is off

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace causeway
