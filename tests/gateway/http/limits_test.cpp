#include "tests/gateway/http/client.hpp"

#include <doctest/doctest.h>

#include "gateway/http/compression.hpp"

using namespace causeway;
using tests::eventually;
using tests::RawClient;
using tests::RunningServer;

namespace {

struct Length : http::Handler {
    void handle(http::Request request, http::Reply reply) override {
        http::Response response;
        response.body.append(std::to_string(request.body.size()));
        if (request.path() == "/huge") response.body.append(std::string(64 * 1024 * 1024, 'x'));
        reply(std::move(response));
    }
};

http::Server::Options small() {
    http::Server::Options options;
    options.limits.header_bytes_max = 1024;
    options.limits.header_fields_max = 10;
    options.limits.body_bytes_max = 10'000;
    options.limits.header_time = std::chrono::milliseconds(500);
    options.limits.body_time = std::chrono::milliseconds(500);
    options.limits.idle_time = std::chrono::milliseconds(500);
    options.limits.write_time = std::chrono::milliseconds(500);
    return options;
}

std::string post(std::size_t size) {
    return "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" +
           std::string(size, 'b');
}

/// A GET whose request line and fields have exactly this many bytes.
std::string get_of(std::size_t bytes) {
    const std::string start = "GET /a HTTP/1.1\r\nHost: x\r\nX: ", end = "\r\n\r\n";
    return start + std::string(bytes - start.size() - end.size(), 'h') + end;
}

}  // namespace

