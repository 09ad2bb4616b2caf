#include "gateway/security/json_web_key.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <array>
#include <optional>

#include "fhir/json/json.hpp"

namespace causeway::security {
namespace {

template <auto release>
struct Release {
    template <class T>
    void operator()(T* value) const {
        release(value);
    }
};
using BigNumber = std::unique_ptr<BIGNUM, Release<BN_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Release<OSSL_PARAM_BLD_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, Release<OSSL_PARAM_free>>;
using Context = std::unique_ptr<EVP_PKEY_CTX, Release<EVP_PKEY_CTX_free>>;

constexpr std::size_t key_set_bytes_max = 64 * 1024;
constexpr std::size_t coordinate_bytes(JsonWebKey::Kind kind) { return kind == JsonWebKey::Kind::p256 ? 32 : 48; }
constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

BigNumber big_number(std::string_view bytes) {
    return BigNumber(BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr));
}

std::shared_ptr<EVP_PKEY> make_key(const char* kind, OSSL_PARAM_BLD* builder) {
    const Parameters parameters(OSSL_PARAM_BLD_to_param(builder));
    const Context context(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
    EVP_PKEY* key = nullptr;
    if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) <= 0 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) <= 0)
        return nullptr;
    std::shared_ptr<EVP_PKEY> made(key, EVP_PKEY_free);
    const Context check(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
    // The public-key check refuses a point that is not on its curve (invalid-curve attacks).
    if (!check || EVP_PKEY_public_check(check.get()) != 1) return nullptr;
    return made;
}

std::shared_ptr<EVP_PKEY> rsa_key(std::string_view modulus, std::string_view exponent) {
    const auto n = big_number(modulus), e = big_number(exponent);
    const Builder builder(OSSL_PARAM_BLD_new());
    if (!n || !e || !builder || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
        return nullptr;
    return make_key("RSA", builder.get());
}

std::shared_ptr<EVP_PKEY> ec_key(const char* curve, std::string_view x, std::string_view y) {
    std::string point = "\x04";  // uncompressed: SEC 1, section 2.3.3
    point.append(x).append(y);
    const Builder builder(OSSL_PARAM_BLD_new());
    if (!builder || OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve, 0) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1)
        return nullptr;
    return make_key("EC", builder.get());
}

/// R and S one after the other (RFC 7518, section 3.4) as the DER that OpenSSL checks.
std::optional<std::string> der_signature(std::string_view raw, std::size_t half) {
    if (raw.size() != 2 * half) return std::nullopt;
    const std::unique_ptr<ECDSA_SIG, Release<ECDSA_SIG_free>> signature(ECDSA_SIG_new());
    auto r = big_number(raw.substr(0, half)), s = big_number(raw.substr(half));
    if (!signature || !r || !s || ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) return std::nullopt;
    r.release();
    s.release();
    unsigned char* der = nullptr;
    const int size = i2d_ECDSA_SIG(signature.get(), &der);
    if (size <= 0) return std::nullopt;
    std::string out(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    return out;
}

}  // namespace

std::optional<SignatureAlgorithm> signature_algorithm(std::string_view name) noexcept {
    if (name == "RS384") return SignatureAlgorithm::rs384;
    if (name == "ES384") return SignatureAlgorithm::es384;
    if (name == "RS256") return SignatureAlgorithm::rs256;
    if (name == "ES256") return SignatureAlgorithm::es256;
    return std::nullopt;
}

bool JsonWebKey::serves(SignatureAlgorithm algorithm) const noexcept {
    if (only && *only != algorithm) return false;
    switch (algorithm) {
        case SignatureAlgorithm::rs384:
        case SignatureAlgorithm::rs256:
            return kind == Kind::rsa;
        case SignatureAlgorithm::es384:
            return kind == Kind::p384;
        case SignatureAlgorithm::es256:
            return kind == Kind::p256;
    }
    return false;
}

bool JsonWebKey::verifies(SignatureAlgorithm algorithm, std::string_view bytes, std::string_view signature) const {
    if (!serves(algorithm)) return false;
    std::string der;
    if (kind != Kind::rsa) {
        auto made = der_signature(signature, coordinate_bytes(kind));
        if (!made) return false;
        der = std::move(*made);
        signature = der;
    }
    const bool longer = algorithm == SignatureAlgorithm::rs384 || algorithm == SignatureAlgorithm::es384;
    const std::unique_ptr<EVP_MD_CTX, Release<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
    return context &&
           EVP_DigestVerifyInit(context.get(), nullptr, longer ? EVP_sha384() : EVP_sha256(), nullptr, key.get()) ==
               1 &&
           EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(bytes), bytes.size()) == 1;
}

