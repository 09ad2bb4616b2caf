#pragma once
#include <cstdint>
#include <functional>
#include <string>

namespace causeway::security {

/// A request that the security side makes itself: a key set, an introspection, an anchor.
struct FetchRequest {
    std::string url;
    std::string body = {};  ///< if not empty: a POST
    std::string content_type = {};
    std::string authorization = {};
};

struct FetchAnswer {
    unsigned status = 0;  ///< 0: no answer, and `failure` says why
    std::string failure;
    std::string body;
    std::int64_t max_age_s = -1;  ///< what Cache-Control permits; -1: it says nothing
};

/// Blocking; the rules of where it may go (https, addresses, size, time, no redirects) are those of who makes it.
using Fetch = std::function<FetchAnswer(const FetchRequest&)>;

}  // namespace causeway::security
