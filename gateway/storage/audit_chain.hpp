#pragma once
#include "gateway/storage/types.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct evp_mac_ctx_st;  // OpenSSL's EVP_MAC_CTX

namespace causeway::storage {

using AuditHash = std::array<std::byte, 32>;

/// hash = HMAC-SHA-256(key, previous || be64(sequence) || be64(at_us) || be64(length) || event). The key lies outside
/// the data directory, so whoever can write the file still cannot make a chain that fits; a cut tail is found through
/// anchors only.
AuditHash audit_hash(std::string_view key, const AuditHash& previous, std::int64_t sequence, TimeUs at_us,
                     std::string_view event);

/// audit_hash for many rows: what the key alone decides is computed once. For one thread.
class AuditHasher {
public:
    explicit AuditHasher(std::string_view key);
    AuditHash operator()(const AuditHash& previous, std::int64_t sequence, TimeUs at_us, std::string_view event);

private:
    std::unique_ptr<evp_mac_ctx_st, void (*)(evp_mac_ctx_st*)> context_;
};

/// A place of the chain as somebody noted it elsewhere, or where the chain begins after a purge.
struct AuditMark {
    std::int64_t sequence = 0;
    AuditHash hash{};
};

/// The note that says where the chain begins after rows were purged: the last of them, signed with the chain's key.
constexpr std::string_view audit_begin_note = "audit/begin";
std::string render_audit_begin(std::string_view key, const AuditMark& last_purged);
/// Nothing if it is not what this key signed.
std::optional<AuditMark> read_audit_begin(std::string_view key, std::string_view note);

std::string to_hex(const AuditHash& hash);
std::optional<AuditHash> audit_hash_of_hex(std::string_view text) noexcept;

}  // namespace causeway::storage
