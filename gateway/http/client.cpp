#include "gateway/http/client.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <memory>

#include "gateway/http/message.hpp"

namespace causeway::http {
namespace {

using Clock = std::chrono::steady_clock;

struct FreeAddresses {
    void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
struct FreeContext {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct FreeSession {
    void operator()(SSL* session) const { SSL_free(session); }
};

class Socket {
public:
    explicit Socket(int handle) : handle_(handle) {}
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket() {
        if (handle_ >= 0) ::close(handle_);
    }
    int handle() const { return handle_; }

private:
    int handle_;
};

/// Waits until the socket is ready or the time is up.
bool ready(int handle, short what, Clock::time_point until) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0) return false;
    pollfd one{handle, what, 0};
    return ::poll(&one, 1, static_cast<int>(left)) == 1;
}

bool in_v4(std::uint32_t address, std::uint32_t network, int bits) { return (address ^ network) >> (32 - bits) == 0; }

bool forbidden_v4(std::uint32_t address, bool public_only) {
    if (in_v4(address, 0xa9fe0000, 16) || address == 0) return true;
    // "This" network, loopback, private, shared and benchmark space, multicast and what is reserved.
    return public_only &&
           (in_v4(address, 0, 8) || in_v4(address, 0xc0000000, 24) || in_v4(address, 0xc6120000, 15) ||
            in_v4(address, 0x7f000000, 8) || in_v4(address, 0x0a000000, 8) || in_v4(address, 0xac100000, 12) ||
            in_v4(address, 0xc0a80000, 16) || in_v4(address, 0x64400000, 10) || in_v4(address, 0xe0000000, 3));
}

bool forbidden(const sockaddr* address, bool public_only) {
    if (address->sa_family == AF_INET)
        return forbidden_v4(ntohl(reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr), public_only);
    if (address->sa_family != AF_INET6) return true;
    const auto& bytes = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&bytes)) {
        std::uint32_t inner = 0;
        std::memcpy(&inner, bytes.s6_addr + 12, 4);
        return forbidden_v4(ntohl(inner), public_only);
    }
    if (IN6_IS_ADDR_LINKLOCAL(&bytes) || IN6_IS_ADDR_UNSPECIFIED(&bytes)) return true;
    if (!public_only) return false;
    // What carries an IPv4 address inside: NAT64 (64:ff9b::/96) and 6to4 (2002::/16) count as that address.
    std::uint32_t inner = 0;
    const bool nat64 =
        bytes.s6_addr[0] == 0 && bytes.s6_addr[1] == 0x64 && bytes.s6_addr[2] == 0xff && bytes.s6_addr[3] == 0x9b;
    const bool six_to_four = bytes.s6_addr[0] == 0x20 && bytes.s6_addr[1] == 0x02;
    if (nat64 || six_to_four) {
        std::memcpy(&inner, bytes.s6_addr + (nat64 ? 12 : 2), 4);
        return forbidden_v4(ntohl(inner), true);
    }
    return IN6_IS_ADDR_LOOPBACK(&bytes) || IN6_IS_ADDR_V4COMPAT(&bytes) || IN6_IS_ADDR_MULTICAST(&bytes) ||
           IN6_IS_ADDR_SITELOCAL(&bytes) || (bytes.s6_addr[0] & 0xfe) == 0xfc;
}

/// A connected stream, plain or encrypted, with the one deadline of the request.
class Stream {
public:
    Stream(int handle, Clock::time_point until) : handle_(handle), until_(until) {}

