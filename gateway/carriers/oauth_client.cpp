#include "gateway/carriers/oauth_client.hpp"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <charconv>
#include <cstdio>
#include <memory>

#include "fhir/json/json.hpp"
#include "fhir/percent_encoding.hpp"
#include "gateway/carriers/http_carrier.hpp"
#include "gateway/security/json_web_key.hpp"

namespace causeway::carriers {
namespace {

using security::encode_base64url;

struct FreeKey {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;

Key read_key(const std::string& file) {
    const std::unique_ptr<FILE, int (*)(FILE*)> stream(std::fopen(file.c_str(), "rb"), &std::fclose);
    if (!stream) return nullptr;
    return Key(PEM_read_PrivateKey(stream.get(), nullptr, nullptr, nullptr));
}

/// R and S one after the other, as a JWS wants them, from what OpenSSL makes.
std::optional<std::string> raw_signature(std::string_view der) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
    const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> signature(
        d2i_ECDSA_SIG(nullptr, &bytes, static_cast<long>(der.size())), &ECDSA_SIG_free);
    std::string raw(96, '\0');
    auto* const out = reinterpret_cast<unsigned char*>(raw.data());
    if (!signature || BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), out, 48) != 48 ||
        BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), out + 48, 48) != 48)
        return std::nullopt;
    return raw;
}

std::optional<std::string> sign(EVP_PKEY* key, std::string_view bytes, bool elliptic) {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    const auto* const data = reinterpret_cast<const unsigned char*>(bytes.data());
    std::size_t size = 0;
    if (!context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha384(), nullptr, key) != 1 ||
        EVP_DigestSign(context.get(), nullptr, &size, data, bytes.size()) != 1)
        return std::nullopt;
    std::string out(size, '\0');
    if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, data, bytes.size()) != 1)
        return std::nullopt;
    out.resize(size);
    return elliptic ? raw_signature(out) : out;
}

}  // namespace

std::optional<std::string> client_assertion(const std::string& key_file, std::string_view key_id,
                                            std::string_view client, std::string_view audience, std::int64_t now_s) {
    const auto key = read_key(key_file);
    if (!key) return std::nullopt;
    const bool elliptic = EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_EC && EVP_PKEY_get_bits(key.get()) == 384;
    if (!elliptic && EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) return std::nullopt;
    unsigned char random[16];
    if (RAND_bytes(random, sizeof random) != 1) return std::nullopt;
    std::string header = elliptic ? R"({"alg":"ES384","typ":"JWT","kid":)" : R"({"alg":"RS384","typ":"JWT","kid":)";
    fhir::append_json_string(key_id, header);
    header += '}';
    std::string claims = "{\"iss\":";
    fhir::append_json_string(client, claims);
    claims += ",\"sub\":";
    fhir::append_json_string(client, claims);
    claims += ",\"aud\":";
    fhir::append_json_string(audience, claims);
    claims += ",\"exp\":" + std::to_string(now_s + 240) + ",\"jti\":\"" +
              encode_base64url({reinterpret_cast<const char*>(random), sizeof random}) + "\"}";
    auto token = encode_base64url(header) + "." + encode_base64url(claims);
    const auto signature = sign(key.get(), token, elliptic);
    if (!signature) return std::nullopt;
    return token + "." + encode_base64url(*signature);
}

OauthClient::Token OauthClient::token_blocking(std::int64_t now_s) {
    if (!token_.empty() && now_s < good_until_s_) return {token_, {}};
    token_.clear();
    auto request = request_within(endpoint_, endpoint_.token_url);
    request.method = "POST";
    request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    request.headers.emplace_back("Accept", "application/json");
    request.body = "grant_type=client_credentials&scope=" + fhir::percent_encoded(endpoint_.scope);
    if (!endpoint_.key_file.empty()) {
        const auto assertion =
            client_assertion(endpoint_.key_file, endpoint_.key_id, endpoint_.client_id, endpoint_.token_url, now_s);
        if (!assertion) return {{}, "key_file cannot be used to sign"};
        request.body +=
            "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
            "&client_assertion=" +
            *assertion;
    } else {
        const auto secret = secret_of(endpoint_.secret_file);
        if (secret.empty()) return {{}, "secret_file cannot be read"};
        request.headers.emplace_back(
            "Authorization", "Basic " + security::encode_base64(fhir::percent_encoded(endpoint_.client_id) + ":" +
                                                                fhir::percent_encoded(secret)));
    }
    const auto answer = http::fetch_blocking(request);
    if (answer.status == 0) return {{}, answer.failure};
    if (answer.status != 200) return {{}, "HTTP " + std::to_string(answer.status)};
    const auto document = fhir::parse_json(answer.body);
    if (document.has_error()) return {{}, "the answer is no JSON"};
    const auto root = (*document)->root();
    token_ = root["access_token"].text();
    if (token_.empty() || token_.find_first_of(" \r\n") != std::string::npos) {
        token_.clear();
        return {{}, "the answer holds no access_token"};
    }
    std::int64_t seconds = 300;
    const auto lifetime = root["expires_in"].text();
    std::from_chars(lifetime.data(), lifetime.data() + lifetime.size(), seconds);
    good_until_s_ = now_s + seconds - 30;
    return {token_, {}};
}

}  // namespace causeway::carriers