TEST_SUITE("gateway/http/limits") {
    TEST_CASE("header bytes: at the limit, one over, far over, and in small pieces") {
        Length handler;
        RunningServer running(handler, small());
        CHECK(RawClient(running.port()).ask(get_of(1024)).status == 200);
        CHECK(RawClient(running.port()).ask(get_of(1025)).status == 431);
        const auto far_over = RawClient(running.port()).ask(get_of(60'000));
        CHECK(far_over.status == 431);
        CHECK(far_over.body.find("\"too-long\"") != std::string::npos);
        CHECK(far_over.body.find("OperationOutcome") != std::string::npos);
        RawClient drip(running.port());
        drip.send("GET /a HTTP/1.1\r\nHost: x\r\n");
        bool open = true;
        for (int i = 0; open && i < 100; ++i)
            open = drip.send("A" + std::to_string(i) + ": 0123456789012345678901234567890123456789\r\n");
        CHECK(drip.receive().status == 431);
    }

    TEST_CASE("header fields: at the limit and one over") {
        Length handler;
        RunningServer running(handler, small());
        std::string fields = "GET /a HTTP/1.1\r\nHost: x\r\n";
        for (int i = 0; i < 9; ++i) fields += "A: b\r\n";
        CHECK(RawClient(running.port()).ask(fields + "\r\n").status == 200);
        CHECK(RawClient(running.port()).ask(fields + "A: b\r\n\r\n").status == 431);
    }

    TEST_CASE("body bytes: announced, chunked and compressed, at the limit and one over") {
        Length handler;
        RunningServer running(handler, small());
        CHECK(RawClient(running.port()).ask(post(10'000)).body == "10000");
        const auto over = RawClient(running.port()).ask(post(10'001));
        CHECK(over.status == 413);
        CHECK(over.header("Connection") == "close");
        CHECK(over.body.find("\"too-long\"") != std::string::npos);
        // Refused from the announcement alone, before a byte of the body.
        CHECK(RawClient(running.port())
                  .ask("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n")
                  .status == 413);
        CHECK(RawClient(running.port())
                  .ask("POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 10001\r\n\r\n")
                  .status == 413);
        const auto chunked = [](std::size_t last) {
            std::string bytes = "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
            for (int i = 0; i < 9; ++i) bytes += "3e8\r\n" + std::string(1000, 'c') + "\r\n";
            char size[16];
            const auto end = std::to_chars(size, size + 16, last, 16).ptr;
            return bytes + std::string(size, end) + "\r\n" + std::string(last, 'c') + "\r\n0\r\n\r\n";
        };
        CHECK(RawClient(running.port()).ask(chunked(1000)).body == "10000");
        CHECK(RawClient(running.port()).ask(chunked(1001)).status == 413);
        for (const std::size_t size : {10'000u, 10'001u}) {
            const std::string body = *http::gzip(http::Body(std::string(size, 'd')));
            const auto answer = RawClient(running.port())
                                    .ask("POST /a HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: " +
                                         std::to_string(body.size()) + "\r\n\r\n" + body);
            CHECK(answer.status == (size == 10'000u ? 200 : 413));
        }
    }

    TEST_CASE("an endless chunk header does not grow a buffer") {
        Length handler;
        RunningServer running(handler, small());
        RawClient client(running.port());
        client.send("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;");
        bool open = true;
        for (int i = 0; open && i < 200; ++i) open = client.send(std::string(1000, 'e'));
        CHECK(client.receive().status == 400);
    }

    TEST_CASE("times: a slow header, a slow body and an idle connection") {
        Length handler;
        RunningServer running(handler, small());
        RawClient header(running.port()), body(running.port()), silent(running.port()), idle(running.port());
        header.send("GET /a HT");
        body.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nab");
        CHECK(idle.ask("GET /a HTTP/1.1\r\nHost: x\r\n\r\n").status == 200);
        const auto late_header = header.receive();
        CHECK(late_header.status == 408);
        CHECK(late_header.body.find("\"timeout\"") != std::string::npos);
        CHECK(body.receive().status == 408);
        CHECK(silent.closed());
        CHECK(idle.closed());
    }

    TEST_CASE("a header that trickles does not earn time with each byte") {
        Length handler;
        RunningServer running(handler, small());
        RawClient client(running.port());
        const auto start = std::chrono::steady_clock::now();
        bool open = client.send("GET /a HTTP/1.1\r\n");
        for (int i = 0; open && i < 50; ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
            open = client.send("A");
            if (std::chrono::steady_clock::now() - start > std::chrono::milliseconds(1200)) break;
        }
        CHECK(client.receive().status == 408);
        CHECK(std::chrono::steady_clock::now() - start < std::chrono::milliseconds(2500));
    }

    TEST_CASE("a reader that does not read is dropped") {
        Length handler;
        RunningServer running(handler, small());
        RawClient client(running.port());
        client.send("GET /huge HTTP/1.1\r\nHost: x\r\n\r\n");
        CHECK(eventually([&] { return running.server().connections() == 1; }));
        CHECK(eventually([&] { return running.server().connections() == 0; }));
    }

    TEST_CASE("connections: what is over the limit waits until one ends") {
        Length handler;
        auto options = small();
        options.limits.connections_max = 2;
        options.limits.header_time = options.limits.idle_time = std::chrono::milliseconds(5000);
        RunningServer running(handler, options);
        auto first = std::make_unique<RawClient>(running.port());
        RawClient second(running.port());
        CHECK(first->ask("GET /a HTTP/1.1\r\nHost: x\r\n\r\n").status == 200);
        CHECK(second.ask("GET /a HTTP/1.1\r\nHost: x\r\n\r\n").status == 200);
        RawClient third(running.port());
        third.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        CHECK(running.server().connections() == 2);
        first.reset();
        CHECK(third.receive().status == 200);
    }

    TEST_CASE("memory of large bodies together is bounded; small ones have a reserve") {
        Length handler;
        auto options = small();
        options.limits.body_bytes_max = 1'000'000;
        options.limits.memory_bytes_max = 1'000'000;  // a quarter of it for bodies
        options.limits.memory_wait = std::chrono::milliseconds(100);
        options.limits.header_time = options.limits.body_time = options.limits.idle_time =
            std::chrono::milliseconds(60'000);
        RunningServer running(handler, options);
        RawClient half(running.port());
        half.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n" + std::string(190'000, 'a'));
        REQUIRE(eventually([&] { return running.server().memory_held() == 190'000; }));
        const auto answer = RawClient(running.port()).ask(post(200'000));
        CHECK(answer.status == 503);
        CHECK(answer.header("Retry-After") == "1");
        CHECK(RawClient(running.port()).ask(post(60'000)).status == 200);
        CHECK(half.ask(std::string(10'000, 'a')).status == 200);
        CHECK(eventually([&] { return RawClient(running.port()).ask(post(200'000)).status == 200; }));
        // What is larger than the part is let in alone, packed too.
        CHECK(RawClient(running.port()).ask(post(900'000)).body == "900000");
        std::string noise(900'000, '\0');
        std::uint32_t state = 1;
        for (char& c : noise) c = static_cast<char>('a' + ((state = state * 1'664'525u + 1'013'904'223u) >> 28));
        const std::string packed = *http::gzip(http::Body(std::move(noise)));
        CHECK(RawClient(running.port())
                  .ask("POST /a HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: " +
                       std::to_string(packed.size()) + "\r\n\r\n" + packed)
                  .body == "900000");
        CHECK(eventually([&] { return running.server().memory_held() == 0; }));
    }

    TEST_CASE("a gzip member that is larger than it says is refused") {
        Length handler;
        RunningServer running(handler, small());
        std::string packed = *http::gzip(http::Body(std::string(9'000, 'd')));
        packed[packed.size() - 4] = 100;
        packed[packed.size() - 3] = packed[packed.size() - 2] = packed[packed.size() - 1] = 0;
        CHECK(RawClient(running.port())
                  .ask("POST /a HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: " +
                       std::to_string(packed.size()) + "\r\n\r\n" + packed)
                  .status == 400);
    }

    TEST_CASE("large answers that nobody takes keep others out for a while, small ones not") {
        Length handler;
        auto options = small();
        options.limits.memory_bytes_max = 1'000'000;
        options.limits.memory_wait = std::chrono::milliseconds(50);
        options.limits.write_time = std::chrono::milliseconds(60'000);
        RunningServer running(handler, options);
        const std::string huge = "GET /huge HTTP/1.1\r\nHost: x\r\n\r\n";
        auto slow = std::make_unique<RawClient>(running.port());
        slow->send(huge);
        CHECK(eventually([&] { return running.server().memory_held() > 0; }));
        const auto refused = RawClient(running.port()).ask(huge);
        CHECK(refused.status == 503);
        CHECK(refused.header("Retry-After") == "1");
        CHECK(RawClient(running.port()).ask("GET /a HTTP/1.1\r\nHost: x\r\n\r\n").status == 200);
        slow.reset();
        CHECK(eventually([&] { return running.server().memory_held() == 0; }));
        CHECK(RawClient(running.port()).ask(huge).body.size() > 60'000'000);
    }

    TEST_CASE("nothing that two servers could read differently is accepted") {
        Length handler;
        RunningServer running(handler, small());
        struct Row {
            std::string what;
            std::string bytes;
        };
        const std::string line = "POST /a HTTP/1.1\r\nHost: x\r\n";
        for (const auto& row : {
                 Row{"length and coding", line + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
                 Row{"coding and length", line + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"},
                 Row{"two equal lengths", line + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"},
                 Row{"a list of lengths", line + "Content-Length: 3, 3\r\n\r\nabc"},
                 Row{"two different lengths", line + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"},
                 Row{"a signed length", line + "Content-Length: +3\r\n\r\nabc"},
                 Row{"another coding", line + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
                 Row{"identity", line + "Transfer-Encoding: identity\r\n\r\n"},
                 Row{"coding twice",
                     line + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
                 Row{"a bare line feed in a field", "GET /a HTTP/1.1\r\nHost: x\nA: b\r\n\r\n"},
                 Row{"a folded line", "GET /a HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n"},
                 Row{"a blank before the colon", "GET /a HTTP/1.1\r\nHost : x\r\n\r\n"},
                 Row{"no Host", "GET /a HTTP/1.1\r\n\r\n"},
                 Row{"two Hosts", "GET /a HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"},
                 Row{"coding in HTTP/1.0", "POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
                 Row{"a bad chunk size", line + "Transfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n0\r\n\r\n"},
                 Row{"a target that is no path", "GET a HTTP/1.1\r\nHost: x\r\n\r\n"},
                 Row{"a NUL in a value", std::string("GET /a HTTP/1.1\r\nHost: x\r\nA: b") + '\0' + "\r\n\r\n"},
             }) {
            CAPTURE(row.what);
            RawClient client(running.port());
            client.send(row.bytes);
            CHECK(client.receive().status == 400);
            CHECK(client.closed());
        }
        CHECK(RawClient(running.port()).ask("GET /a HTTP/1.1\nHost: x\n\n").status == 505);
        CHECK(RawClient(running.port()).ask("GET /a HTTP/3.0\r\nHost: x\r\n\r\n").status == 505);
        CHECK(RawClient(running.port()).ask("GET /a HTTP/1.1\r\nHost: x\r\nExpect: magic\r\n\r\n").status == 417);
    }
}
