#pragma once
#include <boost/asio/buffer.hpp>
#include <memory>
#include <span>
#include <tuple>

#include "gateway/http/asio.hpp"

namespace causeway::tls {
struct Certificate;
}

namespace causeway::http {

/// The bytes of one connection: plain TCP, or TLS (gateway/tls). Everything above it is compiled once.
///
/// All calls come from the connection's strand. A read or write in progress ends with operation_aborted after close().
/// Bytes that a write did not take must be offered again, the same ones: TLS may have encrypted them already.
class Stream {
public:
    using Transferred = std::tuple<error_code, std::size_t>;
    virtual ~Stream() = default;
    /// Before the first read or write. Plain TCP has nothing to do.
    virtual Awaitable<error_code> handshake() { co_return error_code{}; }
    /// After the handshake; null if the peer has shown none.
    virtual std::shared_ptr<const tls::Certificate> peer_certificate() const { return nullptr; }
    virtual bool encrypted() const noexcept { return false; }
    virtual Awaitable<Transferred> read_some(net::mutable_buffer room) = 0;
    virtual Awaitable<Transferred> write_some(std::span<const net::const_buffer> pieces) = 0;
    /// Writes what the system takes at once; 0 bytes with would_block is an answer. Spares a suspension for most
    /// answers.
    virtual std::size_t try_write(std::span<const net::const_buffer> pieces, error_code& error) = 0;
    /// Nothing was read or written for a while: gives back what the next request can take anew.
    virtual void rest() noexcept {}
    virtual void shutdown_send() noexcept = 0;
    virtual void cancel() noexcept = 0;
    virtual void close() noexcept = 0;
};

std::unique_ptr<Stream> make_plain_stream(Socket socket);

}  // namespace causeway::http
