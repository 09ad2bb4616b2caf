#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gateway/tls/certificate.hpp"

struct ssl_ctx_st;

namespace causeway::tls {

/// Whether a server asks its clients for certificates.
enum class ClientCertificates : std::uint8_t {
    none,      ///< not asked for
    optional,  ///< asked for and, if sent, checked: for doors with other ways to say who one is
    required   ///< without one there is no connection
};

/// The files of an entry point. All are PEM but the OCSP answer.
struct ServerSettings {
    std::string certificate;  ///< the server's own, followed by those between it and the root
    std::string key;          ///< its private key, without a pass phrase
    std::string client_ca;    ///< the authorities of client certificates; the system's are never asked
    std::string client_crl;   ///< what they revoked; empty: not checked
    std::string ocsp;         ///< a DER OCSP answer to staple; empty: none
    ClientCertificates clients = ClientCertificates::none;
    std::vector<Pin> pins;  ///< if any: a client certificate must match one of them
};

/// How we connect to a server.
struct ClientSettings {
    std::string certificate, key;  ///< our own, if the server wants one
    std::string ca;                ///< the authorities of the server's certificate; empty: the system's
    std::vector<Pin> pins;         ///< if any: the server's certificate must match one of them
    bool check_name = true;        ///< that the certificate is for the host we connect to
    bool check_chain = true;       ///< false: any certificate. For tools that look at what a server does, never more
};

/// Certificates, keys and rules of one side, checked and ready for connections. Immutable: a reload makes another, and
/// connections keep the one they began with.
///
/// TLS 1.2 and 1.3; ECDHE with AES-GCM or ChaCha20 only (RFC 9325); no compression, renegotiation, tickets or
/// resumption.
class Context {
public:
    enum class Side : std::uint8_t { server, client };

    /// Reads the files. Fails, with the file's name, if one cannot be read, if key and certificate do not belong
    /// together, or if the certificate is not valid at `now_s` (seconds since 1970).
    static Result<std::shared_ptr<const Context>> server(const ServerSettings& settings, std::int64_t now_s);
    static Result<std::shared_ptr<const Context>> client(const ClientSettings& settings, std::int64_t now_s);

    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    ~Context();

    Side side() const noexcept { return side_; }
    ssl_ctx_st* native() const noexcept { return native_; }
    bool check_name() const noexcept { return check_name_; }
    /// Whether a peer with this certificate may stay.
    bool admits(const Certificate& certificate) const noexcept;
    bool pinned() const noexcept { return !pins_.empty(); }
    /// Of our own certificate; zero if there is none (a client may have none).
    std::int64_t not_after_s() const noexcept { return not_after_s_; }

private:
    Context(Side side, ssl_ctx_st* native) : side_(side), native_(native) {}
    const Side side_;
    ssl_ctx_st* const native_;
    std::vector<Pin> pins_;
    std::string ocsp_;
    bool check_name_ = true;
    std::int64_t not_after_s_ = 0;
};

using ContextPtr = std::shared_ptr<const Context>;

/// The context in force, exchanged without a restart. Thread-safe.
class Source {
public:
    using Load = std::function<Result<ContextPtr>(std::int64_t now_s)>;
    /// `load` reads the files anew at each reload.
    Source(ContextPtr first, Load load) : load_(std::move(load)), current_(std::move(first)) {}

    /// Fails as Context does; nothing is kept then.
    static Result<std::shared_ptr<Source>> server(ServerSettings settings, std::int64_t now_s);
    static Result<std::shared_ptr<Source>> client(ClientSettings settings, std::int64_t now_s);

    ContextPtr current() const;
    /// Reads the files again and, only if all is well with them, lets new connections have them. Blocks on the files.
    Result<void> reload(std::int64_t now_s);

private:
    const Load load_;
    mutable std::mutex mutex_;
    ContextPtr current_;
};

/// Seconds since 1970, for the callers above.
std::int64_t now_s();

}  // namespace causeway::tls
