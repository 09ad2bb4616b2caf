#include "gateway/tls/stream.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/ip/address.hpp>
#include <cerrno>
#include <cstring>

namespace causeway::tls {
namespace {

namespace net = boost::asio;
using http::as_result;
using http::Awaitable;
using http::error_code;

// boost::system::error_category is never deleted through a pointer; its destructor is not virtual on purpose.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"

/// Reasons of OpenSSL, as error_code.
class Reasons final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "tls"; }
    std::string message(int value) const override {
        const char* reason = ERR_reason_error_string(static_cast<unsigned long>(value));
        return reason != nullptr ? reason : "TLS error " + std::to_string(value);
    }
};

/// Why a peer's certificate is refused (X509_V_ERR_…), and our own reason beside OpenSSL's.
class CertificateReasons final : public boost::system::error_category {
public:
    static constexpr int not_pinned = -1;
    const char* name() const noexcept override { return "tls.certificate"; }
    std::string message(int value) const override {
        if (value == not_pinned) return "the peer's certificate is none of those named in the configuration";
        return std::string("the peer's certificate is refused: ") + X509_verify_cert_error_string(value);
    }
};

#pragma GCC diagnostic pop

error_code reason(unsigned long code) {
    static const Reasons category;
    return {static_cast<int>(code), category};
}

error_code certificate_reason(long code) {
    static const CertificateReasons category;
    return {static_cast<int>(code), category};
}

/// The socket as a BIO. OpenSSL's own raises SIGPIPE when the peer has gone. Bytes that came while somebody waited for
/// them are taken first; a socket that gave less than was asked for is not asked again before more was waited for.
struct Wire {
    int socket;
    bool drained = false;
    std::size_t begin = 0, end = 0;  ///< of what has arrived and was not taken yet
    std::array<char, 4096> arrived;
};
Wire& wire_of(BIO* bio) { return *static_cast<Wire*>(BIO_get_data(bio)); }

int bio_result(BIO* bio, ssize_t size, int retry) {
    if (size >= 0) return static_cast<int>(size);
    if (errno == EAGAIN || errno == EINTR) BIO_set_flags(bio, retry | BIO_FLAGS_SHOULD_RETRY);
    return -1;
}

int bio_write(BIO* bio, const char* data, int size) {
    BIO_clear_retry_flags(bio);
    const auto sent = ::send(wire_of(bio).socket, data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
    return bio_result(bio, sent, BIO_FLAGS_WRITE);
}

int bio_read(BIO* bio, char* room, int size) {
    BIO_clear_retry_flags(bio);
    Wire& wire = wire_of(bio);
    const auto wanted = static_cast<std::size_t>(size);
    if (wire.begin < wire.end) {
        const auto count = std::min(wanted, wire.end - wire.begin);
        std::memcpy(room, wire.arrived.data() + wire.begin, count);
        wire.begin += count;
        return static_cast<int>(count);
    }
    if (wire.drained) {
        BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY);
        return -1;
    }
    const auto got = ::recv(wire.socket, room, wanted, 0);
    if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    wire.drained = got > 0 && static_cast<std::size_t>(got) < wanted;
    return bio_result(bio, got, BIO_FLAGS_READ);
}

long bio_control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* bio_method() {
    static BIO_METHOD* const method = [] {
        BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without SIGPIPE");
        BIO_meth_set_write(made, bio_write);
        BIO_meth_set_read(made, bio_read);
        BIO_meth_set_ctrl(made, bio_control);
        BIO_meth_set_create(made, [](BIO* bio) {
            BIO_set_init(bio, 1);
            return 1;
        });
        return made;
    }();
    return method;
}

/// What SSL_get_error asks for before each call; the queue is mostly empty, and emptying it costs more than a look.
void forget_errors() {
    if (ERR_peek_error() != 0) ERR_clear_error();
}

