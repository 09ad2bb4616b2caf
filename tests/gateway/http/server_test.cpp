#include "tests/gateway/http/client.hpp"

#include <doctest/doctest.h>

#include "gateway/http/compression.hpp"
#include "gateway/http/router.hpp"

using namespace causeway;
using tests::eventually;
using tests::RawClient;
using tests::RunningServer;

namespace {

/// Answers with what it got. "/later" answers from another thread, "/never" drops the reply, "/big" has many pieces.
class Echo : public tests::ThreadedHandler {
public:
    void join() override {
        for (auto& thread : threads_) thread.join();
    }
    std::size_t under_way() {
        const std::lock_guard lock(mutex_);
        return threads_.size();
    }
    std::optional<http::Response> screen(http::Request& head) override {
        if (head.path() == "/no") return http::outcome_response(403, "forbidden", "No");
        return std::nullopt;
    }
    void handle(http::Request request, http::Reply reply) override {
        if (request.path() == "/never") return;
        if (request.path() == "/later" || request.path() == "/slow") {
            const auto wait = std::chrono::milliseconds(request.path() == "/slow" ? 1000 : 20);
            const std::lock_guard lock(mutex_);
            threads_.emplace_back([request = std::move(request), reply, wait] {
                std::this_thread::sleep_for(wait);
                reply(answer(request));
            });
            return;
        }
        reply(answer(request));
    }

private:
    static http::Response answer(const http::Request& request) {
        http::Response response;
        response.headers.add("Content-Type", "text/plain");
        if (request.path() == "/big")
            for (int i = 0; i < 2000; ++i) response.body.append(std::string(1000, static_cast<char>('a' + i % 26)));
        response.body.append(std::string(http::to_string(request.method)) + " " + request.target + " ");
        response.body.append(request.body);
        if (request.path() == "/split") response.headers.add("X-Bad", "a\r\nX-Evil: b");
        return response;
    }
    std::mutex mutex_;
    std::vector<std::thread> threads_;
};

}  // namespace

