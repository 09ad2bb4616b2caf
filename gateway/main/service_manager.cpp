#include "gateway/main/service_manager.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>

namespace causeway {
namespace {

std::string_view variable(const char* name) {
    const char* const value = std::getenv(name);  // NOLINT: read before threads start
    return value ? std::string_view(value) : std::string_view();
}

std::optional<std::int64_t> number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace

ServiceManager::ServiceManager() : socket_(variable("NOTIFY_SOCKET")) {
    if (socket_.size() >= sizeof(sockaddr_un::sun_path) || (!socket_.starts_with('/') && !socket_.starts_with('@')))
        socket_.clear();
    const auto interval_us = number(variable("WATCHDOG_USEC"));
    const auto whose = variable("WATCHDOG_PID");
    if (!socket_.empty() && interval_us && *interval_us > 0 && (whose.empty() || number(whose) == ::getpid()))
        watchdog_ = std::chrono::microseconds(*interval_us);
}

void ServiceManager::tell(std::string_view state) const noexcept {
    if (socket_.empty()) return;
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, socket_.data(), socket_.size());
    if (address.sun_path[0] == '@') address.sun_path[0] = '\0';  // the abstract namespace
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
    (void)::sendto(fd, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), size);
    ::close(fd);
}

}  // namespace causeway
