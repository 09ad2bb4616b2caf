#include "gateway/http/web_socket.hpp"

#include <doctest/doctest.h>

#include "gateway/http/message.hpp"

using namespace causeway;
using Kind = http::WebSocketDecoder::Kind;

namespace {

/// A frame as a client sends it: masked.
std::string masked(std::uint8_t first, std::string_view payload) {
    constexpr std::string_view mask = "\x11\x22\x33\x44";
    std::string out(1, static_cast<char>(first));
    if (payload.size() < 126) {
        out += static_cast<char>(0x80 | payload.size());
    } else {
        out += static_cast<char>(0x80 | 126);
        out += static_cast<char>(payload.size() >> 8);
        out += static_cast<char>(payload.size() & 0xff);
    }
    out += mask;
    for (std::size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(payload[i] ^ mask[i % 4]);
    return out;
}

class Nobody final : public http::WebSocketUser {
public:
    void opened(const std::shared_ptr<http::WebSocket>&) override {}
    void received(std::string) override {}
    void ended() noexcept override {}
};

http::Request upgrade() {
    http::Request request;
    request.headers.add("Upgrade", "WebSocket");
    request.headers.add("Connection", "keep-alive, Upgrade");
    request.headers.add("Sec-WebSocket-Version", "13");
    request.headers.add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    return request;
}

}  // namespace

TEST_SUITE("gateway/http/web_socket") {
    TEST_CASE("messages come whole, whatever pieces the bytes come in") {
        const std::string bytes = masked(0x81, "bind s1") + masked(0x89, "hey") + masked(0x01, "one ") +
                                  masked(0x8a, "") + masked(0x80, "message") + masked(0x81, std::string(300, 'x')) +
                                  masked(0x88, "\x03\xe8");
        for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
            http::WebSocketDecoder decoder(1024);
            std::vector<http::WebSocketDecoder::Message> got;
            for (std::size_t at = 0; at < bytes.size(); at += piece)
                REQUIRE(decoder.feed(std::string_view(bytes).substr(at, piece), got));
            REQUIRE(got.size() == 6);
            CHECK(got[0].bytes == "bind s1");
            CHECK(got[1].kind == Kind::ping);
            CHECK(got[2].kind == Kind::pong);
            CHECK(got[3].kind == Kind::text);
            CHECK(got[3].bytes == "one message");
            CHECK(got[4].bytes.size() == 300);
            CHECK(got[5].kind == Kind::close);
        }
    }

    TEST_CASE("what breaks the protocol is told by its code, and nothing is read after it") {
        struct Row {
            std::string bytes;
            std::uint16_t code;
        };
        for (const auto& row :
             {Row{http::web_socket_frame(1, "not masked"), 1002}, Row{masked(0xc1, "a reserved bit"), 1002},
              Row{masked(0x83, "no such opcode"), 1002}, Row{masked(0x80, "continues nothing"), 1002},
              Row{masked(0x01, "begun") + masked(0x81, "begun again"), 1002},
              Row{masked(0x09, "a ping in parts"), 1002}, Row{masked(0x8b, "no such control"), 1002},
              Row{masked(0x81, std::string(1025, 'x')), 1009},
              Row{masked(0x01, std::string(1000, 'x')) + masked(0x80, std::string(25, 'x')), 1009}}) {
            http::WebSocketDecoder decoder(1024);
            std::vector<http::WebSocketDecoder::Message> got;
            CHECK_FALSE(decoder.feed(row.bytes, got));
            CHECK(decoder.close_code() == row.code);
            CHECK_FALSE(decoder.feed(masked(0x81, "more"), got));
            CHECK(got.empty());
        }
    }

    TEST_CASE("frames have the shortest length that holds their size") {
        CHECK(http::web_socket_frame(1, "ab") == std::string("\x81\x02"
                                                             "ab"));
        CHECK(http::web_socket_frame(9, "") == std::string("\x89\x00", 2));
        CHECK(http::web_socket_frame(1, std::string(126, 'x')).substr(0, 4) == std::string("\x81\x7e\x00\x7e", 4));
        CHECK(http::web_socket_frame(1, std::string(65536, 'x')).substr(0, 10) ==
              std::string("\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10));
    }

    TEST_CASE("a handshake is answered as RFC 6455 has it, anything else told what it lacks") {
        const auto user = std::make_shared<Nobody>();
        const auto good = http::accept_web_socket(upgrade(), user);
        CHECK(good.status == 101);
        CHECK(good.headers.get("Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        CHECK(good.upgrade == user);
        auto plain = upgrade();
        plain.headers.remove("Upgrade");
        CHECK(http::accept_web_socket(plain, user).status == 426);
        auto old = upgrade();
        old.headers.set("Sec-WebSocket-Version", "8");
        CHECK(http::accept_web_socket(old, user).headers.get("Sec-WebSocket-Version") == "13");
        auto short_key = upgrade();
        short_key.headers.set("Sec-WebSocket-Key", "abc");
        CHECK(http::accept_web_socket(short_key, user).status == 400);
    }
}