TEST_SUITE("gateway/http/server") {
    TEST_CASE("answers, keeps the connection, and adds the fields every answer has") {
        Echo echo;
        RunningServer running(echo);
        RawClient client(running.port());
        for (int i = 0; i < 3; ++i) {
            const auto answer = client.ask("GET /a?b=c HTTP/1.1\r\nHost: x\r\nX-Request-Id: mine\r\n\r\n");
            CHECK(answer.status == 200);
            CHECK(answer.body == "GET /a?b=c ");
            CHECK(answer.header("Date").ends_with("GMT"));
            CHECK_FALSE(answer.header("X-Request-Id").empty());
            CHECK(answer.header("X-Request-Id") != "mine");
            CHECK(answer.header("X-Correlation-Id") == "mine");
            CHECK(answer.header("Connection").empty());
        }
        CHECK(running.server().connections() == 1);
    }

    TEST_CASE("pipelined requests are answered in order, whatever thread answers") {
        Echo echo;
        RunningServer running(echo);
        RawClient client(running.port());
        std::string batch;
        for (int i = 0; i < 50; ++i) {
            const std::string body = "body" + std::to_string(i);
            batch += std::string("POST /") + (i % 3 == 0 ? "later" : "now") +
                     " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
        }
        client.send(batch);
        for (int i = 0; i < 50; ++i) {
            const auto answer = client.receive();
            REQUIRE(answer.status == 200);
            CHECK(answer.body.ends_with(" body" + std::to_string(i)));
        }
    }

    TEST_CASE("a request in single bytes is the same request") {
        Echo echo;
        RunningServer running(echo);
        RawClient client(running.port());
        for (const char c : std::string("POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
                                        "chunked\r\n\r\n3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nTrail: 1\r\n\r\n"))
            REQUIRE(client.send({&c, 1}));
        const auto answer = client.receive();
        CHECK(answer.status == 200);
        CHECK(answer.body == "POST /x abcde");
        CHECK(client.ask("GET /next HTTP/1.1\r\nHost: x\r\n\r\n").body == "GET /next ");
    }

    TEST_CASE("HEAD has the fields of GET and no body") {
        Echo echo;
        RunningServer running(echo);
        RawClient client(running.port());
        client.send("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n");
        const auto head = client.receive(true);
        CHECK(head.status == 200);
        CHECK(head.header("Content-Length") == "8");
        CHECK(client.receive().body == "GET /b ");
    }

    TEST_CASE("Connection: close and HTTP/1.0 end the connection after the answer") {
        Echo echo;
        RunningServer running(echo);
        for (const char* request :
             {"GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "GET /a HTTP/1.0\r\n\r\n"}) {
            RawClient client(running.port());
            const auto answer = client.ask(request);
            CHECK(answer.status == 200);
            CHECK(answer.header("Connection") == "close");
            CHECK(client.closed());
        }
    }

    TEST_CASE("Expect: 100-continue is answered before the body, and not when the header is refused") {
        Echo echo;
        RunningServer running(echo);
        RawClient client(running.port());
        const auto go = client.ask("PUT /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
        CHECK(go.status == 100);
        CHECK(client.ask("abc").body == "PUT /x abc");
        CHECK(client.ask("PUT /no HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n").status ==
              403);
        CHECK(client.closed());
    }

    TEST_CASE("a screened request without a body keeps the connection") {
        Echo echo;
        RunningServer running(echo);
        RawClient client(running.port());
        CHECK(client.ask("GET /no HTTP/1.1\r\nHost: x\r\n\r\n").status == 403);
        CHECK(client.ask("GET /a HTTP/1.1\r\nHost: x\r\n\r\n").status == 200);
    }

    TEST_CASE("a reply that is dropped becomes a 500") {
        Echo echo;
        RunningServer running(echo);
        RawClient client(running.port());
        CHECK(client.ask("GET /never HTTP/1.1\r\nHost: x\r\n\r\n").status == 500);
        CHECK(client.ask("GET /a HTTP/1.1\r\nHost: x\r\n\r\n").status == 200);
    }

    TEST_CASE("an answer of many pieces arrives whole, also at a slow reader") {
        Echo echo;
        RunningServer running(echo);
        RawClient client(running.port());
        client.send("GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        const auto answer = client.receive();
        REQUIRE(answer.body.size() == 2'000'000 + std::string("GET /big ").size());
        for (std::size_t i = 0; i < 2000; ++i) REQUIRE(answer.body[i * 1000 + 500] == static_cast<char>('a' + i % 26));
    }

    TEST_CASE("gzip both ways") {
        Echo echo;
        RunningServer running(echo);
        RawClient client(running.port());
        const std::string body = *http::gzip(http::Body(std::string(5000, 'z')));
        const auto answer = client.ask(
            "POST /g HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nAccept-Encoding: gzip\r\nContent-Length: " +
            std::to_string(body.size()) + "\r\n\r\n" + body);
        CHECK(answer.status == 200);
        CHECK(answer.header("Content-Encoding") == "gzip");
        std::string plain;
        REQUIRE(http::gunzip(answer.body, 100'000, 1000, plain) == http::GunzipError::none);
        CHECK(plain == "POST /g " + std::string(5000, 'z'));
    }

    TEST_CASE("no value can write a second header field") {
        Echo echo;
        RunningServer running(echo);
        RawClient client(running.port());
        const auto answer = client.ask("GET /split HTTP/1.1\r\nHost: x\r\n\r\n");
        CHECK(answer.status == 200);
        CHECK(answer.head.find("X-Evil") == std::string::npos);
    }

    TEST_CASE("a drain lets the running request finish, closes idle connections and accepts nothing more") {
        Echo echo;
        RunningServer running(echo);
        RawClient busy(running.port()), idle(running.port());
        CHECK(idle.ask("GET /a HTTP/1.1\r\nHost: x\r\n\r\n").status == 200);
        busy.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
        REQUIRE(eventually([&] { return echo.under_way() == 1; }));
        std::atomic<bool> stopped = false;
        running.server().stop([&] { stopped = true; });
        CHECK(idle.closed());
        CHECK_FALSE(stopped);
        const auto answer = busy.receive();
        CHECK(answer.status == 200);
        CHECK(answer.header("Connection") == "close");
        CHECK(busy.closed());
        CHECK(eventually([&] { return stopped.load(); }));
        CHECK_THROWS(RawClient(running.port()));
    }

    TEST_CASE("a drain cancels what is not done in its time") {
        Echo echo;
        http::Server::Options options;
        options.limits.drain_time = std::chrono::milliseconds(50);
        RunningServer running(echo, options);
        RawClient half(running.port());
        half.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
        CHECK(eventually([&] { return running.server().connections() == 1; }));
        std::atomic<bool> stopped = false;
        running.server().stop([&] { stopped = true; });
        CHECK(half.closed());
        CHECK(eventually([&] { return stopped.load(); }));
    }

    TEST_CASE("only loopback is served in plain text, unless the configuration says otherwise") {
        boost::asio::io_context io;
        Echo echo;
        http::Server server(io, echo, {});
        CHECK(server.listen("0.0.0.0", 0).has_error());
        CHECK(server.listen("::", 0).has_error());
        CHECK(server.listen("not an address", 0).has_error());
        http::Server::Options remote;
        remote.allow_plaintext = true;
        http::Server open(io, echo, remote);
        CHECK(open.listen("0.0.0.0", 0).has_value());
        CHECK(server.listen("127.0.0.1", open.listen("127.0.0.1", 0).value()).has_error());
    }

    TEST_CASE("the router sends each path to the longest mount that leads it") {
        struct Named : http::Handler {
            explicit Named(std::string n) : name(std::move(n)) {}
            void handle(http::Request, http::Reply reply) override {
                http::Response response;
                response.body.append(name);
                reply(std::move(response));
            }
            std::string name;
        } fhir("fhir"), health("health"), live("live");
        http::Router router;
        router.mount("/fhir", fhir);
        router.mount("/health", health);
        router.mount("/health/live", live);
        RunningServer running(router);
        RawClient client(running.port());
        const auto get = [&](const std::string& path) {
            return client.ask("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
        };
        CHECK(get("/fhir").body == "fhir");
        CHECK(get("/fhir?x=/health").body == "fhir");
        CHECK(get("/fhir/Patient/1").body == "fhir");
        CHECK(get("/health/live").body == "live");
        CHECK(get("/health/ready").body == "health");
        CHECK(get("/fhirx").status == 404);
        CHECK(get("/").status == 404);
    }
}