    bool encrypt(const ClientRequest& request) {
        const std::string& host = request.url.host;
        // OpenSSL writes without MSG_NOSIGNAL.
        static const auto before = std::signal(SIGPIPE, SIG_IGN);
        (void)before;
        context_.reset(SSL_CTX_new(TLS_client_method()));
        if (!context_) return false;
        SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
        if (request.ca_file.empty())
            SSL_CTX_set_default_verify_paths(context_.get());
        else if (SSL_CTX_load_verify_file(context_.get(), request.ca_file.c_str()) != 1)
            return false;
        if (!request.tls_certificate.empty() &&
            (SSL_CTX_use_certificate_chain_file(context_.get(), request.tls_certificate.c_str()) != 1 ||
             SSL_CTX_use_PrivateKey_file(context_.get(), request.tls_key.c_str(), SSL_FILETYPE_PEM) != 1))
            return false;
        SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
        session_.reset(SSL_new(context_.get()));
        if (!session_) return false;
        if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session_.get()), host.c_str()) != 1) {
            if (SSL_set1_host(session_.get(), host.c_str()) != 1) return false;
            SSL_set_tlsext_host_name(session_.get(), host.c_str());
        }
        SSL_set_fd(session_.get(), handle_);
        for (;;) {
            const int done = SSL_connect(session_.get());
            if (done == 1) return true;
            if (!wait(done)) return false;
        }
    }
    bool write(std::string_view bytes) {
        while (!bytes.empty()) {
            if (session_) {
                const int size = SSL_write(session_.get(), bytes.data(),
                                           static_cast<int>(std::min<std::size_t>(bytes.size(), 1u << 20)));
                if (size > 0)
                    bytes.remove_prefix(static_cast<std::size_t>(size));
                else if (!wait(size))
                    return false;
                continue;
            }
            const auto size = ::send(handle_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (size > 0)
                bytes.remove_prefix(static_cast<std::size_t>(size));
            else if (size == 0 || (errno != EAGAIN && errno != EINTR) || !ready(handle_, POLLOUT, until_))
                return false;
        }
        return true;
    }
    /// Bytes read; 0 at the end; -1 on a failure or when the time is up.
    long read(char* room, std::size_t size) {
        for (;;) {
            if (session_) {
                const int got = SSL_read(session_.get(), room, static_cast<int>(size));
                if (got > 0) return got;
                if (SSL_get_error(session_.get(), got) == SSL_ERROR_ZERO_RETURN) return 0;
                if (!wait(got)) return -1;
                continue;
            }
            const auto got = ::recv(handle_, room, size, 0);
            if (got >= 0) return got;
            if ((errno != EAGAIN && errno != EINTR) || !ready(handle_, POLLIN, until_)) return -1;
        }
    }
    bool timed_out() const { return Clock::now() >= until_; }

private:
    bool wait(int result) {
        const int error = SSL_get_error(session_.get(), result);
        if (error == SSL_ERROR_WANT_READ) return ready(handle_, POLLIN, until_);
        if (error == SSL_ERROR_WANT_WRITE) return ready(handle_, POLLOUT, until_);
        return false;
    }

    int handle_;
    Clock::time_point until_;
    std::unique_ptr<SSL_CTX, FreeContext> context_;
    std::unique_ptr<SSL, FreeSession> session_;
};

ClientAnswer failed(const char* why) {
    ClientAnswer answer;
    answer.failure = why;
    return answer;
}

/// Takes chunks out of a chunked body; false if it is cut or malformed.
bool unchunk(std::string& body) {
    std::string out;
    std::string_view rest = body;
    for (;;) {
        const auto line = rest.find("\r\n");
        if (line == std::string_view::npos) return false;
        std::size_t size = 0;
        if (std::from_chars(rest.data(), rest.data() + line, size, 16).ec != std::errc{}) return false;
        rest.remove_prefix(line + 2);
        if (size == 0) break;
        if (rest.size() < size + 2) return false;
        out += rest.substr(0, size);
        rest.remove_prefix(size + 2);
    }
    body = std::move(out);
    return true;
}

std::string head_of(const ClientRequest& request) {
    std::string head = request.method + " " + request.url.target + " HTTP/1.1\r\nHost: ";
    head += request.url.host.find(':') == std::string::npos ? request.url.host : "[" + request.url.host + "]";
    if (request.url.port != (request.url.encrypted ? 443 : 80)) head += ":" + std::to_string(request.url.port);
    head += "\r\nUser-Agent: causeway\r\nConnection: close\r\n";
    for (const auto& [name, value] : request.headers) {
        if ((name + value).find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) continue;
        head.append(name).append(": ").append(value).append("\r\n");
    }
    if (!request.body.empty() || request.method != "GET")
        head += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
    return head + "\r\n";
}

