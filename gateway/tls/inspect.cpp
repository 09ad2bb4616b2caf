#include "gateway/tls/inspect.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cstdio>

namespace causeway::tls {
namespace {

constexpr std::int64_t day_s = 86'400;
constexpr std::int64_t lifetime_warning_days = 825;

using CertPtr = std::unique_ptr<X509, decltype(&X509_free)>;

CertPtr read_first(const std::string& file) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> stream(std::fopen(file.c_str(), "rb"), std::fclose);
    return {stream ? PEM_read_X509(stream.get(), nullptr, nullptr, nullptr) : nullptr, X509_free};
}

std::string key_text(X509& certificate) {
    EVP_PKEY* key = X509_get0_pubkey(&certificate);
    if (key == nullptr) return "unknown";
    char group[64] = {};
    std::size_t size = 0;
    if (EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_group_name(key, group, sizeof group, &size) == 1) {
        const std::string_view name(group, size);
        return "EC " + std::string(name == "prime256v1" ? "P-256" : name == "secp384r1" ? "P-384" : name);
    }
    const char* type = EVP_PKEY_get0_type_name(key);
    return std::string(type != nullptr ? type : "unknown") + " " + std::to_string(EVP_PKEY_get_bits(key));
}

void look_at_times(const Certificate& certificate, std::int64_t now, Inspection& found) {
    found.days_left = (certificate.not_after_s - now) / day_s;
    if (now >= certificate.not_after_s) {
        found.warnings.emplace_back("it has expired: replace it");
    } else if (now < certificate.not_before_s) {
        found.warnings.emplace_back("it is not valid yet");
    } else if (found.days_left < expiry_warning_days) {
        found.warnings.push_back("it expires in " + std::to_string(found.days_left) +
                                 " days: replace it, then send the gateway SIGHUP");
    }
    if ((certificate.not_after_s - certificate.not_before_s) / day_s > lifetime_warning_days)
        found.warnings.push_back("it is valid for more than " + std::to_string(lifetime_warning_days) +
                                 " days: shorter-lived ones are safer and many clients insist on it");
}

void look_at_strength(X509& certificate, Inspection& found) {
    EVP_PKEY* key = X509_get0_pubkey(&certificate);
    if (key != nullptr && EVP_PKEY_get_security_bits(key) < 112)
        found.warnings.emplace_back("its key is too weak: RSA from 2048 bits or EC P-256");
    int digest = 0, bits = 0;
    if (X509_get_signature_info(&certificate, &digest, nullptr, &bits, nullptr) == 1 && bits < 112)
        found.warnings.emplace_back("it is signed with a weak digest (SHA-1 or MD5): have it signed with SHA-256");
}

void look_at_use(X509& certificate, Use use, Inspection& found) {
    if (X509_check_purpose(&certificate, use == Use::server ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT, 0) !=
        1)
        found.warnings.emplace_back(use == Use::server ? "its extended key usage does not allow servers"
                                                       : "its extended key usage does not allow clients");
    if (use == Use::server && found.certificate.names.empty())
        found.warnings.emplace_back("it has no subjectAltName: clients cannot check our name");
    if (X509_self_signed(&certificate, 0) == 1)
        found.warnings.emplace_back("it is self-signed: every peer has to be given it by hand");
}

void look_at_key_file(const std::string& file, Inspection& found) {
    struct stat status {};
    if (::stat(file.c_str(), &status) == 0 && (status.st_mode & (S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH)) != 0)
        found.warnings.push_back(file + " can be read by others: chmod 600");
}

}  // namespace

Result<Inspection> inspect_blocking(const std::string& certificate_file, const std::string& key_file, Use use,
                                    std::int64_t now) {
    const auto certificate = read_first(certificate_file);
    if (!certificate) return Error{certificate_file + ": holds no certificate in PEM"};
    Inspection found;
    found.certificate = describe(*certificate);
    found.key = key_text(*certificate);
    look_at_times(found.certificate, now, found);
    look_at_strength(*certificate, found);
    look_at_use(*certificate, use, found);
    look_at_key_file(key_file, found);
    return found;
}

}  // namespace causeway::tls
