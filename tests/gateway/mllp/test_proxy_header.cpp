#include <doctest/doctest.h>

#include "gateway/mllp/proxy_header.hpp"

using namespace causeway::mllp;
using State = ProxyHeader::State;

namespace {

std::string v2(unsigned char command, unsigned char family, std::string_view addresses) {
    std::string out("\r\n\r\n\0\r\nQUIT\n", 12);
    out += static_cast<char>(0x20U | command);
    out += static_cast<char>(family);
    out += static_cast<char>(addresses.size() >> 8U);
    out += static_cast<char>(addresses.size() & 0xFFU);
    return out.append(addresses);
}

}  // namespace

TEST_SUITE("gateway/mllp/proxy_header") {
    TEST_CASE("both versions say who connects, however the bytes are cut") {
        struct Row {
            std::string bytes, address;
        };
        const std::string four("\xC0\x00\x02\x07\xC0\x00\x02\x01\xDC\x04\x0A\x0F", 12);
        const std::string six = std::string("\x20\x01\x0d\xb8", 4) + std::string(11, '\0') + '\x07' +
                                std::string(16, '\1') + std::string("\xDC\x04\x0A\x0F", 4);
        for (const auto& row : {
                 Row{"PROXY TCP4 192.0.2.7 192.0.2.1 56324 2575\r\n", "192.0.2.7"},
                 Row{"PROXY TCP6 2001:db8::7 2001:db8::1 56324 2575\r\n", "2001:db8::7"},
                 Row{"PROXY UNKNOWN\r\n", ""},
                 Row{"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", ""},
                 Row{v2(1, 0x11, four), "192.0.2.7"},
                 Row{v2(1, 0x11, four + "\x04\x00\x01x"), "192.0.2.7"},  // what else it may tell is skipped
                 Row{v2(1, 0x21, six), "2001:db8::7"},
                 Row{v2(0, 0x00, ""), ""},
                 Row{v2(1, 0x31, std::string(216, 'x')), ""},
             }) {
            CAPTURE(row.bytes);
            for (std::size_t size = 0; size < row.bytes.size(); ++size)
                CHECK(read_proxy_header(std::string_view(row.bytes).substr(0, size)).state == State::more);
            const auto header = read_proxy_header(row.bytes + "\vMSH|");
            REQUIRE(header.state == State::complete);
            CHECK(header.size == row.bytes.size());
            CHECK(header.address == row.address);
        }
    }

    TEST_CASE("anything else is none") {
        for (const std::string& bytes :
             {std::string("\vMSH|^~\\&|"), std::string("PROXZ "), std::string("PROXY TCP4 192.0.2.7\r\n"),
              std::string("PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n"), std::string("PROXY TCP4 a b 1 2\r\n"),
              std::string("PROXY TCP4 192.0.2.7 192.0.2.1 x 2575\r\n"),
              std::string("PROXY TCP4 192.0.2.7 192.0.2.1 1 2 3\r\n"), "PROXY " + std::string(200, 'x'),
              v2(2, 0x11, std::string(12, 'x')), v2(1, 0x11, "short"), v2(1, 0x21, std::string(12, 'x')),
              v2(1, 0x11, std::string(5000, 'x'))}) {
            CAPTURE(bytes);
            CHECK(read_proxy_header(bytes).state == State::bad);
        }
    }
}