class TlsStream final : public http::Stream {
public:
    TlsStream(http::Socket socket, ContextPtr context)
        : context_(std::move(context)),
          socket_(std::move(socket)),
          wire_(std::make_unique<Wire>()),
          ssl_(SSL_new(context_->native()), SSL_free) {
        error_code ignored;
        socket_.set_option(net::ip::tcp::no_delay(true), ignored);
        socket_.non_blocking(true, ignored);
        BIO* bio = BIO_new(bio_method());
        if (ssl_ == nullptr || bio == nullptr) throw std::bad_alloc();
        wire_->socket = socket_.native_handle();
        BIO_set_data(bio, wire_.get());
        SSL_set_bio(ssl_.get(), bio, bio);
        if (context_->side() == Context::Side::server) {
            SSL_set_accept_state(ssl_.get());
        } else {
            SSL_set_connect_state(ssl_.get());
        }
    }

    void expect(const std::string& host) {
        error_code not_address;
        net::ip::make_address(host, not_address);
        if (not_address) SSL_set_tlsext_host_name(ssl_.get(), host.c_str());
        if (!context_->check_name()) return;
        if (not_address) {
            SSL_set_hostflags(ssl_.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
            SSL_set1_host(ssl_.get(), host.c_str());
        } else {
            X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), host.c_str());
        }
    }

    Awaitable<error_code> handshake() override {
        for (;;) {
            ERR_clear_error();
            const int done = SSL_do_handshake(ssl_.get());
            if (done == 1) break;
            const auto error = co_await settle(done);
            if (error) co_return refusal(error);
        }
        established_ = true;
        if (X509* peer = SSL_get0_peer_certificate(ssl_.get()))
            certificate_ = std::make_shared<const Certificate>(describe(*peer));
        if (context_->pinned() && (!certificate_ || !context_->admits(*certificate_)) && !(is_optional()))
            co_return certificate_reason(CertificateReasons::not_pinned);
        co_return error_code{};
    }

    std::shared_ptr<const Certificate> peer_certificate() const override { return certificate_; }
    bool encrypted() const noexcept override { return true; }

    Awaitable<Transferred> read_some(net::mutable_buffer room) override {
        // Usually the next request has not come yet: OpenSSL need not find out. (more() would be one frame more.)
        if (wire_->begin == wire_->end && SSL_has_pending(ssl_.get()) == 0) {
            const auto [error, size] = co_await socket_.async_read_some(net::buffer(wire_->arrived), as_result);
            if (const auto failure = arrived(error, size)) co_return Transferred{failure, 0};
        }
        for (;;) {
            forget_errors();
            std::size_t size = 0;
            const int done = SSL_read_ex(ssl_.get(), room.data(), room.size(), &size);
            if (done == 1) co_return Transferred{error_code{}, size};
            const auto error = co_await settle(done);
            if (error) co_return Transferred{error, 0};
        }
    }

    Awaitable<Transferred> write_some(std::span<const net::const_buffer> pieces) override {
        for (;;) {
            int done = 1;
            const auto size = put(pieces, done);
            if (size > 0 || done == 1) co_return Transferred{error_code{}, size};
            const auto error = co_await settle(done);
            if (error) co_return Transferred{error, 0};
        }
    }

    std::size_t try_write(std::span<const net::const_buffer> pieces, error_code& error) override {
        error = {};
        int done = 1;
        const auto size = put(pieces, done);
        if (size > 0 || done == 1) return size;
        const int why = SSL_get_error(ssl_.get(), done);
        error = why == SSL_ERROR_WANT_WRITE || why == SSL_ERROR_WANT_READ ? error_code(net::error::would_block)
                                                                          : fault(why);
        return 0;
    }

    void rest() noexcept override {
        ERR_clear_error();
        SSL_free_buffers(ssl_.get());  // does nothing while bytes are in them
        std::string().swap(joined_);
    }
    void shutdown_send() noexcept override {
        notify_end();
        error_code ignored;
        socket_.shutdown(net::socket_base::shutdown_send, ignored);
    }
    void cancel() noexcept override {
        error_code ignored;
        socket_.cancel(ignored);
    }
    void close() noexcept override {
        if (!socket_.is_open()) return;
        notify_end();
        broken_ = true;  // the descriptor's number may soon be somebody else's
        error_code ignored;
        socket_.close(ignored);
    }

