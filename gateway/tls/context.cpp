#include "gateway/tls/context.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>

namespace causeway::tls {
namespace {

constexpr const char* ciphers_1_2 =
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:"
    "ECDHE-RSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256";
constexpr const char* ciphers_1_3 = "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256";
constexpr const char* groups = "X25519:P-256:P-384";
constexpr int chain_depth_max = 5;

/// What OpenSSL complains of, its queue emptied.
std::string complaint() {
    std::string out;
    while (const unsigned long code = ERR_get_error()) {
        const char* reason = ERR_reason_error_string(code);
        if (out.empty()) out = reason != nullptr ? reason : "OpenSSL error " + std::to_string(code);
    }
    return out.empty() ? "not usable" : out;
}

bool readable(const std::string& file) { return std::ifstream(file, std::ios::binary).good(); }

Error about(const std::string& file, const std::string& what) { return Error{file + ": " + what}; }

void set_rules(SSL_CTX* context) {
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_security_level(context, 2);  // RSA from 2048 bits, no SHA-1 signatures
    SSL_CTX_set_options(
        context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_cipher_list(context, ciphers_1_2);
    SSL_CTX_set_ciphersuites(context, ciphers_1_3);
    SSL_CTX_set1_groups_list(context, groups);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    // Not SSL_MODE_RELEASE_BUFFERS, which takes 34 KB from the heap and gives them back for each request: Stream::rest().
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_verify_depth(context, chain_depth_max);
    // A key with a pass phrase must fail, not wait at a terminal.
    SSL_CTX_set_default_passwd_cb(context, [](char*, int, int, void*) { return -1; });
}

Result<void> use_own(SSL_CTX* context, const std::string& certificate, const std::string& key, std::int64_t now) {
    if (!readable(certificate)) return about(certificate, "the certificate file cannot be read");
    if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1)
        return about(certificate, "no usable certificate: " + complaint());
    if (!readable(key)) return about(key, "the key file cannot be read");
    ERR_clear_error();
    if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1)
        return about(key, "no usable private key for " + certificate + ": " + complaint());
    if (SSL_CTX_check_private_key(context) != 1) return about(key, "is not the key of " + certificate);
    const auto own = describe(*SSL_CTX_get0_certificate(context));
    if (now < own.not_before_s) return about(certificate, "the certificate is not valid yet");
    if (now >= own.not_after_s) return about(certificate, "the certificate has expired");
    return {};
}

Result<void> use_authorities(SSL_CTX* context, const std::string& ca, const std::string& crl) {
    if (!readable(ca)) return about(ca, "the file of authorities cannot be read");
    if (SSL_CTX_load_verify_file(context, ca.c_str()) != 1)
        return about(ca, "no usable authority certificate: " + complaint());
    if (crl.empty()) return {};
    if (!readable(crl)) return about(crl, "the revocation list cannot be read");
    X509_STORE* store = SSL_CTX_get_cert_store(context);
    if (X509_load_crl_file(X509_STORE_add_lookup(store, X509_LOOKUP_file()), crl.c_str(), X509_FILETYPE_PEM) < 1)
        return about(crl, "no usable revocation list: " + complaint());
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
    return {};
}

/// Tells clients which authorities we take, so that they can choose their certificate.
void announce_authorities(SSL_CTX* context, const std::string& ca) {
    if (STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(ca.c_str())) SSL_CTX_set_client_CA_list(context, names);
}

int staple(SSL* ssl, void* stored) {
    const auto& answer = *static_cast<const std::string*>(stored);
    auto* copy = static_cast<unsigned char*>(OPENSSL_malloc(answer.size()));  // OpenSSL frees it
    if (copy == nullptr) return SSL_TLSEXT_ERR_NOACK;
    std::memcpy(copy, answer.data(), answer.size());
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(answer.size()));
    return SSL_TLSEXT_ERR_OK;
}

int verify_mode(ClientCertificates clients) {
    switch (clients) {
        case ClientCertificates::none:
            return SSL_VERIFY_NONE;
        case ClientCertificates::optional:
            return SSL_VERIFY_PEER;
        case ClientCertificates::required:
            return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    }
    return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
}

}  // namespace

