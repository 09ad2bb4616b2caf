#include "tests/gateway/mllp/fixture.hpp"

using namespace causeway::mllp;
using namespace causeway::mllp::test;
using std::chrono::milliseconds;

namespace {

struct Bench {
    Scripted handler;
    Io io;
    Listener listener;
    std::uint16_t port = 0;

    explicit Bench(ListenerLimits limits = {})
        : listener(io.context, handler, {.name = "test", .limits = limits, .allow_plaintext = false}) {
        const auto bound = listener.listen("127.0.0.1", 0);
        REQUIRE(bound.has_value());
        port = *bound;
    }
    ~Bench() { CHECK(stop_within(listener, milliseconds(5'000))); }
};

}  // namespace

TEST_SUITE("gateway/mllp/listener") {
    TEST_CASE("answers each message on its connection, in order, however the bytes are cut") {
        Bench bench;
        Client client(bench.port);
        client.send_message("one");
        CHECK(client.receive() == "got one");
        client.send("\vtw");
        client.send("o\x1c");
        client.send("\r\vthree\x1c\r\vfour\x1c\r");
        CHECK(client.receive() == "got two");
        CHECK(client.receive() == "got three");
        CHECK(client.receive() == "got four");
    }

    TEST_CASE("release 2 commits each block once it is durable, before its answer") {
        Io io;
        Scripted handler;
        handler.answer = [](const std::string& message) {
            Reply reply{{"got " + message}, false, {}};
            reply.kept = message != "unlucky";
            return reply;
        };
        Listener::Options options;
        options.release = 2;
        Listener listener(io.context, handler, options);
        Client client(*listener.listen("127.0.0.1", 0));
        client.send_message("one");
        CHECK(client.receive() == "\x06");
        CHECK(client.receive() == "got one");
        client.send("\v\x06\x1c\r");  // our answer is committed: nothing to say to that
        client.send_message("unlucky");
        CHECK(client.receive() == "\x15");
        CHECK(client.receive() == "got unlucky");
        CHECK(handler.damaged_frames == 0);
        CHECK(stop_within(listener, std::chrono::milliseconds(5'000)));
    }

    TEST_CASE("messages without frame are taken where they are allowed, answered alike, and what they lack is told") {
        struct Told final : ListenerEvents {
            std::vector<std::string> missing;
            void frame_missing(const SessionInfo&, std::string_view what) override { missing.emplace_back(what); }
        } told;
        Io io;
        Scripted handler;
        handler.answer = [](const std::string& message) {
            return Reply{{"MSA|" + message.substr(9, 1) + "\r"}, false, {}};
        };
        Listener::Options options;
        options.unframed = true;
        options.limits.quiet_time = milliseconds(100);
        Listener listener(io.context, handler, options, &told);
        const auto port = *listener.listen("127.0.0.1", 0);
        {
            Client client(port);
            client.send("MSH|^~\\&|1\rPID");
            client.send("|1\r");  // ends because nothing follows
            CHECK(client.receive_bare(6) == "MSA|1\r");
            client.send("MSH|^~\\&|2\r\nMSH|^~\\&|3\r\n");  // the first ends where the second begins
            CHECK(client.receive_bare(12) == "MSA|2\rMSA|3\r");
            client.send_message("MSH|^~\\&|4\r");  // a frame is answered by a frame, on the same connection
            CHECK(client.receive() == "MSA|4\r");
            client.send("MSH|^~\\&|5\r");
            client.end_of_input();
            CHECK(client.receive_bare(6) == "MSA|5\r");
        }
        Client half(port);
        half.send("MSH|^~\\&|6\r\x1c\r");
        CHECK(half.receive() == "MSA|6\r");
        CHECK(handler.handled == 6);
        CHECK(handler.damaged_frames == 0);
        CHECK(told.missing == std::vector<std::string>{"start and end block", "start block"});
        CHECK(stop_within(listener, milliseconds(5'000)));
    }

    TEST_CASE("without that, a bare message is junk and closes the connection in time") {
        ListenerLimits limits;
        limits.idle_time = milliseconds(200);
        Bench bench(limits);
        Client client(bench.port);
        client.send("MSH|^~\\&|1\r");
        CHECK(client.receive() == "closed");
        CHECK(bench.handler.handled == 0);
    }

    TEST_CASE("behind a proxy the peer is whom the proxy names, and nothing else is served") {
        Io io;
        Scripted handler;
        Listener::Options options;
        options.proxies = {"127.0.0.1"};
        Listener listener(io.context, handler, options);
        const auto port = *listener.listen("127.0.0.1", 0);
        Client client(port);
        client.send("PROXY TCP4 192.0.2.7 192.0");
        client.send(".2.1 56324 2575\r\n\vone\x1c\r");
        CHECK(client.receive() == "got one");
        CHECK(handler.last_address == "192.0.2.7");
        client.send_message("two");
        CHECK(client.receive() == "got two");
        Client check(port);
        check.send(std::string("\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00", 16));
        check.send_message("three");
        CHECK(check.receive() == "got three");
        CHECK(handler.last_address == "127.0.0.1");
        Client stranger(port);
        stranger.send_message("four");
        CHECK(stranger.receive() == "closed");
        CHECK(handler.handled == 3);
        CHECK(stop_within(listener, milliseconds(5'000)));
    }

    TEST_CASE("serves many connections at once") {
        Bench bench;
        std::vector<std::thread> clients;
        std::atomic<int> right = 0;
        for (int i = 0; i < 16; ++i) {
            clients.emplace_back([&, i] {
                Client client(bench.port);
                for (int n = 0; n < 50; ++n) {
                    const auto text = std::to_string(i) + "/" + std::to_string(n);
                    client.send_message(text);
                    right += client.receive() == "got " + text;
                }
            });
        }
        for (auto& client : clients) client.join();
        CHECK(right == 16 * 50);
    }

    TEST_CASE("several answers, an answer without frame, and closing") {
        Bench bench;
        bench.handler.answer = [](const std::string& message) {
            if (message == "two") return Reply{{"CA", "AA"}, false, {}};
            if (message == "none") return Reply{};
            return Reply{{}, true, "\vhalf"};
        };
        Client client(bench.port);
        client.send_message("none");
        client.send_message("two");
        CHECK(client.receive() == "CA");
        CHECK(client.receive() == "AA");
        client.send_message("end");
        CHECK(client.receive() == "closed");
    }

    TEST_CASE("only loopback addresses, unless allowed") {
        Scripted handler;
        Io io;
        Listener listener(io.context, handler, {});
        const auto refused = listener.listen("0.0.0.0", 0);
        REQUIRE(refused.has_error());
        CHECK(refused.error().message ==
              "mllp 0.0.0.0:0: without TLS only loopback addresses are served: set mllp.tls_certificate and "
              "mllp.tls_key, or mllp.allow_plaintext = true");
        CHECK(listener.listen("nowhere", 0).error().message == "mllp nowhere:0: not an IP address");
    }

    TEST_CASE("a message at the size limit is taken; one byte more is answered as damaged and the session goes on") {
        ListenerLimits limits;
        limits.message_bytes_max = 1'000;
        Bench bench(limits);
        Client client(bench.port);
        client.send_message(std::string(1'000, 'x'));
        CHECK(client.receive() == "got " + std::string(1'000, 'x'));
        client.send_message(std::string(1'001, 'x'));
        CHECK(client.receive() == "damaged: the message is larger than the limit");
        client.send_message(std::string(4'000, 'x'));
        CHECK(client.receive() == "damaged: the message is larger than the limit");
        client.send_message("small");
        CHECK(client.receive() == "got small");
        client.send("\v" + std::string(4'000, 'x'));
        CHECK(client.receive() == "damaged: the message is larger than the limit");
        client.send(std::string(5'000, 'x'));  // without end
        CHECK(client.receive() == "closed");
    }

    TEST_CASE("garbage between frames is skipped up to a limit") {
        Bench bench;
        Client client(bench.port);
        client.send("hello\r\n");
        client.send_message("one");
        CHECK(client.receive() == "got one");
        client.send(std::string(8'192, 'x'));
        CHECK(client.receive() == "closed");
    }

    TEST_CASE("a frame that never ends and a connection that never speaks are closed in time") {
        ListenerLimits limits;
        limits.idle_time = milliseconds(300);
        limits.frame_time = milliseconds(300);
        Bench bench(limits);
        const auto began = std::chrono::steady_clock::now();
        Client idle(bench.port), slow(bench.port);
        slow.send("\vMSH");
        std::thread drip([&] {
            try {  // bytes do not move the deadline of a frame
                for (int i = 0; i < 40; ++i) {
                    std::this_thread::sleep_for(milliseconds(50));
                    slow.send("x");
                }
            } catch (const std::exception&) {
            }
        });
        CHECK(idle.receive() == "closed");
        CHECK(slow.receive() == "closed");
        CHECK(std::chrono::steady_clock::now() - began < milliseconds(1'800));
        drip.join();
        CHECK(eventually([&] { return bench.listener.connections() == 0; }));
    }

    TEST_CASE("more connections than the limit wait; none is dropped") {
        ListenerLimits limits;
        limits.connections_max = 2;
        Bench bench(limits);
        auto first = std::make_unique<Client>(bench.port);
        Client second(bench.port);
        first->send_message("1");
        second.send_message("2");
        CHECK(first->receive() == "got 1");
        CHECK(second.receive() == "got 2");
        Client third(bench.port);  // in the backlog
        third.send_message("3");
        std::this_thread::sleep_for(milliseconds(100));
        CHECK(bench.handler.handled == 2);
        first.reset();
        CHECK(third.receive() == "got 3");
    }

    TEST_CASE("stop lets a message in progress be answered and closes idle sessions") {
        Scripted handler;
        handler.pause = milliseconds(300);
        Io io;
        Listener listener(io.context, handler, {});
        const auto port = listener.listen("127.0.0.1", 0);
        REQUIRE(port.has_value());
        Client busy(*port), idle(*port);
        busy.send_message("last words");
        REQUIRE(eventually([&] { return listener.connections() == 2; }));
        std::this_thread::sleep_for(milliseconds(50));
        std::thread stopper([&] { CHECK(stop_within(listener, milliseconds(3'000))); });
        CHECK(idle.receive() == "closed");
        CHECK(handler.handled == 0);
        CHECK(busy.receive() == "got last words");
        CHECK(busy.receive() == "closed");
        stopper.join();
    }

    TEST_CASE("after the drain time what is still running is cut off") {
        Scripted handler;
        handler.pause = milliseconds(1'500);
        Io io;
        ListenerLimits limits;
        limits.drain_time = milliseconds(200);
        Listener listener(io.context, handler, {.name = "test", .limits = limits, .allow_plaintext = false});
        const auto port = listener.listen("127.0.0.1", 0);
        Client client(*port);
        client.send_message("too slow");
        std::this_thread::sleep_for(milliseconds(100));
        std::thread stopper([&] { CHECK(stop_within(listener, milliseconds(5'000))); });
        CHECK(client.receive() == "closed");
        stopper.join();
    }
}
