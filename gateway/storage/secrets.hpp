#pragma once
#include <string>

namespace causeway::storage {

/// The secrets of a store; they come from outside its folder.
struct StoreSecrets {
    std::string audit;  ///< key of the audit chain; empty: the chain is an unkeyed hash
    std::string pages;  ///< page_key_bytes bytes that encrypt the pages of the file and of its log; empty: plain
};

inline constexpr std::size_t page_key_bytes = 32;

/// Whether this build can encrypt pages (preset release-encrypted: ChaCha20 and Poly1305 for each page, RFC 8439).
bool can_encrypt_pages() noexcept;

}  // namespace causeway::storage