Context::~Context() { SSL_CTX_free(native_); }

bool Context::admits(const Certificate& certificate) const noexcept {
    if (pins_.empty()) return true;
    for (const auto& each : pins_)
        if (each.matches(certificate)) return true;
    return false;
}

Result<ContextPtr> Context::server(const ServerSettings& settings, std::int64_t now) {
    ERR_clear_error();
    std::shared_ptr<Context> made(new Context(Side::server, SSL_CTX_new(TLS_server_method())));
    SSL_CTX* native = made->native_;
    if (native == nullptr) return Error{"TLS: " + complaint()};
    set_rules(native);
    if (auto own = use_own(native, settings.certificate, settings.key, now); own.has_error()) return own.error();
    made->not_after_s_ = describe(*SSL_CTX_get0_certificate(native)).not_after_s;
    if (settings.clients != ClientCertificates::none) {
        if (settings.client_ca.empty()) return Error{"client certificates need a file of their authorities"};
        if (auto ca = use_authorities(native, settings.client_ca, settings.client_crl); ca.has_error())
            return ca.error();
        announce_authorities(native, settings.client_ca);
        SSL_CTX_set_verify(native, verify_mode(settings.clients), nullptr);
        made->pins_ = settings.pins;
    }
    if (!settings.ocsp.empty()) {
        std::ifstream file(settings.ocsp, std::ios::binary);
        made->ocsp_.assign(std::istreambuf_iterator<char>(file), {});
        if (made->ocsp_.empty()) return about(settings.ocsp, "the OCSP answer cannot be read");
        SSL_CTX_set_tlsext_status_cb(native, staple);
        SSL_CTX_set_tlsext_status_arg(native, &made->ocsp_);
    }
    return ContextPtr(std::move(made));
}

Result<ContextPtr> Context::client(const ClientSettings& settings, std::int64_t now) {
    ERR_clear_error();
    std::shared_ptr<Context> made(new Context(Side::client, SSL_CTX_new(TLS_client_method())));
    SSL_CTX* native = made->native_;
    if (native == nullptr) return Error{"TLS: " + complaint()};
    set_rules(native);
    if (settings.certificate.empty() != settings.key.empty())
        return Error{"a client certificate needs its key, and a key its certificate"};
    if (!settings.certificate.empty()) {
        if (auto own = use_own(native, settings.certificate, settings.key, now); own.has_error()) return own.error();
        made->not_after_s_ = describe(*SSL_CTX_get0_certificate(native)).not_after_s;
    }
    made->pins_ = settings.pins;
    made->check_name_ = settings.check_name && settings.check_chain;
    if (!settings.check_chain) return ContextPtr(std::move(made));
    SSL_CTX_set_verify(native, SSL_VERIFY_PEER, nullptr);
    if (settings.ca.empty()) {
        if (SSL_CTX_set_default_verify_paths(native) != 1) return Error{"the system's authorities: " + complaint()};
    } else if (auto ca = use_authorities(native, settings.ca, {}); ca.has_error()) {
        return ca.error();
    }
    return ContextPtr(std::move(made));
}

Result<std::shared_ptr<Source>> Source::server(ServerSettings settings, std::int64_t now) {
    Load load = [settings = std::move(settings)](std::int64_t at) { return Context::server(settings, at); };
    auto first = load(now);
    if (first.has_error()) return first.error();
    return std::make_shared<Source>(std::move(*first), std::move(load));
}

Result<std::shared_ptr<Source>> Source::client(ClientSettings settings, std::int64_t now) {
    Load load = [settings = std::move(settings)](std::int64_t at) { return Context::client(settings, at); };
    auto first = load(now);
    if (first.has_error()) return first.error();
    return std::make_shared<Source>(std::move(*first), std::move(load));
}

ContextPtr Source::current() const {
    const std::lock_guard lock(mutex_);
    return current_;
}

Result<void> Source::reload(std::int64_t now) {
    auto fresh = load_(now);
    if (fresh.has_error()) return fresh.error();
    const std::lock_guard lock(mutex_);
    current_ = std::move(*fresh);
    return {};
}

std::int64_t now_s() { return std::time(nullptr); }

}  // namespace causeway::tls
