// Tokens of somebody else's authorisation server: each check fails alone; keys that change; introspection.
#include <doctest/doctest.h>

#include "gateway/security/external_issuer.hpp"
#include "gateway/security/role.hpp"
#include "gateway/security/throttle.hpp"
#include "tests/gateway/security/signer.hpp"

using namespace causeway;
using namespace causeway::security;
using test::Signer;

namespace {

constexpr std::int64_t now_s = 1'800'000'000;

struct StandingClock final : ops::Clock {
    std::int64_t at_us = now_s * 1'000'000;
    std::int64_t now_us() const override { return at_us; }
    std::int64_t steady_us() const override { return at_us; }
};

const Signer& rs256() {
    static const Signer made(Signer::Kind::rsa_2048_sha256, "k1");
    return made;
}
const Signer& es256() {
    static const Signer made(Signer::Kind::p256, "k2");
    return made;
}

std::vector<JsonWebKey> keys_of(const std::string& json) {
    return std::get<std::vector<JsonWebKey>>(parse_key_set(json));
}

IssuerSettings settings() {
    IssuerSettings out;
    out.issuer = "https://login.example";
    out.audience = "https://fhir.example/fhir";
    out.key_set_url = "https://login.example/keys";
    out.algorithms = {SignatureAlgorithm::rs256, SignatureAlgorithm::es256};
    out.scopes = std::get<std::vector<Scope>>(parse_scopes("patient/*.rs user/*.cruds system/Patient.rs"));
    return out;
}

/// The usual claims with some changed: `more` is put before them, and the first of equal names counts for nothing (a
/// duplicate name is refused), so a change names what it replaces.
std::string claims(std::string_view without = {}, std::string_view more = {}) {
    const std::pair<std::string_view, std::string> all[] = {
        {"iss", R"("https://login.example")"},
        {"aud", R"(["account","https://fhir.example/fhir"])"},
        {"exp", std::to_string(now_s + 600)},
        {"iat", std::to_string(now_s - 5)},
        {"sub", R"("u-17")"},
        {"azp", R"("growth-app")"},
        {"scope", R"("openid profile email patient/Observation.rs patient/Patient.r")"},
        {"patient", R"("p1")"},
        {"realm_access", R"({"roles":["a"]})"},
        {"resource_access", R"({"account":{"roles":["view"]}})"}};
    std::string out = "{";
    for (const auto& [name, value] : all) {
        if (name == without) continue;
        out.append(out.size() == 1 ? "\"" : ",\"").append(name).append("\":").append(value);
    }
    if (!more.empty()) out.append(",").append(more);
    return out + "}";
}

std::string verdict(const std::string& token, const IssuerSettings& with = settings()) {
    const auto found =
        check_access_token(token, with, keys_of("{\"keys\":[" + rs256().jwk() + "," + es256().jwk() + "]}"), now_s);
    if (const auto* fault = std::get_if<TokenFault>(&found)) return std::string(text(*fault));
    const auto& good = std::get<ExternalToken>(found);
    return good.client + " " + good.user + " " + to_string(good.grant->scopes) + " " + good.grant->patient;
}

/// A server whose answers are set, and that counts who asked.
struct Server {
    FetchAnswer answer;
    std::vector<FetchRequest> asked;
    Fetch fetch() {
        return [this](const FetchRequest& request) {
            asked.push_back(request);
            return answer;
        };
    }
};

bool good(const ExternalIssuer::Found& found) { return std::holds_alternative<ExternalToken>(found); }

}  // namespace

TEST_SUITE("gateway/security/external_issuer") {
    TEST_CASE("each check fails alone") {
        const std::string all = "growth-app u-17 patient/Observation.rs patient/Patient.r p1";
        const auto token = [](const std::string& text) { return rs256().token(text); };
        const auto headed = [](const std::string& header) { return rs256().token(header, claims()); };
        auto altered = token(claims());
        altered[altered.size() - 10] = altered[altered.size() - 10] == 'x' ? 'y' : 'x';
        struct Row {
            const char* what;
            std::string token;
            std::string_view verdict;
        };
        const Row rows[] = {
            {"RS256", token(claims()), all},
            {"ES256", es256().token(claims()), all},
            {"at+jwt", headed(R"({"alg":"RS256","kid":"k1","typ":"at+jwt"})"), all},
            {"one audience", token(claims("aud", R"("aud":"https://fhir.example/fhir")")), all},
            {"two parts", "a.b", text(TokenFault::malformed)},
            {"too large", token(claims({}, "\"pad\":\"" + std::string(9000, 'x') + "\"")), text(TokenFault::malformed)},
            {"a critical extension", headed(R"({"alg":"RS256","kid":"k1","crit":["exp"]})"),
             text(TokenFault::malformed)},
            {"a logout token", headed(R"({"alg":"RS256","kid":"k1","typ":"logout+jwt"})"), text(TokenFault::type)},
            {"an id token", token(claims({}, R"("typ":"ID")")), text(TokenFault::type)},
            {"a refresh token", token(claims({}, R"("typ":"Refresh")")), text(TokenFault::type)},
            {"none", headed(R"({"alg":"none","kid":"k1"})"), text(TokenFault::algorithm)},
            {"HS256", headed(R"({"alg":"HS256","kid":"k1"})"), text(TokenFault::algorithm)},
            {"an algorithm that is not on the list", headed(R"({"alg":"RS384","kid":"k1"})"),
             text(TokenFault::algorithm)},
            {"another issuer", token(claims("iss", R"("iss":"https://login.example/")")), text(TokenFault::issuer)},
            {"no issuer", token(claims("iss")), text(TokenFault::issuer)},
            {"another audience", token(claims("aud", R"("aud":"https://fhir.example/fhir2")")),
             text(TokenFault::audience)},
            {"no audience", token(claims("aud")), text(TokenFault::audience)},
            {"expired", token(claims("exp", "\"exp\":" + std::to_string(now_s - 31))), text(TokenFault::time)},
            {"no end", token(claims("exp")), text(TokenFault::time)},
            {"an end as text", token(claims("exp", "\"exp\":\"" + std::to_string(now_s + 600) + "\"")),
             text(TokenFault::time)},
            {"not yet", token(claims({}, "\"nbf\":" + std::to_string(now_s + 60))), text(TokenFault::time)},
            {"issued ahead", token(claims("iat", "\"iat\":" + std::to_string(now_s + 60))), text(TokenFault::time)},
            {"unknown kid", headed(R"({"alg":"RS256","kid":"k9"})"), text(TokenFault::key)},
            {"no kid", headed(R"({"alg":"RS256"})"), text(TokenFault::key)},
            {"the kid of a key of another kind", headed(R"({"alg":"RS256","kid":"k2"})"), text(TokenFault::key)},
            {"altered", altered, text(TokenFault::signature)},
            {"signed by another", Signer(Signer::Kind::rsa_2048_sha256, "k1").token(claims()),
             text(TokenFault::signature)},
            {"no scope", token(claims("scope")), text(TokenFault::scope)},
            {"only words that are no scopes", token(claims("scope", R"("scope":"openid email")")),
             text(TokenFault::scope)},
            {"a broken scope", token(claims("scope", R"("scope":"patient/Observation.sr")")), text(TokenFault::scope)},
            {"more than its tokens may", token(claims("scope", R"("scope":"system/Observation.cud")")),
             text(TokenFault::scope)},
            {"no client", token(claims("azp", R"("x":1)")), "u-17  patient/Observation.rs patient/Patient.r p1"},
            {"a patient that is no id", token(claims("patient", R"("patient":"../1")")), text(TokenFault::scope)},
            {"scp", token(claims("scope", R"("scp":["user/Patient.rs"])")), "growth-app u-17 user/Patient.rs p1"},
        };
        for (const auto& row : rows) {
            CAPTURE(row.what);
            CHECK(verdict(row.token) == row.verdict);
        }
    }

    TEST_CASE("keys are fetched when they are needed, and once more when they may have changed") {
        StandingClock clock;
        Server server;
        server.answer = {200, {}, rs256().key_set(), -1};
        ExternalIssuer issuer(settings(), server.fetch(), clock);
        const auto token = rs256().token(claims());
        CHECK_FALSE(issuer.find(token));  // the keys are not here yet: this must not block
        CHECK(server.asked.empty());
        CHECK(good(issuer.find_blocking(token)));
        CHECK(good(*issuer.find(token)));
        CHECK(server.asked.size() == 1);
        CHECK(server.asked[0].url == "https://login.example/keys");
        // The server signs with another key now.
        const auto later = es256().token(claims());
        CHECK_FALSE(issuer.find(later));
        CHECK_FALSE(good(issuer.find_blocking(later)));  // asked less than a minute ago
        CHECK(server.asked.size() == 1);
        clock.at_us += std::int64_t{61} * 1'000'000;
        server.answer.body = es256().key_set();
        CHECK(good(issuer.find_blocking(later)));
        CHECK(server.asked.size() == 2);
        // A flood of unknown kids does not make us ask again and again.
        for (int i = 0; i < 50; ++i)
            CHECK_FALSE(good(issuer.find_blocking(
                rs256().token(R"({"alg":"RS256","kid":"x)" + std::to_string(i) + "\"}", claims()))));
        CHECK(server.asked.size() == 2);
    }

    TEST_CASE("keys are not kept longer than their server permits, nor beyond their time when it is gone") {
        StandingClock clock;
        Server server;
        server.answer = {200, {}, rs256().key_set(), 20};
        RemoteKeys keys(server.fetch(), clock);
        const std::string url = "https://login.example/keys";
        REQUIRE(keys.get_blocking(url));
        clock.at_us += 19'000'000;
        CHECK(keys.known(url));
        clock.at_us += 2'000'000;
        CHECK_FALSE(keys.known(url));
        server.answer = {0, "timeout", {}, -1};
        CHECK_FALSE(keys.get_blocking(url));
        CHECK_FALSE(keys.get_blocking(url));
        CHECK(server.asked.size() == 2);  // a server that fails is left alone for a while
        clock.at_us += 11'000'000;
        server.answer = {200, {}, "{}", -1};
        CHECK_FALSE(keys.get_blocking(url));
        CHECK(server.asked.size() == 3);
    }

    TEST_CASE("introspection: who is asked, what counts, and for how long") {
        StandingClock clock;
        Server server;
        auto with = settings();
        with.key_set_url.clear();
        with.introspection_url = "https://login.example/introspect";
        with.client = "gateway";
        with.secret = "s3cret";
        const auto answer = [](const std::string& more) {
            return R"({"active":true,"scope":"user/Patient.rs","client_id":"app","exp":)" + std::to_string(now_s + 20) +
                   more + "}";
        };
        server.answer = {200, {}, answer(""), -1};
        ExternalIssuer issuer(with, server.fetch(), clock);
        CHECK_FALSE(issuer.find("opaque&token"));
        REQUIRE(good(issuer.find_blocking("opaque&token")));
        CHECK(server.asked[0].body == "token=opaque%26token&token_type_hint=access_token");
        CHECK(server.asked[0].authorization == "Basic Z2F0ZXdheTpzM2NyZXQ=");
        CHECK(good(*issuer.find("opaque&token")));
        clock.at_us += 21'000'000;  // beyond exp
        CHECK_FALSE(issuer.find("opaque&token"));
        clock.at_us -= 21'000'000;
        const auto verdict_of = [&](const std::string& json) {
            const auto found = read_introspection(json, with, now_s);
            return good(found) ? std::string("good") : std::string(text(std::get<TokenFault>(found)));
        };
        CHECK(verdict_of(answer("")) == "good");
        CHECK(verdict_of(R"({"active":false})") == text(TokenFault::inactive));
        CHECK(verdict_of(R"({"active":"true","scope":"user/Patient.rs","client_id":"a","exp":1900000000})") ==
              text(TokenFault::inactive));
        CHECK(verdict_of("no json") == text(TokenFault::inactive));
        CHECK(verdict_of(answer(R"(,"iss":"https://other.example")")) == text(TokenFault::issuer));
        CHECK(verdict_of(answer(R"(,"aud":"https://other.example")")) == text(TokenFault::audience));
        CHECK(verdict_of(R"({"active":true,"scope":"user/Patient.rs","client_id":"a","exp":1799999000})") ==
              text(TokenFault::time));
        CHECK(verdict_of(R"({"active":true,"client_id":"a","exp":1900000000})") == text(TokenFault::scope));
        server.answer = {503, {}, answer(""), -1};
        CHECK_FALSE(good(issuer.find_blocking("another token")));
        server.answer = {200, {}, answer(""), -1};
        CHECK_FALSE(good(issuer.find_blocking("another token")));  // remembered for a moment
        clock.at_us += 11'000'000;
        CHECK(good(issuer.find_blocking("another token")));
    }
}

TEST_SUITE("gateway/security/throttle") {
    TEST_CASE("a burst, then the rate, for each client alone") {
        StandingClock clock;
        Throttle throttle(clock, 10, 20);
        for (int i = 0; i < 20; ++i) CHECK(throttle.take("a") == 0);
        CHECK(throttle.take("a") == 1);
        CHECK(throttle.take("b") == 0);
        clock.at_us += 500'000;
        for (int i = 0; i < 5; ++i) CHECK(throttle.take("a") == 0);
        CHECK(throttle.take("a") == 1);
        CHECK(throttle.take("a", 1000) == 2);  // never more than the bucket holds: it can be waited for
        clock.at_us += std::int64_t{3600} * 1'000'000;
        CHECK(throttle.take("a", 20) == 0);
        CHECK(throttle.take("a") == 1);
    }

    TEST_CASE("no limit, and a client's own") {
        StandingClock clock;
        Throttle throttle(clock, 0, 1);
        for (int i = 0; i < 1000; ++i) CHECK(throttle.take("a") == 0);
        for (int i = 0; i < 3; ++i) CHECK(throttle.take("slow", 1, 3) == 0);
        CHECK(throttle.take("slow", 1, 3) == 1);
    }

    TEST_CASE("a flood of names does not grow without end") {
        StandingClock clock;
        Throttle throttle(clock, 1, 1);
        for (std::size_t i = 0; i < 3 * Throttle::clients_max; ++i) {
            clock.at_us += 10;
            throttle.take("client " + std::to_string(i));
        }
        CHECK(throttle.take("one more") == 0);
    }
}

TEST_SUITE("gateway/security/role") {
    TEST_CASE("each role gives its right and no other") {
        struct Row {
            std::string_view role;
            Interaction interaction;
            std::string_view operation;
        };
        const Row needs[] = {{"metadata", Interaction::admin_read, "metadata"},
                             {"content", Interaction::admin_read, "content"},
                             {"replay", Interaction::admin_write, "replay"},
                             {"identities", Interaction::admin_write, "identities"},
                             {"configure", Interaction::admin_write, "configure"},
                             {"audit", Interaction::audit_read, "search"}};
        for (const auto& role : needs)
            for (const auto& need : needs) {
                CAPTURE(role.role);
                CAPTURE(need.role);
                const auto decision = decide(*rights_of_role(role.role), {need.interaction, {}, {}, need.operation});
                CHECK(decision.allowed == (role.role == need.role));
            }
        CHECK_FALSE(rights_of_role("root"));
        CHECK_FALSE(decide(*rights_of_role("admin"), {Interaction::read, "Patient", "1", {}}).allowed);
        CHECK(decide(*rights_of_role("content"), {Interaction::read, "Patient", "1", {}}).allowed);
        CHECK_FALSE(decide(*rights_of_role("content"), {Interaction::update, "Patient", "1", {}}).allowed);
        CHECK_FALSE(decide(*rights_of_role("content"), {Interaction::operation, "Patient", "1", "merge"}).allowed);
        CHECK(decide(all_rights, {Interaction::update, "Patient", "1", {}}).allowed);
    }
}
