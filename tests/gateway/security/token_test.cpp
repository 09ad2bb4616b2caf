#include <doctest/doctest.h>

#include <future>

#include "gateway/security/token_service.hpp"
#include "gateway/storage/memory/memory_store.hpp"
#include "tests/gateway/security/signer.hpp"

using namespace causeway;
using namespace causeway::security;
using test::Signer;

namespace {

constexpr std::string_view token_url = "https://causeway.example/oauth/token";
constexpr std::int64_t now_s = 1'800'000'000;

struct StandingClock final : ops::Clock {
    std::int64_t at_us = now_s * 1'000'000;
    std::int64_t now_us() const override { return at_us; }
    std::int64_t steady_us() const override { return at_us; }
};

/// Keys are dear to make: one of each for all tests.
const Signer& rsa() {
    static const Signer made(Signer::Kind::rsa_2048, "r1");
    return made;
}
const Signer& ec() {
    static const Signer made(Signer::Kind::p384, "e1");
    return made;
}

std::vector<JsonWebKey> keys_of(const std::string& json) {
    auto parsed = parse_key_set(json);
    REQUIRE(std::holds_alternative<std::vector<JsonWebKey>>(parsed));
    return std::get<std::vector<JsonWebKey>>(std::move(parsed));
}

std::string claims(std::string_view change = {}, std::string_view jti = "j1") {
    std::string text = R"({"iss":"emr","sub":"emr","aud":")" + std::string(token_url) + R"(","exp":)" +
                       std::to_string(now_s + 200) + R"(,"jti":")" + std::string(jti) + "\"}";
    // "name=value": that claim with another value, or without "=": left out
    if (change.empty()) return text;
    const auto name = change.substr(0, change.find('='));
    const auto at = text.find("\"" + std::string(name) + "\":");
    if (at == std::string::npos)
        return text.insert(1, "\"" + std::string(name) + "\":" + std::string(change.substr(name.size() + 1)) + ",");
    auto end = text.find(",\"", at);
    if (end == std::string::npos) end = text.size() - 1;
    const bool last = end == text.size() - 1;
    if (change.size() == name.size())
        return text.erase(last ? at - 1 : at, end - at + 1 - (last ? 0 : 0) + (last ? 0 : 0));
    const auto value = at + name.size() + 3;
    return text.replace(value, end - value, change.substr(name.size() + 1));
}

std::string verdict(const std::string& token, const RegisteredClient& client) {
    const auto checked = check_assertion(token, token_url, now_s,
                                         [&](std::string_view id) { return id == client.id ? &client : nullptr; });
    if (const auto* fault = std::get_if<AssertionFault>(&checked)) return std::string(text(*fault));
    return "good " + std::get<Assertion>(checked).client;
}

struct Bench {
    StandingClock clock;
    std::unique_ptr<storage::Store> store =
        storage::make_memory_store({.now_us = [this] { return clock.at_us; }, .fault = {}});
    TokenService tokens{*store, clock, settings()};

    static TokenService::Settings settings() {
        TokenService::Settings out;
        out.token_url = token_url;
        Client emr;
        emr.registered = {"emr", keys_of(rsa().key_set()), {}};
        emr.scopes = std::get<std::vector<Scope>>(parse_scopes("system/*.rs"));
        out.clients.emplace("emr", std::move(emr));
        Client monitor;
        monitor.registered = {"monitor", keys_of(ec().key_set()), {}};
        monitor.scopes = std::get<std::vector<Scope>>(parse_scopes("system/Patient.r"));
        monitor.may_introspect = true;
        monitor.api_key_digest = sha256("a key of the monitor");
        out.clients.emplace("monitor", std::move(monitor));
        return out;
    }
    static std::string form(const std::string& assertion, const std::string& more) {
        return "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_"
               "assertion=" +
               assertion + "&" + more;
    }
    TokenService::Answer call(void (TokenService::*verb)(std::string_view, const std::string&, TokenService::Done),
                              const std::string& body) {
        std::promise<TokenService::Answer> promise;
        (tokens.*verb)(body, "127.0.0.1", [&](TokenService::Answer answer) { promise.set_value(std::move(answer)); });
        return promise.get_future().get();
    }
    TokenService::Answer issue(const std::string& jti, const std::string& scope = "system%2F*.rs") {
        return call(&TokenService::issue,
                    form(rsa().token(claims({}, jti)), "grant_type=client_credentials&scope=" + scope));
    }
    static std::string token_of(const TokenService::Answer& answer) {
        const auto at = answer.body.find("\"access_token\":\"") + 16;
        return answer.body.substr(at, answer.body.find('"', at) - at);
    }
    std::size_t audit_rows() { return store->snapshot().value()->audit({}).value().size(); }
};

}  // namespace

