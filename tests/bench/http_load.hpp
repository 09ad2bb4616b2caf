#pragma once
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace causeway::bench {

/// Keep-alive connections from one thread: each sends a request, then each answer is read whole. Blocking sockets, so
/// that the client costs two system calls a request and the server is what is measured.
class Load {
public:
    Load(std::uint16_t port, std::size_t connections) {
        for (std::size_t i = 0; i < connections; ++i) {
            const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
            sockaddr_in address{};
            address.sin_family = AF_INET;
            address.sin_port = htons(port);
            address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
                throw std::runtime_error("connect");
            const int on = 1;
            ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            sockets_.push_back(fd);
        }
    }
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;
    ~Load() {
        for (const int fd : sockets_) ::close(fd);
    }

    std::size_t connections() const { return sockets_.size(); }
    void send(std::size_t i, std::string_view request) {
        if (::send(sockets_[i], request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
            throw std::runtime_error("send");
    }
    /// Reads one answer and returns its status; `body_bytes` counts up.
    int receive(std::size_t i) {
        std::size_t have = 0;
        for (;;) {
            const ssize_t size = ::recv(sockets_[i], room_ + have, sizeof room_ - have, 0);
            if (size <= 0) throw std::runtime_error("recv");
            have += static_cast<std::size_t>(size);
            const std::string_view got(room_, have);
            const auto end = got.find("\r\n\r\n");
            if (end == std::string_view::npos) continue;
            std::size_t length = 0;
            const auto at = got.find("Content-Length: ");
            if (at < end) std::from_chars(room_ + at + 16, room_ + end, length);
            if (have < end + 4 + length) continue;
            int status = 0;
            std::from_chars(room_ + 9, room_ + 12, status);
            bytes_ += have;
            return status;
        }
    }
    /// One request on every connection.
    void round(std::string_view request, int status) {
        for (std::size_t i = 0; i < sockets_.size(); ++i) send(i, request);
        for (std::size_t i = 0; i < sockets_.size(); ++i)
            if (receive(i) != status) throw std::runtime_error("status");
    }
    std::uint64_t bytes() const { return bytes_; }

private:
    std::vector<int> sockets_;
    char room_[256 * 1024];
    std::uint64_t bytes_ = 0;
};

/// Processor time of a thread: what a request costs the server, whatever else the machine does.
inline double cpu_seconds(std::thread& thread) {
    clockid_t clock;
    timespec time{};
    if (pthread_getcpuclockid(thread.native_handle(), &clock) != 0 || clock_gettime(clock, &time) != 0) return 0;
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

}  // namespace causeway::bench
