#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

struct evp_pkey_st;

namespace causeway::security {

/// Signature algorithms (RFC 7518, section 3.1): the two that SMART Backend Services asks of clients, and the two that
/// authorisation servers use by themselves. No others: none and the symmetric ones cannot be named.
enum class SignatureAlgorithm : std::uint8_t { rs384, es384, rs256, es256 };

/// The algorithm a JOSE header names; nothing for any other.
std::optional<SignatureAlgorithm> signature_algorithm(std::string_view name) noexcept;

/// One public key (RFC 7517): RSA of at least 2048 bits, or EC on P-256 or P-384.
struct JsonWebKey {
    enum class Kind : std::uint8_t { rsa, p256, p384 };
    std::string id;
    Kind kind = Kind::rsa;
    std::optional<SignatureAlgorithm> only;  ///< as its `alg` says
    std::shared_ptr<evp_pkey_st> key;

    /// May it check signatures of this algorithm?
    bool serves(SignatureAlgorithm algorithm) const noexcept;
    /// Does `signature` (as in a JWS: PKCS #1 v1.5, or R and S one after the other) sign `bytes`?
    bool verifies(SignatureAlgorithm algorithm, std::string_view bytes, std::string_view signature) const;
};

struct KeyError {
    std::string reason;
};

/// Reads a JWK Set. Keys for other uses ("use" that is not "sig") or of kinds that check none of our algorithms are
/// left out; a key of our kinds that is weak, off its curve or without `kid` is an error, as is a private key. At most
/// 64 KB.
std::variant<std::vector<JsonWebKey>, KeyError> parse_key_set(std::string json);

/// RFC 4648, section 5, without padding. Nothing for any other character, padding, or bits left over that are not zero.
std::optional<std::string> decode_base64url(std::string_view text);
std::string encode_base64url(std::string_view bytes);
/// RFC 4648, section 4, with padding.
std::string encode_base64(std::string_view bytes);

}  // namespace causeway::security