std::variant<std::vector<JsonWebKey>, KeyError> parse_key_set(std::string json) {
    if (json.size() > key_set_bytes_max) return KeyError{"the key set is larger than 64 KB"};
    const auto document = fhir::parse_json(std::move(json));
    if (document.has_error()) return KeyError{"the key set is not JSON"};
    const auto keys = (*document)->root()["keys"];
    if (keys.kind() != fhir::Kind::array) return KeyError{"the key set has no array of keys"};
    std::vector<JsonWebKey> out;
    for (const auto& each : keys.items()) {
        const auto use = each["use"].text();
        const auto kind = each["kty"].text();
        if (!use.empty() && use != "sig") continue;
        if (each["d"]) return KeyError{"the key set holds a private key"};
        JsonWebKey key;
        key.id = each["kid"].text();
        if (const auto named = each["alg"].text(); !named.empty()) {
            key.only = signature_algorithm(named);
            if (!key.only) continue;
        }
        if (kind == "RSA") {
            const auto n = decode_base64url(each["n"].text()), e = decode_base64url(each["e"].text());
            if (!n || !e || n->empty() || e->empty()) return KeyError{"an RSA key lacks n or e"};
            key.key = rsa_key(*n, *e);
            constexpr int bits_min = 2048;
            if (!key.key || EVP_PKEY_get_bits(key.key.get()) < bits_min)
                return KeyError{"an RSA key is not sound or has fewer than 2048 bits"};
            key.kind = JsonWebKey::Kind::rsa;
        } else if (kind == "EC" && (each["crv"].text() == "P-384" || each["crv"].text() == "P-256")) {
            const bool small = each["crv"].text() == "P-256";
            key.kind = small ? JsonWebKey::Kind::p256 : JsonWebKey::Kind::p384;
            const auto size = coordinate_bytes(key.kind);
            const auto x = decode_base64url(each["x"].text()), y = decode_base64url(each["y"].text());
            if (!x || !y || x->size() != size || y->size() != size)
                return KeyError{"an EC key has coordinates of another size"};
            key.key = ec_key(small ? "P-256" : "P-384", *x, *y);
            if (!key.key) return KeyError{"an EC key is not on its curve"};
        } else {
            continue;
        }
        if (key.only && !key.serves(*key.only)) continue;
        if (key.id.empty()) return KeyError{"a key has no kid"};
        out.push_back(std::move(key));
    }
    return out;
}

std::optional<std::string> decode_base64url(std::string_view text) {
    static constexpr auto values = [] {
        std::array<std::int8_t, 256> table{};
        table.fill(-1);
        for (std::size_t i = 0; i < digits.size(); ++i)
            table[static_cast<unsigned char>(digits[i])] = static_cast<std::int8_t>(i);
        return table;
    }();
    if (text.size() % 4 == 1) return std::nullopt;
    std::string out;
    out.reserve(text.size() / 4 * 3 + 2);
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : text) {
        const auto value = values[static_cast<unsigned char>(c)];
        if (value < 0) return std::nullopt;
        bits = bits << 6 | static_cast<std::uint32_t>(value);
        count += 6;
        if (count >= 8) {
            count -= 8;
            out += static_cast<char>(bits >> count & 0xff);
        }
    }
    if ((bits & ((1u << count) - 1)) != 0) return std::nullopt;
    return out;
}

std::string encode_base64(std::string_view bytes) {
    std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
    out.resize(static_cast<std::size_t>(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes_of(bytes),
                                                        static_cast<int>(bytes.size()))));
    return out;
}

std::string encode_base64url(std::string_view bytes) {
    std::string out;
    out.reserve((bytes.size() * 4 + 2) / 3);
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : bytes) {
        bits = bits << 8 | static_cast<unsigned char>(c);
        for (count += 8; count >= 6;) {
            count -= 6;
            out += digits[bits >> count & 63];
        }
    }
    if (count > 0) out += digits[bits << (6 - count) & 63];
    return out;
}

}  // namespace causeway::security
