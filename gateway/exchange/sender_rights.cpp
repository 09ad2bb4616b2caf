#include "gateway/exchange/sender_rights.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <string>

namespace causeway::exchange {
namespace {

struct Address {
    std::array<unsigned char, 16> bytes{};  ///< IPv4 as ::ffff:a.b.c.d
};
constexpr int mapped_bits = 96;

std::optional<Address> read_address(std::string_view text, bool& four) noexcept {
    constexpr std::size_t longest = 63;
    if (text.size() > longest) return std::nullopt;
    char copy[longest + 1] = {};
    std::memcpy(copy, text.data(), text.size());
    Address out;
    four = ::inet_pton(AF_INET, copy, out.bytes.data() + 12) == 1;
    if (four) {
        out.bytes[10] = out.bytes[11] = 0xff;
        return out;
    }
    if (::inet_pton(AF_INET6, copy, out.bytes.data()) != 1) return std::nullopt;
    return out;
}

struct Network {
    Address address;
    int bits = 128;
};

std::optional<Network> read_network(std::string_view text) noexcept {
    const auto slash = text.find('/');
    bool four = false;
    const auto address = read_address(text.substr(0, slash), four);
    if (!address) return std::nullopt;
    Network out{*address, 128};
    if (slash == std::string_view::npos) return out;
    int bits = 0;
    const auto* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data() + slash + 1, end, bits);
    if (read.ec != std::errc{} || read.ptr != end || bits < 0 || bits > (four ? 32 : 128)) return std::nullopt;
    out.bits = four ? mapped_bits + bits : bits;
    return out;
}

/// HD against an authority: the universal id decides where both have one.
bool is_of(const AssigningAuthority& own, const std::string& name, const std::string& id) {
    if (!id.empty() && !own.universal_id.empty()) return id == own.universal_id;
    return !name.empty() && name == own.namespace_id;
}

}  // namespace

bool is_network(std::string_view text) noexcept { return read_network(text).has_value(); }

bool in_network(std::string_view address, std::string_view network) noexcept {
    bool four = false;
    const auto one = read_address(address, four);
    const auto all = read_network(network);
    if (!one || !all) return false;
    const auto whole = static_cast<std::size_t>(all->bits / 8);
    if (std::memcmp(one->bytes.data(), all->address.bytes.data(), whole) != 0) return false;
    const int rest = all->bits % 8;
    return rest == 0 || (one->bytes[whole] ^ all->address.bytes[whole]) >> (8 - rest) == 0;
}

std::string_view sender_refusal(const Partner& partner, std::string_view address, std::string_view kind,
                                bool by_its_own) noexcept {
    const auto fits = [&](const std::string& network) { return in_network(address, network); };
    if (by_its_own && !partner.addresses.empty() &&
        std::none_of(partner.addresses.begin(), partner.addresses.end(), fits))
        return "the connection's address is not one of this sender's";
    const auto accepted = [&](const std::string& one) { return kind == one || kind.substr(0, kind.find('^')) == one; };
    if (!partner.accepts.empty() && std::none_of(partner.accepts.begin(), partner.accepts.end(), accepted))
        return "this kind of message is not taken from this sender";
    return {};
}

std::string_view patient_refusal(const Partner& partner, const hl7v2::MessageView& message) {
    if (!partner.own_authorities_only) return {};
    for (const auto& segment : message) {
        if (segment.name() != "PID") continue;
        for (const auto repetition : segment.field(3).repetitions()) {
            const auto authority = repetition.component(4);
            const std::string name = authority.subcomponent(1).text(), id = authority.subcomponent(2).text();
            if (name.empty() && id.empty()) continue;
            const bool own = std::any_of(partner.authorities.begin(), partner.authorities.end(),
                                         [&](const AssigningAuthority& each) { return is_of(each, name, id); });
            if (!own) return "the assigning authority of a patient's identifier is not one of this sender's";
        }
    }
    return {};
}

}  // namespace causeway::exchange
