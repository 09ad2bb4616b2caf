#pragma once
#include "gateway/storage/types.hpp"

#include <array>
#include <cstddef>
#include <string_view>

namespace causeway::storage {

using AuditHash = std::array<std::byte, 32>;

/// hash = HMAC-SHA-256(key, previous || be64(sequence) || be64(at_us) || be64(length) || event). The key lies outside
/// the data directory, so whoever can write the file still cannot make a chain that fits; a cut tail is found through
/// anchors only.
AuditHash audit_hash(std::string_view key, const AuditHash& previous, std::int64_t sequence, TimeUs at_us,
                     std::string_view event);

}  // namespace causeway::storage
