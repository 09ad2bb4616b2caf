#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gateway/storage/audit_chain.hpp"

struct evp_pkey_st;

namespace causeway::security {

/// An Ed25519 key that signs anchors, or the public half that checks them.
class AnchorKey {
public:
    /// A PEM file with a private key (`openssl genpkey -algorithm ed25519`) or, to verify only, with a public one
    /// (`openssl pkey -pubout`). Otherwise what is wrong.
    static std::variant<AnchorKey, std::string> read(const std::string& path);

    bool can_sign() const noexcept { return can_sign_; }
    std::string sign(std::string_view text) const;  ///< 64 bytes
    bool verifies(std::string_view text, std::string_view signature) const;

private:
    std::shared_ptr<evp_pkey_st> key_;
    bool can_sign_ = false;
};

/// A place of the audit chain, signed, as it leaves the machine: one JSON object per line.
///
///     {"sequence":120,"hash":"9f86…","at":1800000000000000,"signature":"base64url"}
std::string render_anchor(const AnchorKey& key, const storage::AuditMark& mark, std::int64_t at_us);

struct Anchors {
    std::vector<storage::AuditMark> marks;
    std::vector<std::string> faults;  ///< lines that are no anchor, or not signed by the key
};
/// Reads the lines of an anchor file. Without a key the signatures are not looked at.
Anchors read_anchors(std::string_view lines, const AnchorKey* key);

}  // namespace causeway::security