TEST_SUITE("gateway/security/json_web_key") {
    TEST_CASE("base64url: both ways, and what it refuses") {
        for (const std::string text : {"", "f", "fo", "foo", "foob", "fooba", "foobar", "\xff\xfe\xfd"})
            CHECK(decode_base64url(encode_base64url(text)) == text);
        CHECK(encode_base64url("\xfb\xff") == "-_8");
        for (const char* bad : {"a", "aa=", "aa==", "a+aa", "a/aa", "a a", "aB"}) {  // the last: bits left over
            CAPTURE(bad);
            CHECK_FALSE(decode_base64url(bad).has_value());
        }
    }

    TEST_CASE("key sets: what is read, left out, refused") {
        const auto of = [](const std::string& json) {
            const auto parsed = parse_key_set(json);
            if (const auto* error = std::get_if<KeyError>(&parsed)) return error->reason;
            return std::to_string(std::get<std::vector<JsonWebKey>>(parsed).size());
        };
        CHECK(of("{\"keys\":[" + rsa().jwk() + "," + ec().jwk() + "]}") == "2");
        CHECK(of(R"({"keys":[{"kty":"oct","k":"AA","kid":"s"}]})") == "0");
        CHECK(of(Signer(Signer::Kind::rsa_1024, "weak").key_set()) ==
              "an RSA key is not sound or has fewer than 2048 bits");
        auto off = ec().jwk();
        const auto y = off.find("\"y\":\"") + 5;
        off[y + 3] = off[y + 3] == 'A' ? 'B' : 'A';
        CHECK(of("{\"keys\":[" + off + "]}") == "an EC key is not on its curve");
        auto secret = rsa().jwk();
        secret.insert(1, "\"d\":\"AQAB\",");
        CHECK(of("{\"keys\":[" + secret + "]}") == "the key set holds a private key");
        CHECK(of("[]") == "the key set has no array of keys");
        CHECK(of(std::string(70'000, ' ')) == "the key set is larger than 64 KB");
    }
}

TEST_SUITE("gateway/security/json_web_token") {
    TEST_CASE("each check fails alone") {
        const RegisteredClient client{"emr", keys_of("{\"keys\":[" + rsa().jwk() + "," + ec().jwk() + "]}"),
                                      "https://emr.example/keys"};
        const auto with_header = [](const std::string& header) { return rsa().token(header, claims()); };
        struct Row {
            const char* what;
            std::string token;
            std::string_view verdict;
        };
        auto altered = rsa().token(claims());
        altered[altered.size() - 10] = altered[altered.size() - 10] == 'x' ? 'y' : 'x';
        const auto unsigned_token =
            encode_base64url(R"({"alg":"none","kid":"r1"})") + "." + encode_base64url(claims()) + ".";
        const Row rows[] = {
            {"RS384", rsa().token(claims()), "good emr"},
            {"ES384", ec().token(claims()), "good emr"},
            {"aud as a list of one", rsa().token(claims("aud=[\"" + std::string(token_url) + "\"]")), "good emr"},
            {"two parts", "a.b", text(AssertionFault::malformed)},
            {"four parts", rsa().token(claims()) + ".x", text(AssertionFault::malformed)},
            {"too large", rsa().token(claims("pad=\"" + std::string(9000, 'x') + "\"")),
             text(AssertionFault::malformed)},
            {"a critical extension", with_header(R"({"alg":"RS384","kid":"r1","crit":["b64"]})"),
             text(AssertionFault::malformed)},
            {"deep", with_header(R"({"alg":"RS384","kid":"r1","x":[[[[[1]]]]]})"), text(AssertionFault::malformed)},
            {"none", unsigned_token, text(AssertionFault::algorithm)},
            {"HS384", with_header(R"({"alg":"HS384","kid":"r1"})"), text(AssertionFault::algorithm)},
            {"RS256", with_header(R"({"alg":"RS256","kid":"r1"})"), text(AssertionFault::algorithm)},
            {"another client", rsa().token(claims("iss=\"lab\"")), text(AssertionFault::client)},
            {"another subject", rsa().token(claims("sub=\"lab\"")), text(AssertionFault::client)},
            {"no subject", rsa().token(claims("sub")), text(AssertionFault::client)},
            {"a longer audience", rsa().token(claims("aud=\"" + std::string(token_url) + ".evil\"")),
             text(AssertionFault::audience)},
            {"two audiences", rsa().token(claims("aud=[\"" + std::string(token_url) + "\",\"x\"]")),
             text(AssertionFault::audience)},
            {"expired", rsa().token(claims("exp=" + std::to_string(now_s - 31))), text(AssertionFault::time)},
            {"valid too long", rsa().token(claims("exp=" + std::to_string(now_s + 331))), text(AssertionFault::time)},
            {"no end", rsa().token(claims("exp")), text(AssertionFault::time)},
            {"not yet", rsa().token(claims("nbf=" + std::to_string(now_s + 60))), text(AssertionFault::time)},
            {"issued ahead", rsa().token(claims("iat=" + std::to_string(now_s + 60))), text(AssertionFault::time)},
            {"another jku", with_header(R"({"alg":"RS384","kid":"r1","jku":"https://emr.example/keys2"})"),
             text(AssertionFault::key_url)},
            {"the registered jku", with_header(R"({"alg":"RS384","kid":"r1","jku":"https://emr.example/keys"})"),
             "good emr"},
            {"unknown kid", with_header(R"({"alg":"RS384","kid":"r2"})"), text(AssertionFault::key)},
            {"no kid", with_header(R"({"alg":"RS384"})"), text(AssertionFault::key)},
            {"the kid of a key of another kind", with_header(R"({"alg":"RS384","kid":"e1"})"),
             text(AssertionFault::key)},
            {"an altered signature", altered, text(AssertionFault::signature)},
            {"signed by another", Signer(Signer::Kind::p384, "e1").token(claims()), text(AssertionFault::signature)},
            {"no jti", rsa().token(claims("jti")), text(AssertionFault::jti)},
            {"a long jti", rsa().token(claims({}, std::string(129, 'j'))), text(AssertionFault::jti)},
        };
        for (const auto& row : rows) {
            CAPTURE(row.what);
            CHECK(verdict(row.token, client) == row.verdict);
        }
    }

    TEST_CASE("two keys of one kid and kind: neither") {
        const Signer other(Signer::Kind::p384, "e1");
        const RegisteredClient client{"emr", keys_of("{\"keys\":[" + ec().jwk() + "," + other.jwk() + "]}"), {}};
        CHECK(verdict(ec().token(claims()), client) == text(AssertionFault::key));
    }
}

TEST_SUITE("gateway/security/token_service") {
    TEST_CASE("a token is minted, found, and gone when it expires") {
        Bench bench;
        const auto answer = bench.issue("j1", "system%2F*.cruds");
        CHECK(answer.status == 200);
        CHECK(answer.body.find("\"token_type\":\"bearer\",\"expires_in\":300,\"scope\":\"system/*.rs\"") !=
              std::string::npos);
        const auto token = Bench::token_of(answer);
        CHECK(token.size() == 43);
        const auto found = bench.tokens.find(token);
        REQUIRE(found);
        CHECK(found->client == "emr");
        CHECK(to_string(found->grant->scopes) == "system/*.rs");
        CHECK_FALSE(bench.tokens.find(token + "x"));
        CHECK_FALSE(bench.tokens.find(""));
        bench.clock.at_us += 301 * 1'000'000LL;
        CHECK_FALSE(bench.tokens.find(token));
    }

    TEST_CASE("an assertion mints once, also after a restart, and every try leaves an audit row") {
        Bench bench;
        CHECK(bench.issue("j1").status == 200);
        const auto again = bench.issue("j1");
        CHECK(again.status == 401);
        CHECK(again.body == "{\"error\":\"invalid_client\"}");
        TokenService second(*bench.store, bench.clock, Bench::settings());
        std::promise<TokenService::Answer> promise;
        second.issue(Bench::form(rsa().token(claims()), "grant_type=client_credentials&scope=system%2F*.rs"),
                     "127.0.0.1", [&](TokenService::Answer answer) { promise.set_value(std::move(answer)); });
        CHECK(promise.get_future().get().status == 401);
        CHECK(bench.audit_rows() == 3);
    }

    TEST_CASE("what the form may not be") {
        Bench bench;
        const auto assertion = rsa().token(claims());
        CHECK(bench.call(&TokenService::issue, "grant_type=client_credentials").body ==
              "{\"error\":\"invalid_client\"}");
        CHECK(
            bench.call(&TokenService::issue, Bench::form(assertion, "grant_type=password&scope=system%2F*.rs")).body ==
            "{\"error\":\"unsupported_grant_type\"}");
        CHECK(bench.issue("j2", "system%2FPatient.c").body == "{\"error\":\"invalid_scope\"}");
        CHECK(bench.issue("j3", "").body == "{\"error\":\"invalid_scope\"}");
        CHECK(bench.call(&TokenService::issue, Bench::form(rsa().token(claims({}, "j4")), "scope=a&scope=b")).status ==
              401);
        CHECK(bench.call(&TokenService::issue, "%zz").status == 401);
    }

    TEST_CASE("a revoked token is gone at once; only its client can revoke it") {
        Bench bench;
        const auto token = Bench::token_of(bench.issue("j1"));
        REQUIRE(bench.tokens.find(token));
        const auto by_monitor = ec().token(claims("iss=\"monitor\"", "m1"));
        CHECK(bench.call(&TokenService::revoke, Bench::form(by_monitor, "token=" + token)).status ==
              401);  // sub is emr
        auto monitor = claims("iss=\"monitor\"", "m2");
        monitor.replace(monitor.find("\"sub\":\"emr\""), 11, "\"sub\":\"monitor\"");
        CHECK(bench.call(&TokenService::revoke, Bench::form(ec().token(monitor), "token=" + token)).status == 200);
        CHECK(bench.tokens.find(token));
        CHECK(bench.call(&TokenService::revoke, Bench::form(rsa().token(claims({}, "j2")), "token=" + token)).status ==
              200);
        CHECK_FALSE(bench.tokens.find(token));
    }

    TEST_CASE("introspection") {
        Bench bench;
        const auto token = Bench::token_of(bench.issue("j1"));
        const auto ask = [&](const std::string& jti, const std::string& what) {
            auto text = claims("iss=\"monitor\"", jti);
            text.replace(text.find("\"sub\":\"emr\""), 11, "\"sub\":\"monitor\"");
            return bench.call(&TokenService::introspect, Bench::form(ec().token(text), "token=" + what)).body;
        };
        CHECK(ask("i1", token) ==
              "{\"active\":true,\"scope\":\"system/*.rs\",\"client_id\":\"emr\",\"exp\":1800000300}");
        CHECK(ask("i2", "unknown") == "{\"active\":false}");
        bench.clock.at_us += 100 * 1'000'000LL;
        CHECK(ask("i3", token) != "{\"active\":false}");
    }

    TEST_CASE("an API key is a client's lasting token") {
        Bench bench;
        const auto found = bench.tokens.find("a key of the monitor");
        REQUIRE(found);
        CHECK(found->client == "monitor");
        CHECK(to_string(found->grant->scopes) == "system/Patient.r");
    }
}
