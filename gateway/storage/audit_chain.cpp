#include "gateway/storage/audit_chain.hpp"

#include "gateway/storage/keys.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <charconv>
#include <cstring>

namespace causeway::storage {

AuditHash audit_hash(std::string_view key, const AuditHash& previous, std::int64_t sequence, TimeUs at_us,
                     std::string_view event) {
    std::string message;
    message.reserve(56 + event.size());
    message.append(reinterpret_cast<const char*>(previous.data()), previous.size());
    keys::append_number(static_cast<std::uint64_t>(sequence), 8, message);
    keys::append_number(static_cast<std::uint64_t>(at_us), 8, message);
    keys::append_number(event.size(), 8, message);
    message += event;
    AuditHash out{};
    unsigned size = 0;
    if (!HMAC(EVP_sha256(), key.empty() ? "" : key.data(), static_cast<int>(key.size()),
              reinterpret_cast<const unsigned char*>(message.data()), message.size(),
              reinterpret_cast<unsigned char*>(out.data()), &size) ||
        size != out.size())
        throw FailureException({FailureCode::internal, "the audit hash cannot be computed"});
    return out;
}

std::string to_hex(const AuditHash& hash) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (const std::byte each : hash) {
        out += digits[std::to_integer<std::size_t>(each) >> 4];
        out += digits[std::to_integer<std::size_t>(each) & 15];
    }
    return out;
}

std::optional<AuditHash> audit_hash_of_hex(std::string_view text) noexcept {
    AuditHash out{};
    if (text.size() != 2 * out.size()) return std::nullopt;
    for (std::size_t i = 0; i < out.size(); ++i) {
        unsigned value = 0;
        const auto* const at = text.data() + 2 * i;
        const auto [end, error] = std::from_chars(at, at + 2, value, 16);
        if (error != std::errc{} || end != at + 2) return std::nullopt;
        out[i] = static_cast<std::byte>(value);
    }
    return out;
}

namespace {
AuditHash signature_of(std::string_view key, const AuditMark& mark) {
    return audit_hash(key, mark.hash, mark.sequence, 0, "the chain begins after this row");
}
}  // namespace

std::string render_audit_begin(std::string_view key, const AuditMark& last_purged) {
    return std::to_string(last_purged.sequence) + " " + to_hex(last_purged.hash) + " " +
           to_hex(signature_of(key, last_purged));
}

std::optional<AuditMark> read_audit_begin(std::string_view key, std::string_view note) {
    AuditMark mark;
    const auto first = note.find(' ');
    const auto second = first == std::string_view::npos ? first : note.find(' ', first + 1);
    if (second == std::string_view::npos) return std::nullopt;
    const auto [end, error] = std::from_chars(note.data(), note.data() + first, mark.sequence);
    const auto hash = audit_hash_of_hex(note.substr(first + 1, second - first - 1));
    const auto signature = audit_hash_of_hex(note.substr(second + 1));
    if (error != std::errc{} || end != note.data() + first || mark.sequence < 1 || !hash || !signature)
        return std::nullopt;
    mark.hash = *hash;
    if (signature_of(key, mark) != *signature) return std::nullopt;
    return mark;
}

}  // namespace causeway::storage
