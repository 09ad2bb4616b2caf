#include "gateway/storage/sqlite/page_token.hpp"

#include "gateway/storage/keys.hpp"

#include <array>

namespace causeway::storage {

namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t text_max = 4096;

std::string to_base64url(std::string_view bytes) {
    std::string out;
    out.reserve((bytes.size() * 4 + 2) / 3);
    unsigned bits = 0;
    int have = 0;
    for (const char c : bytes) {
        bits = bits << 8 | static_cast<unsigned char>(c);
        for (have += 8; have >= 6;) {
            have -= 6;
            out += alphabet[bits >> have & 63];
        }
    }
    if (have > 0) out += alphabet[bits << (6 - have) & 63];
    return out;
}

bool from_base64url(std::string_view text, std::string& out) {
    unsigned bits = 0;
    int have = 0;
    for (const char c : text) {
        const auto value = alphabet.find(c);
        if (value == std::string_view::npos) return false;
        bits = bits << 6 | static_cast<unsigned>(value);
        if ((have += 6) >= 8) {
            have -= 8;
            out += static_cast<char>(bits >> have);
        }
    }
    return (bits & ((1u << have) - 1)) == 0;  // no second spelling of the same bytes
}

std::uint64_t signature(HashKey key, std::string_view bytes, std::string_view binding) {
    return SipHash(key).add("page").add(static_cast<std::uint64_t>(bytes.size())).add(bytes).add(binding).finish();
}

[[noreturn]] void bad() {
    throw FailureException({FailureCode::bad_page_token, "the page token is not one of this search"});
}

}  // namespace

std::string PageToken::encode(HashKey key, std::string_view binding) const {
    std::string bytes = "\1";
    keys::append_number(static_cast<std::uint64_t>(snapshot), 6, bytes);
    keys::append_number(static_cast<std::uint64_t>(issued_us / 1000), 6, bytes);
    keys::append_number(static_cast<std::uint64_t>(last), 6, bytes);
    for (const auto& value : values) {
        const auto cut = std::string_view(value).substr(0, 200);
        keys::append_number(cut.size(), 1, bytes);
        bytes += cut;
    }
    keys::append_number(signature(key, bytes, binding), 8, bytes);
    return to_base64url(bytes);
}

PageToken PageToken::decode(std::string_view text, HashKey key, std::string_view binding, TimeUs now_us,
                            TimeUs life_us) {
    std::string bytes;
    if (text.size() > text_max || !from_base64url(text, bytes) || bytes.size() < 27 || bytes[0] != '\1') bad();
    const auto signed_part = std::string_view(bytes).substr(0, bytes.size() - 8);
    if (keys::read_number(bytes, bytes.size() - 8, 8) != signature(key, signed_part, binding)) bad();
    PageToken out;
    out.snapshot = static_cast<Vid>(keys::read_number(bytes, 1, 6));
    out.issued_us = static_cast<TimeUs>(keys::read_number(bytes, 7, 6)) * 1000;
    out.last = static_cast<Vid>(keys::read_number(bytes, 13, 6));
    for (std::size_t at = 19; at < signed_part.size();) {
        const auto size = static_cast<std::size_t>(static_cast<unsigned char>(signed_part[at]));
        if (at + 1 + size > signed_part.size()) bad();
        out.values.emplace_back(signed_part.substr(at + 1, size));
        at += 1 + size;
    }
    if (now_us - out.issued_us > life_us)
        throw FailureException({FailureCode::expired_page_token, "the page token is too old: search again"});
    return out;
}

}  // namespace causeway::storage
