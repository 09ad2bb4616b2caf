#pragma once
#include "gateway/storage/siphash.hpp"
#include "gateway/storage/types.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace causeway::storage {

/// Where a page goes on: the snapshot all pages of one search share, and the place of the last entry in its order.
/// Signed with the store's key and bound to the query and the principal, so it cannot be altered or used for something
/// else.
struct PageToken {
    Vid snapshot = 0;
    TimeUs issued_us = 0;
    Vid last = 0;                     ///< vid of the last entry
    std::vector<std::string> values;  ///< its sort values; empty for the order by time

    std::string encode(HashKey key, std::string_view binding) const;
    /// Throws FailureException: bad_page_token, expired_page_token.
    static PageToken decode(std::string_view text, HashKey key, std::string_view binding, TimeUs now_us,
                            TimeUs life_us);
};

}  // namespace causeway::storage
