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
    key_.reset(kind == Kind::p384 ? EVP_EC_gen("P-384") : EVP_RSA_gen(kind == Kind::rsa_2048 ? 2048u : 1024u),
               EVP_PKEY_free);
    REQUIRE(key_);
}

std::string Signer::sign(std::string_view bytes) const {
    const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    const auto* const data = reinterpret_cast<const unsigned char*>(bytes.data());
    REQUIRE(EVP_DigestSignInit(context.get(), nullptr, EVP_sha384(), nullptr, key_.get()) == 1);
    std::size_t size = 0;
    REQUIRE(EVP_DigestSign(context.get(), nullptr, &size, data, bytes.size()) == 1);
    std::string out(size, '\0');
    REQUIRE(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, data, bytes.size()) ==
            1);
    out.resize(size);
    if (kind_ != Kind::p384) return out;
    const auto* der = reinterpret_cast<const unsigned char*>(out.data());
    ECDSA_SIG* const signature = d2i_ECDSA_SIG(nullptr, &der, static_cast<long>(out.size()));
    REQUIRE(signature);
    std::string raw(96, '\0');
    BN_bn2binpad(ECDSA_SIG_get0_r(signature), reinterpret_cast<unsigned char*>(raw.data()), 48);
    BN_bn2binpad(ECDSA_SIG_get0_s(signature), reinterpret_cast<unsigned char*>(raw.data()) + 48, 48);
    ECDSA_SIG_free(signature);
    return raw;
}

std::string Signer::jwk() const {
    if (kind_ == Kind::p384)
        return R"({"kty":"EC","crv":"P-384","kid":")" + id_ + R"(","x":")" +
               number(key_.get(), OSSL_PKEY_PARAM_EC_PUB_X, 48) + R"(","y":")" +
               number(key_.get(), OSSL_PKEY_PARAM_EC_PUB_Y, 48) + "\"}";
    return R"({"kty":"RSA","use":"sig","kid":")" + id_ + R"(","n":")" + number(key_.get(), OSSL_PKEY_PARAM_RSA_N) +
           R"(","e":")" + number(key_.get(), OSSL_PKEY_PARAM_RSA_E) + "\"}";
}

std::string Signer::token(std::string_view header, std::string_view claims) const {
    auto out = encode_base64url(header) + "." + encode_base64url(claims);
    return out + "." + encode_base64url(sign(out));
}

}  // namespace causeway::security::test
