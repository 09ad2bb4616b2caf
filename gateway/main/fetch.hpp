#pragma once
#include "gateway/ops/config.hpp"
#include "gateway/security/fetch.hpp"

namespace causeway {

/// How the gateway fetches for itself: https only, to public addresses unless security.fetch_private, at the address the
/// name resolved to, 64 KB, 5 s, no redirects.
security::Fetch make_fetch(const ops::Config& config);

}  // namespace causeway
