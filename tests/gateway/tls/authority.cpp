#include "tests/gateway/tls/authority.hpp"

#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <stdexcept>

namespace causeway::tls::test {
namespace {

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

void must(bool good, const char* what) {
    if (!good) throw std::runtime_error(what);
}

File open(const std::string& path, const char* mode) {
    File file(std::fopen(path.c_str(), mode), std::fclose);
    must(file != nullptr, "cannot open a file of the test's authority");
    return file;
}

void set_name(X509* certificate, const std::string& common_name) {
    X509_NAME* name = X509_get_subject_name(certificate);
    const auto add = [&](const char* key, const std::string& value) {
        X509_NAME_add_entry_by_txt(name, key, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value.c_str()), -1,
                                   -1, 0);
    };
    add("O", "Causeway Test");
    add("CN", common_name);
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    must(extension != nullptr, "no extension");
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

}  // namespace

Authority::Key Authority::make_key(int rsa_bits) {
    return {rsa_bits > 0 ? EVP_RSA_gen(static_cast<unsigned>(rsa_bits)) : EVP_EC_gen("P-256"), EVP_PKEY_free};
}

Authority::Authority(const std::string& name) : key_(make_key(0)), certificate_(X509_new(), X509_free) {
    static std::atomic<int> count{0};
    folder_ = std::filesystem::temp_directory_path() /
              ("causeway-ca-" + std::to_string(::getpid()) + "-" + std::to_string(++count));
    std::filesystem::create_directories(folder_);
    X509* own = certificate_.get();
    X509_set_version(own, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(own), serial_);
    X509_gmtime_adj(X509_getm_notBefore(own), -7'200);
    X509_gmtime_adj(X509_getm_notAfter(own), 86'400);
    set_name(own, name);
    X509_set_issuer_name(own, X509_get_subject_name(own));
    X509_set_pubkey(own, key_.get());
    add_extension(own, own, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(own, own, NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(own, own, NID_subject_key_identifier, "hash");
    must(X509_sign(own, key_.get(), EVP_sha256()) > 0, "cannot sign");
    PEM_write_X509(open(file(), "wb").get(), own);
}

Authority::~Authority() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

Files Authority::issue(const std::string& common_name) const {
    Wanted wanted;
    wanted.common_name = common_name;
    return issue(common_name, wanted);
}

Files Authority::issue(const std::string& name, const Wanted& wanted) const {
    const Key key = make_key(wanted.rsa_bits);
    const Cert made(X509_new(), X509_free);
    X509* certificate = made.get();
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(certificate), wanted.from_s);
    X509_gmtime_adj(X509_getm_notAfter(certificate), wanted.until_s);
    set_name(certificate, wanted.common_name);
    X509* issuer = wanted.self_signed ? certificate : certificate_.get();
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
    X509_set_pubkey(certificate, key.get());
    add_extension(certificate, issuer, NID_basic_constraints, "CA:FALSE");
    std::string usage = wanted.for_server ? "serverAuth" : "";
    if (wanted.for_client) usage += usage.empty() ? "clientAuth" : ",clientAuth";
    add_extension(certificate, issuer, NID_ext_key_usage, usage);
    add_extension(certificate, issuer, NID_subject_alt_name, "DNS:" + wanted.dns + ",IP:" + wanted.address);
    EVP_PKEY* signer = wanted.self_signed ? key.get() : key_.get();
    must(X509_sign(certificate, signer, EVP_get_digestbyname(wanted.digest)) > 0, "cannot sign");
    Files files{(folder_ / (name + ".pem")).string(), (folder_ / (name + ".key")).string()};
    PEM_write_X509(open(files.certificate, "wb").get(), certificate);
    PEM_write_PrivateKey(open(files.key, "wb").get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    std::filesystem::permissions(files.key, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return files;
}

std::string Authority::revoke(const std::vector<std::string>& certificate_files) const {
    const std::unique_ptr<X509_CRL, decltype(&X509_CRL_free)> list(X509_CRL_new(), X509_CRL_free);
    X509_CRL_set_version(list.get(), X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(certificate_.get()));
    const std::unique_ptr<ASN1_TIME, decltype(&ASN1_TIME_free)> time(ASN1_TIME_new(), ASN1_TIME_free);
    X509_gmtime_adj(time.get(), -60);
    X509_CRL_set1_lastUpdate(list.get(), time.get());
    for (const auto& file : certificate_files) {
        const Cert certificate(PEM_read_X509(open(file, "rb").get(), nullptr, nullptr, nullptr), X509_free);
        X509_REVOKED* entry = X509_REVOKED_new();
        X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(certificate.get()));
        X509_REVOKED_set_revocationDate(entry, time.get());
        X509_CRL_add0_revoked(list.get(), entry);
    }
    X509_gmtime_adj(time.get(), 3'600);
    X509_CRL_set1_nextUpdate(list.get(), time.get());
    must(X509_CRL_sign(list.get(), key_.get(), EVP_sha256()) > 0, "cannot sign the list");
    const auto path = (folder_ / "revoked.pem").string();
    PEM_write_X509_CRL(open(path, "wb").get(), list.get());
    return path;
}

}  // namespace causeway::tls::test