private:
    /// A record holds 16 KiB: pieces smaller than that are put together, so that a head and a body are one record and
    /// one write. What OpenSSL did not take must be offered again, the same bytes, as any Stream's caller does.
    std::size_t put(std::span<const net::const_buffer> pieces, int& done) {
        if (broken_) {
            done = -1;
            return 0;
        }
        std::size_t total = 0;
        while (!pieces.empty()) {
            const void* data = pieces.front().data();
            std::size_t size = pieces.front().size(), used = 1;
            if (size < record_bytes && pieces.size() > 1) {
                joined_.clear();
                used = 0;
                for (const auto& each : pieces) {
                    const auto more = std::min(each.size(), record_bytes - joined_.size());
                    joined_.append(static_cast<const char*>(each.data()), more);
                    if (more < each.size() || joined_.size() == record_bytes) break;
                    ++used;
                }
                data = joined_.data();
                size = joined_.size();
            }
            if (size == 0) {
                pieces = pieces.subspan(std::max<std::size_t>(used, 1));
                continue;
            }
            forget_errors();
            std::size_t written = 0;
            done = SSL_write_ex(ssl_.get(), data, size, &written);
            if (done != 1) return total;
            total += written;
            if (written < size || used == 0 || data == joined_.data()) return total;
            pieces = pieces.subspan(1);
        }
        return total;
    }

    /// Waits for what OpenSSL wants; an error if it is not a matter of waiting.
    Awaitable<error_code> settle(int done) {
        const int why = SSL_get_error(ssl_.get(), done);
        if (broken_) co_return net::error::operation_aborted;
        if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) co_return fault(why);
        if (why == SSL_ERROR_WANT_READ) co_return co_await more();
        const auto [error] = co_await socket_.async_wait(http::Socket::wait_write, as_result);
        co_return broken_ ? error_code(net::error::operation_aborted) : error;
    }

    /// Waits for bytes and takes them. (Waiting only would cost a call of the system for each request.) The end of the
    /// connection is left for OpenSSL to find.
    Awaitable<error_code> more() {
        const auto [error, size] = co_await socket_.async_read_some(net::buffer(wire_->arrived), as_result);
        co_return arrived(error, size);
    }

    error_code arrived(const error_code& error, std::size_t size) {
        if (broken_) return net::error::operation_aborted;
        wire_->begin = 0;
        wire_->end = size;
        wire_->drained = !error && size < wire_->arrived.size();
        if (!error || error == net::error::eof) return {};
        broken_channel_ = error != net::error::operation_aborted;
        return error;
    }

    error_code fault(int why) {
        if (broken_) return net::error::operation_aborted;
        const unsigned long code = ERR_get_error();
        if (why == SSL_ERROR_ZERO_RETURN) return net::error::eof;
        broken_channel_ = true;
        if (why == SSL_ERROR_SYSCALL || ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING || code == 0)
            return net::error::connection_reset;
        return reason(code);
    }

    /// A refused certificate says why; anything else is said by OpenSSL.
    error_code refusal(const error_code& error) const {
        const long verified = SSL_get_verify_result(ssl_.get());
        return verified != X509_V_OK && &error.category() == &reason(0).category() ? certificate_reason(verified)
                                                                                   : error;
    }

    bool is_optional() const {
        return context_->side() == Context::Side::server && !certificate_ &&
               (SSL_get_verify_mode(ssl_.get()) & SSL_VERIFY_FAIL_IF_NO_PEER_CERT) == 0;
    }

    /// close_notify, if the socket takes it at once and the connection is sound.
    void notify_end() noexcept {
        if (!established_ || broken_ || broken_channel_ || notified_) return;
        notified_ = true;
        ERR_clear_error();
        SSL_shutdown(ssl_.get());
    }

    static constexpr std::size_t record_bytes = 16 * 1024;
    ContextPtr context_;
    http::Socket socket_;
    std::unique_ptr<Wire> wire_;
    std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
    std::string joined_;
    std::shared_ptr<const Certificate> certificate_;
    bool established_ = false, broken_ = false, broken_channel_ = false, notified_ = false;
};

}  // namespace

std::unique_ptr<http::Stream> make_server_stream(http::Socket socket, ContextPtr context) {
    return std::make_unique<TlsStream>(std::move(socket), std::move(context));
}

std::unique_ptr<http::Stream> make_client_stream(http::Socket socket, ContextPtr context, const std::string& host) {
    auto stream = std::make_unique<TlsStream>(std::move(socket), std::move(context));
    stream->expect(host);
    return stream;
}

}  // namespace causeway::tls
