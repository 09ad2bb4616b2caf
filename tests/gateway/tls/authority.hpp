#pragma once
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace causeway::tls::test {

/// What a throw-away certificate is to be.
struct Wanted {
    std::string common_name;
    std::string dns = "localhost";
    std::string address = "127.0.0.1";
    bool for_server = true, for_client = true;      ///< extended key usage
    std::int64_t from_s = -3'600, until_s = 3'600;  ///< from now
    int rsa_bits = 0;                               ///< 0: EC P-256
    const char* digest = "SHA256";
    bool self_signed = false;
};

/// Where a certificate and its key lie.
struct Files {
    std::string certificate, key;
};

/// A certificate authority that lives as long as a test, in a folder of its own.
class Authority {
public:
    explicit Authority(const std::string& name = "Test Authority");
    ~Authority();
    Authority(const Authority&) = delete;
    Authority& operator=(const Authority&) = delete;

    /// Writes NAME.pem and NAME.key. An earlier pair of the same name is replaced.
    Files issue(const std::string& name, const Wanted& wanted) const;
    Files issue(const std::string& common_name) const;
    /// A revocation list of these certificates (files); its file.
    std::string revoke(const std::vector<std::string>& certificate_files) const;
    /// The authority's own certificate.
    std::string file() const { return (folder_ / "ca.pem").string(); }
    const std::filesystem::path& folder() const { return folder_; }

private:
    using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
    using Cert = std::unique_ptr<X509, decltype(&X509_free)>;
    static Key make_key(int rsa_bits);
    std::filesystem::path folder_;
    Key key_;
    Cert certificate_;
    mutable long serial_ = 1;
};

}  // namespace causeway::tls::test
