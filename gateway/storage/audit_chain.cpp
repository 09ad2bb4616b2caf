#include "gateway/storage/audit_chain.hpp"

#include "gateway/storage/keys.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <charconv>
#include <cstring>

namespace causeway::storage {

namespace {

[[noreturn]] void no_hash() { throw FailureException({FailureCode::internal, "the audit hash cannot be computed"}); }

const unsigned char* octets(std::string_view bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.empty() ? "" : bytes.data());
}

}  // namespace

AuditHasher::AuditHasher(std::string_view key) : context_(nullptr, EVP_MAC_CTX_free) {
    EVP_MAC* const hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    context_.reset(EVP_MAC_CTX_new(hmac));
    EVP_MAC_free(hmac);
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                     OSSL_PARAM_construct_end()};
    if (!context_ || EVP_MAC_init(context_.get(), octets(key), key.size(), parameters) != 1) no_hash();
}

AuditHash AuditHasher::operator()(const AuditHash& previous, std::int64_t sequence, TimeUs at_us,
                                  std::string_view event) {
    thread_local std::string head;
    head.assign(reinterpret_cast<const char*>(previous.data()), previous.size());
    keys::append_number(static_cast<std::uint64_t>(sequence), 8, head);
    keys::append_number(static_cast<std::uint64_t>(at_us), 8, head);
    keys::append_number(event.size(), 8, head);
    AuditHash out{};
    std::size_t size = 0;
    EVP_MAC_CTX* const context = context_.get();
    // Without a key it begins anew with the one that it has.
    if (EVP_MAC_init(context, nullptr, 0, nullptr) != 1 || EVP_MAC_update(context, octets(head), head.size()) != 1 ||
        EVP_MAC_update(context, octets(event), event.size()) != 1 ||
        EVP_MAC_final(context, reinterpret_cast<unsigned char*>(out.data()), &size, out.size()) != 1 ||
        size != out.size())
        no_hash();
    return out;
}

AuditHash audit_hash(std::string_view key, const AuditHash& previous, std::int64_t sequence, TimeUs at_us,
                     std::string_view event) {
    return AuditHasher(key)(previous, sequence, at_us, event);
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
