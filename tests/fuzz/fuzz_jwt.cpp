// Tokens that nobody signed. The first byte says how the rest is read: 't' as a token as it came; 'p' as its parts, a
// line each (header, claims, signature), put together here so that the checks behind the base64 are reached; 'i' as the
// answer of an introspection endpoint. No token may pass; an answer that passes must say what it has to.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gateway/security/access_token.hpp"
#include "gateway/security/json_web_token.hpp"
#include "gateway/security/jwt_parts.hpp"

using namespace causeway::security;

namespace {

constexpr std::int64_t now_s = 1'700'000'000;

void must(bool good) {
    if (!good) std::abort();
}

/// Public halves of keys that were thrown away.
const std::vector<JsonWebKey>& keys() {
    static const auto made = std::get<std::vector<JsonWebKey>>(parse_key_set(
        R"({"keys":[{"kty":"RSA","kid":"r","n":"2S7IHQPP0Yt4Uj9bEgxsc9JGjoxSSlGiTz1pqfe3XpJaTxy6z8xO4JZ6EV1MLeK)"
        R"(Wsrv6NVzbAXRwRRb7tV4vMuD8boo3NEX1dyTmWP58GHLX7qzQkdQ9FwkUD-nSXV_qcBrvhJIA3fXXzhm3laKd3C9e8uxYeB0r-86)"
        R"(yZkc-thcsgqJ1mV0FFb4qNKK5L25GXhvkiUkOCWIgzAiG81z-EelI0vJ4RtKHHftJIAQ7l4LmCKLoh3RjxjCOaOAFlKrTJnl9Lk0)"
        R"(taRQdc2R8Ck9FSnlJNcepkvYTHvZd3Yd_ej4u9ysKqGBR0B7bCbjvVj8qcMZBInY9Vs4rciHffTPf-Q","e":"AQAB"},{"kty":)"
        R"("EC","crv":"P-384","kid":"p384","alg":"ES384","x":"Nd4JYoC18wifYdEHfybkgjyL-TvHJ7IOKaL0o1EaewL4MAyb3)"
        R"(ZC53_TPW9QlgQwJ","y":"u4x0t1-klw7N3FRlXO89EC2hizdfRWVYpCB0-TTWweSqHdgyEYGZRX0MQn6V4yHQ"},{"kty":"EC")"
        R"(,"crv":"P-256","kid":"p256","alg":"ES256","x":"d3EGmOAn8_f4Ugi-NQxv0l7NDFX-cUqdCklfbbzu2cA","y":"267)"
        R"(3UIajkmUud4ls9GdSTsgdzmoU4QqqEolPEh0Pa_8"}]})"));
    return made;
}

IssuerSettings issuer() {
    IssuerSettings settings;
    settings.issuer = "https://login.example";
    settings.audience = "https://fhir.example";
    settings.algorithms = {SignatureAlgorithm::rs256, SignatureAlgorithm::es384, SignatureAlgorithm::es256};
    settings.scopes = std::get<std::vector<Scope>>(parse_scopes("system/*.rs patient/*.cruds user/Observation.rs"));
    return settings;
}

void check_token(std::string_view token) {
    static const auto settings = issuer();
    static const RegisteredClient client{"client", keys(), "https://client.example/keys"};
    const auto find = [](std::string_view id) { return id == client.id ? &client : nullptr; };
    const auto assertion = check_assertion(token, "https://fhir.example/oauth/token", now_s, find);
    must(std::holds_alternative<AssertionFault>(assertion));
    must(!text(std::get<AssertionFault>(assertion)).empty());
    const auto access = check_access_token(token, settings, keys(), now_s);
    must(std::holds_alternative<TokenFault>(access));
    must(!text(std::get<TokenFault>(access)).empty());
    for (const std::uint32_t depth : {4u, 16u}) {
        const auto parts = JwtParts::read(token, depth);
        if (!parts) continue;
        must(parts->header && parts->claims && parts->signed_text.size() < token.size());
        must(!parts->header->root()["crit"]);
        must(token.size() <= JwtParts::bytes_max);
    }
}

void check_answer(std::string json) {
    static const auto settings = issuer();
    const auto found = read_introspection(std::move(json), settings, now_s);
    const auto* const token = std::get_if<ExternalToken>(&found);
    if (!token) return;
    must(!token->client.empty() && token->grant && !token->grant->scopes.empty());
    must(token->expires_s > now_s - clock_skew_s);
    for (const auto& scope : token->grant->scopes) must(scope.actions != 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || size > 10'000) return 0;
    const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    if (data[0] == 'i') {
        check_answer(std::string(input));
    } else if (data[0] == 'p') {
        std::array<std::string_view, 3> lines;
        std::string_view rest = input;
        for (std::size_t i = 0; i < lines.size(); ++i) {
            const auto end = i + 1 < lines.size() ? rest.find('\n') : std::string_view::npos;
            lines[i] = rest.substr(0, end);
            rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        }
        check_token(encode_base64url(lines[0]) + "." + encode_base64url(lines[1]) + "." + encode_base64url(lines[2]));
    } else {
        check_token(input);
    }
    return 0;
}
