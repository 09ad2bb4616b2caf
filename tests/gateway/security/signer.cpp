#include "tests/gateway/security/signer.hpp"

#include <doctest/doctest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/rsa.h>

#include "gateway/security/json_web_key.hpp"

namespace causeway::security::test {
namespace {

std::string number(EVP_PKEY* key, const char* name, int size = 0) {
    BIGNUM* value = nullptr;
    REQUIRE(EVP_PKEY_get_bn_param(key, name, &value) == 1);
    std::string out(static_cast<std::size_t>(size ? size : BN_num_bytes(value)), '\0');
    BN_bn2binpad(value, reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size()));
    BN_free(value);
    return encode_base64url(out);
}

}  // namespace

Signer::Signer(Kind kind, std::string id) : kind_(kind), id_(std::move(id)) {
    EVP_PKEY* const made = kind == Kind::p384       ? EVP_EC_gen("P-384")
                           : kind == Kind::p256     ? EVP_EC_gen("P-256")
                           : kind == Kind::rsa_1024 ? EVP_RSA_gen(1024u)
                                                    : EVP_RSA_gen(2048u);
    key_.reset(made, EVP_PKEY_free);
    REQUIRE(key_);
}

std::string Signer::sign(std::string_view bytes) const {
    const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    const auto* const data = reinterpret_cast<const unsigned char*>(bytes.data());
    REQUIRE(EVP_DigestSignInit(context.get(), nullptr,
                               kind_ == Kind::p256 || kind_ == Kind::rsa_2048_sha256 ? EVP_sha256() : EVP_sha384(),
                               nullptr, key_.get()) == 1);
    std::size_t size = 0;
    REQUIRE(EVP_DigestSign(context.get(), nullptr, &size, data, bytes.size()) == 1);
    std::string out(size, '\0');
    REQUIRE(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, data, bytes.size()) ==
            1);
    out.resize(size);
    if (kind_ != Kind::p384 && kind_ != Kind::p256) return out;
    const int half = kind_ == Kind::p256 ? 32 : 48;
    const auto* der = reinterpret_cast<const unsigned char*>(out.data());
    ECDSA_SIG* const signature = d2i_ECDSA_SIG(nullptr, &der, static_cast<long>(out.size()));
    REQUIRE(signature);
    std::string raw(static_cast<std::size_t>(2 * half), '\0');
    BN_bn2binpad(ECDSA_SIG_get0_r(signature), reinterpret_cast<unsigned char*>(raw.data()), half);
    BN_bn2binpad(ECDSA_SIG_get0_s(signature), reinterpret_cast<unsigned char*>(raw.data()) + half, half);
    ECDSA_SIG_free(signature);
    return raw;
}

std::string Signer::jwk() const {
    if (kind_ == Kind::p384 || kind_ == Kind::p256) {
        const int size = kind_ == Kind::p256 ? 32 : 48;
        return R"({"kty":"EC","crv":")" + std::string(kind_ == Kind::p256 ? "P-256" : "P-384") + R"(","kid":")" + id_ +
               R"(","x":")" + number(key_.get(), OSSL_PKEY_PARAM_EC_PUB_X, size) + R"(","y":")" +
               number(key_.get(), OSSL_PKEY_PARAM_EC_PUB_Y, size) + "\"}";
    }
    return R"({"kty":"RSA","use":"sig","kid":")" + id_ + R"(","n":")" + number(key_.get(), OSSL_PKEY_PARAM_RSA_N) +
           R"(","e":")" + number(key_.get(), OSSL_PKEY_PARAM_RSA_E) + "\"}";
}

std::string Signer::token(std::string_view header, std::string_view claims) const {
    auto out = encode_base64url(header) + "." + encode_base64url(claims);
    return out + "." + encode_base64url(sign(out));
}

}  // namespace causeway::security::test
