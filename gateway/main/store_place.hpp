#pragma once
#include <string>

#include "gateway/ops/config.hpp"

namespace causeway {

/// The key of the audit chain: the bytes of the file at `storage.audit_key_file` without trailing line ends; empty if
/// none is set. Throws StartFailure for a file that cannot be read or holds fewer than 16 bytes.
std::string read_audit_key(const ops::Config& config);

}  // namespace causeway
