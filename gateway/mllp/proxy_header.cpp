#include "gateway/mllp/proxy_header.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>

namespace causeway::mllp {
namespace {

namespace ip = boost::asio::ip;
using State = ProxyHeader::State;

constexpr std::string_view v1_begin = "PROXY ";
constexpr std::size_t v1_bytes_max = 107;
constexpr std::string_view v2_begin{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::size_t v2_fixed = 16;

std::string_view next_word(std::string_view& text) noexcept {
    const auto end = std::min(text.find(' '), text.size());
    const auto word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return word;
}

bool is_port(std::string_view text) noexcept {
    return !text.empty() && text.size() <= 5 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// `PROXY TCP4 192.0.2.7 192.0.2.1 56324 2575` CR LF
ProxyHeader read_v1(std::string_view bytes) {
    const auto end = bytes.substr(0, v1_bytes_max).find("\r\n");
    if (end == std::string_view::npos) return {bytes.size() < v1_bytes_max ? State::more : State::bad};
    std::string_view line = bytes.substr(v1_begin.size(), end - v1_begin.size());
    const auto family = next_word(line);
    if (family == "UNKNOWN") return {State::complete, end + 2};
    const std::string source(next_word(line)), target(next_word(line));
    const auto source_port = next_word(line), target_port = next_word(line);
    boost::system::error_code error, target_error;
    const auto address = ip::make_address(source, error);
    const auto to = ip::make_address(target, target_error);
    const bool right = family == "TCP4" ? address.is_v4() && to.is_v4() : family == "TCP6" && address.is_v6();
    if (error || target_error || !right || !is_port(source_port) || !is_port(target_port) || !line.empty())
        return {State::bad};
    return {State::complete, end + 2, address.to_string()};
}

template <class Address>
std::string address_at(std::string_view bytes) {
    typename Address::bytes_type raw{};
    std::transform(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(raw.size()), raw.begin(),
                   [](char c) { return static_cast<unsigned char>(c); });
    return Address(raw).to_string();
}

ProxyHeader read_v2(std::string_view bytes) {
    if (bytes.size() < v2_fixed) return {};
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    const unsigned version = at(12) >> 4U, command = at(12) & 0x0FU, family = at(13);
    const std::size_t length = std::size_t{at(14)} * 256 + at(15);
    const std::size_t size = v2_fixed + length;
    if (version != 2 || command > 1 || size > ProxyHeader::bytes_max) return {State::bad};
    if (bytes.size() < size) return {};
    if (command == 0) return {State::complete, size};  // LOCAL
    if (family == 0x11 && length >= 12) return {State::complete, size, address_at<ip::address_v4>(bytes.substr(16))};
    if (family == 0x21 && length >= 36) return {State::complete, size, address_at<ip::address_v6>(bytes.substr(16))};
    if (family == 0x11 || family == 0x21) return {State::bad};
    return {State::complete, size};
}

}  // namespace

ProxyHeader read_proxy_header(std::string_view bytes) {
    const auto begins = [bytes](std::string_view begin) {
        return bytes.substr(0, begin.size()) == begin.substr(0, bytes.size());
    };
    if (begins(v1_begin)) return bytes.size() < v1_begin.size() ? ProxyHeader{} : read_v1(bytes);
    if (begins(v2_begin)) return read_v2(bytes);
    return {State::bad};
}

}  // namespace causeway::mllp
