#pragma once
#include <string>

#include "gateway/ops/config.hpp"
#include "gateway/storage/secrets.hpp"

namespace causeway {

/// What `storage.audit_key_file` and `storage.page_key` give. The audit key: the bytes of its file without trailing line
/// ends, at least 16. Throws StartFailure where a key cannot be had or is none.
storage::StoreSecrets read_secrets(const ops::Config& config);

/// The bytes of a page key from `file:PATH`, `env:NAME` or `command:LINE` (run by /bin/sh, 30 s at most), which give 64
/// hexadecimal digits; empty for an empty source. Throws StartFailure with `setting` and why; never with what was read.
std::string read_page_key(const std::string& source, const std::string& setting);

}  // namespace causeway
