#pragma once
#include <openssl/evp.h>

#include <memory>
#include <string>
#include <string_view>

namespace causeway::security::test {

/// A key pair of a client that signs assertions, and its public half as a JWK.
class Signer {
public:
    enum class Kind { rsa_2048, rsa_1024, p384, rsa_2048_sha256, p256 };
    Signer(Kind kind, std::string id);

    /// RS384, ES384, RS256 or ES256 over `bytes`, as a JWS has it.
    std::string sign(std::string_view bytes) const;
    std::string jwk() const;
    std::string key_set() const { return "{\"keys\":[" + jwk() + "]}"; }
    const char* algorithm() const {
        if (kind_ == Kind::p256) return "ES256";
        if (kind_ == Kind::rsa_2048_sha256) return "RS256";
        return kind_ == Kind::p384 ? "ES384" : "RS384";
    }
    /// A compact JWS of the two JSON texts.
    std::string token(std::string_view header, std::string_view claims) const;
    std::string token(std::string_view claims) const {
        return token(std::string(R"({"alg":")") + algorithm() + R"(","kid":")" + id_ + R"(","typ":"JWT"})", claims);
    }

private:
    Kind kind_;
    std::string id_;
    std::shared_ptr<EVP_PKEY> key_;
};

}  // namespace causeway::security::test
