#pragma once
#include <chrono>
#include <string>
#include <string_view>

namespace causeway {

/// Tells the service manager how the process is (sd_notify(3), the protocol alone): datagrams to the socket that
/// NOTIFY_SOCKET names. Without one, nothing is told. Thread-safe.
class ServiceManager {
public:
    /// Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID of the environment.
    ServiceManager();

    /// "READY=1", "STOPPING=1", "WATCHDOG=1". What cannot be sent is not sent again: the manager has timeouts of its own.
    void tell(std::string_view state) const noexcept;
    /// How often it wants to hear WATCHDOG=1; 0: it does not.
    std::chrono::microseconds watchdog() const noexcept { return watchdog_; }

private:
    std::string socket_;
    std::chrono::microseconds watchdog_{0};
};

}  // namespace causeway
