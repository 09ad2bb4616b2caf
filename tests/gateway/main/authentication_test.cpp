#include "gateway/main/authentication.hpp"

#include <doctest/doctest.h>

#include <boost/asio/system_executor.hpp>
#include <future>

#include "gateway/storage/memory/memory_store.hpp"
#include "tests/gateway/security/signer.hpp"

using namespace causeway;
using namespace causeway::security;

namespace {

constexpr std::string_view token_url = "https://causeway.example/oauth/token";

struct StandingClock final : ops::Clock {
    std::int64_t at_us = std::int64_t{1'800'000'000} * 1'000'000;
    std::int64_t now_us() const override { return at_us; }
    std::int64_t steady_us() const override { return at_us; }
};

struct Nobody final : http::Handler {
    void handle(http::Request, http::Reply) override {}
};

/// A door that wants tokens, and one connection to it.
struct Bench {
    StandingClock clock;
    security::test::Signer signer{security::test::Signer::Kind::p384, "k1"};
    std::unique_ptr<storage::Store> store =
        storage::make_memory_store({.now_us = [this] { return clock.at_us; }, .fault = {}});
    TokenService tokens{*store, clock, settings()};
    ExternalIssuer issuer{{}, {}, clock};
    Throttle throttle{clock, 0, 0};
    ReadAudit reads{*store};
    Identities identities{tokens, issuer, throttle, reads, clock, boost::asio::system_executor(), true, false, {}};
    Nobody nobody;
    Authentication door{nobody, identities};
    std::shared_ptr<const http::Peer> peer = std::make_shared<const http::Peer>(http::Peer{"127.0.0.1", true, false});
    int used = 0;

    TokenService::Settings settings() const {
        TokenService::Settings out;
        out.token_url = token_url;
        auto keys = parse_key_set(signer.key_set());
        Client emr;
        emr.registered = {"emr", std::get<std::vector<JsonWebKey>>(std::move(keys)), {}};
        emr.scopes = std::get<std::vector<Scope>>(parse_scopes("system/*.rs"));
        out.clients.emplace("emr", std::move(emr));
        Client monitor;
        monitor.registered.id = "monitor";
        monitor.api_key_digest = sha256("a key of the monitor");
        out.clients.emplace("monitor", std::move(monitor));
        Operator ada;
        ada.api_key_digest = sha256("a key of ada");
        ada.rights = 3;
        out.operators.emplace("ada", std::move(ada));
        return out;
    }
    std::string ask(void (TokenService::*verb)(std::string_view, const std::string&, TokenService::Done),
                    const std::string& more) {
        const auto claims = R"({"iss":"emr","sub":"emr","aud":")" + std::string(token_url) + R"(","exp":)" +
                            std::to_string(clock.at_us / 1'000'000 + 200) + R"(,"jti":")" + std::to_string(++used) +
                            "\"}";
        std::promise<std::string> promise;
        (tokens.*verb)(
            "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&"
            "client_assertion=" +
                signer.token(claims) + "&" + more,
            "127.0.0.1", [&](const TokenService::Answer& answer) { promise.set_value(answer.body); });
        return promise.get_future().get();
    }
    std::string token() {
        const auto body = ask(&TokenService::issue, "grant_type=client_credentials&scope=system%2FPatient.rs");
        const auto at = body.find("\"access_token\":\"") + 16;
        return body.substr(at, body.find('"', at) - at);
    }
    /// Who the door finds behind a request of the connection; the status where it refuses.
    std::string who(const std::string& bearer) {
        http::Request request;
        request.target = "/fhir/Patient/1";
        request.peer = peer;
        request.headers.add("Authorization", "Bearer " + bearer);
        if (const auto refused = door.screen(request)) return std::to_string(refused->status);
        return request.principal ? request.principal->id : "nobody";
    }
};

}  // namespace

TEST_SUITE("gateway/main/authentication") {
    TEST_CASE("what a connection has shown is not looked up again, and each request is who its own token says") {
        Bench bench;
        const auto token = bench.token();
        CHECK(bench.who(token) == "emr");
        const auto first = bench.peer->shown.principal;
        CHECK(bench.who(token) == "emr");
        CHECK(bench.peer->shown.principal == first);
        CHECK(bench.who("a key of the monitor") == "monitor");
        CHECK(bench.who("a key of ada") == "ada");
        CHECK(bench.who(token) == "emr");
        auto other = token;
        other.back() = other.back() == 'A' ? 'B' : 'A';
        CHECK(bench.who(other) == "401");
        CHECK(bench.who(token.substr(1)) == "401");
        CHECK(bench.who(token + "A") == "401");
        CHECK(bench.who(token) == "emr");
    }

    TEST_CASE("a token that was revoked is refused on the connection that showed it") {
        Bench bench;
        const auto token = bench.token();
        REQUIRE(bench.who(token) == "emr");
        REQUIRE(bench.ask(&TokenService::revoke, "token=" + token) == "{}");
        CHECK(bench.who(token) == "401");
        CHECK(bench.who(token) == "401");
        CHECK(bench.who("a key of the monitor") == "monitor");
    }

    TEST_CASE("a token that has ended is refused on the connection that showed it") {
        Bench bench;
        const auto token = bench.token();
        bench.clock.at_us += (TokenService::life_s - 1) * 1'000'000;
        CHECK(bench.who(token) == "emr");
        bench.clock.at_us += 1'000'000;
        CHECK(bench.who(token) == "401");
    }
}
