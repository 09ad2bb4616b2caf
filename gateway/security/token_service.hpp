#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/ops/clock.hpp"
#include "gateway/security/external_issuer.hpp"
#include "gateway/security/json_web_token.hpp"
#include "gateway/security/scope.hpp"
#include "gateway/storage/storage.hpp"
#include "gateway/tls/certificate.hpp"

namespace causeway::security {

/// A client of the configuration: how it proves who it is, and what it may at most have.
struct Client {
    RegisteredClient registered;           ///< keys: none if it has an API key only, or a key set at a URL
    std::vector<Scope> scopes;             ///< at most
    std::string patient;                   ///< logical id that its scopes of the patient level are about
    std::string api_key_digest;            ///< SHA-256 of its API key, 32 bytes; empty: it has none
    std::vector<tls::Pin> certificates;    ///< who connects over TLS with one of these is this client
    bool may_introspect = false;           ///< may ask what other clients' tokens are
    bool restricted = false;               ///< sees resources labelled R or V
    bool break_glass = false;              ///< may override labels with a reason
    std::int64_t requests_per_second = 0;  ///< its own limit; 0: that of all

    Grant grant(std::vector<Scope> what) const { return {std::move(what), patient, restricted, break_glass}; }
};

/// A person, or the program of one, who looks after the gateway.
struct Operator {
    std::string api_key_digest;
    std::vector<tls::Pin> certificates;
    std::uint8_t rights = 0;  ///< role.hpp
};

/// What a token stands for.
struct Token {
    std::string client;
    std::shared_ptr<const Grant> grant;
    std::int64_t expires_s = 0;
};

/// The authorisation server's part of SMART Backend Services: mints, finds and revokes opaque bearer tokens.
///
/// A token is 256 random bits; the store keeps its SHA-256 only. The one use of an assertion's `jti` and the token it
/// mints are one transaction, with the audit row. Thread-safe.
class TokenService {
public:
    static constexpr std::int64_t life_s = 300;
    static constexpr std::size_t cached_max = 4096;  ///< tokens remembered between look-ups in the store

    struct Settings {
        std::string token_url;  ///< what an assertion's `aud` must be
        std::map<std::string, Client, std::less<>> clients;
        std::map<std::string, Operator, std::less<>> operators;
        IssuerSettings issuer = {};
    };
    /// What is served outlives the service. `fetch` brings the key sets of clients that publish them at a URL.
    TokenService(storage::Store& store, const ops::Clock& clock, Settings settings, Fetch fetch = {});

    /// An OAuth answer (RFC 6749, section 5): status and JSON body.
    struct Answer {
        int status = 200;
        std::string body;
    };
    using Done = std::function<void(Answer)>;

    /// POST to the token endpoint: `form` is its application/x-www-form-urlencoded body. These three block where the
    /// client's key set lies at a URL.
    void issue(std::string_view form, const std::string& address, Done done);
    /// RFC 7009. The client proves itself as at the token endpoint; an unknown token is no error.
    void revoke(std::string_view form, const std::string& address, Done done);
    /// RFC 7662. For clients that may; everything that is no live token is exactly {"active":false}.
    void introspect(std::string_view form, const std::string& address, Done done);

    static constexpr std::size_t bearer_bytes_max = 512;  ///< longer ones are none of ours
    /// The token or API key a request bears; nothing if it is unknown, expired or revoked. May read the store.
    std::optional<Token> find(std::string_view bearer);
    /// The same by its SHA-256.
    std::optional<Token> find_digest(const std::string& digest);
    /// The operator whose key has this SHA-256, and its name; null if it is none's.
    const std::pair<const std::string, Operator>* find_operator(std::string_view digest) const;

    /// Changes when a token that was good may be good no longer before its end.
    std::uint64_t generation() const noexcept { return generation_.load(std::memory_order_acquire); }

    const Settings& settings() const noexcept { return settings_; }

private:
    struct Form;
    /// The client a form's assertion proves, its `jti` not yet used up.
    std::variant<Assertion, AssertionFault> authenticate(const Form& form);
    void with_client(std::string_view form, const std::string& address, std::string_view operation, Done done,
                     std::function<storage::Result<Answer>(storage::Transaction&, const Client&, const Form&)> job);
    std::optional<Token> read(std::string_view name);

    storage::Store& store_;
    const ops::Clock& clock_;
    Settings settings_;
    RemoteKeys keys_;
    std::atomic<std::uint64_t> generation_ = 0;
    std::mutex mutex_;
    std::unordered_map<std::string, Token> cached_;  ///< by digest
    std::unordered_map<std::string, std::int64_t>
        revoked_;  ///< digest to expiry: a look-up under way must not cache it
};

/// SHA-256, 32 bytes.
std::string sha256(std::string_view bytes);

}  // namespace causeway::security