ClientAnswer talk(Stream& stream, const ClientRequest& request) {
    if (!stream.write(head_of(request)) || !stream.write(request.body))
        return failed(stream.timed_out() ? "timeout" : "broken");
    std::string got;
    std::size_t head_end = std::string::npos, wanted = std::string::npos;
    ClientAnswer answer;
    char room[16 * 1024];
    for (;;) {
        const long size = stream.read(room, sizeof room);
        if (size < 0) return failed(stream.timed_out() ? "timeout" : "broken");
        got.append(room, static_cast<std::size_t>(size));
        if (got.size() > request.answer_bytes_max) return failed("too-long");
        if (head_end == std::string::npos) {
            head_end = got.find("\r\n\r\n");
            if (head_end != std::string::npos) {
                const std::string_view head = std::string_view(got).substr(0, head_end);
                if (!head.starts_with("HTTP/1.") || head.size() < 12) return failed("broken");
                std::from_chars(head.data() + 9, head.data() + 12, answer.status);
                for (auto at = head.find("\r\n"); at != std::string_view::npos;) {
                    const auto next = head.find("\r\n", at + 2);
                    const auto line = head.substr(at + 2, next == std::string_view::npos ? next : next - at - 2);
                    if (const auto colon = line.find(':'); colon != std::string_view::npos) {
                        auto value = line.substr(colon + 1);
                        while (value.starts_with(' ')) value.remove_prefix(1);
                        answer.headers.emplace_back(line.substr(0, colon), value);
                    }
                    at = next;
                }
                const auto length = answer.header("Content-Length");
                if (!length.empty()) {
                    wanted = 0;
                    std::from_chars(length.data(), length.data() + length.size(), wanted);
                }
                if (answer.status == 204 || answer.status == 304 || request.method == "HEAD") wanted = 0;
            }
        }
        const bool whole =
            head_end != std::string::npos && wanted != std::string::npos && got.size() >= head_end + 4 + wanted;
        if (!whole && size > 0) continue;
        if (head_end == std::string::npos) return failed("broken");
        answer.body = got.substr(head_end + 4, wanted);
        if (equal_ignoring_case(answer.header("Transfer-Encoding"), "chunked") && !unchunk(answer.body))
            return failed("broken");
        return answer;
    }
}

}  // namespace

std::string_view ClientAnswer::header(std::string_view name) const {
    for (const auto& [key, value] : headers)
        if (equal_ignoring_case(key, name)) return value;
    return {};
}

std::optional<ClientUrl> ClientUrl::parse(std::string_view text) {
    ClientUrl out;
    for (const char c : text)
        if (c <= ' ' || c > '~') return std::nullopt;
    if (text.starts_with("https://"))
        out.encrypted = true, text.remove_prefix(8);
    else if (text.starts_with("http://"))
        text.remove_prefix(7);
    else
        return std::nullopt;
    const auto end = text.find_first_of("/?#");
    std::string_view authority = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end);
    text = text.substr(0, text.find('#'));
    if (authority.empty() || authority.find('@') != std::string_view::npos) return std::nullopt;
    out.port = out.encrypted ? 443 : 80;
    const auto colon = authority.rfind(':');
    if (colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos) {
        const auto digits = authority.substr(colon + 1);
        const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), out.port);
        if (read.ec != std::errc() || read.ptr != digits.data() + digits.size() || out.port == 0) return std::nullopt;
        authority = authority.substr(0, colon);
    }
    if (authority.starts_with('[') && authority.ends_with(']')) authority = authority.substr(1, authority.size() - 2);
    if (authority.empty()) return std::nullopt;
    out.host = authority;
    out.target = text.starts_with('/') ? std::string(text) : "/" + std::string(text);
    return out;
}

ClientAnswer fetch_blocking(const ClientRequest& request) {
    const auto until = Clock::now() + request.time_max;
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(request.url.host.c_str(), std::to_string(request.url.port).c_str(), &hints, &found) != 0)
        return failed("resolve");
    const std::unique_ptr<addrinfo, FreeAddresses> addresses(found);
    const char* why = "refused";
    for (const addrinfo* each = found; each; each = each->ai_next) {
        if (forbidden(each->ai_addr, request.public_only)) {
            why = "forbidden-address";
            continue;
        }
        const Socket socket(::socket(each->ai_family, each->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        if (socket.handle() < 0) continue;
        if (::connect(socket.handle(), each->ai_addr, each->ai_addrlen) != 0) {
            if (errno != EINPROGRESS) continue;
            if (!ready(socket.handle(), POLLOUT, until)) return failed("timeout");
            int error = 0;
            socklen_t size = sizeof error;
            ::getsockopt(socket.handle(), SOL_SOCKET, SO_ERROR, &error, &size);
            if (error != 0) continue;
        }
        Stream stream(socket.handle(), until);
        if (request.url.encrypted && !stream.encrypt(request)) return failed(stream.timed_out() ? "timeout" : "tls");
        return talk(stream, request);
    }
    return failed(why);
}

}  // namespace causeway::http
