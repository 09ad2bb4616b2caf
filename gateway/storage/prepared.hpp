#pragma once
#include "gateway/storage/keys.hpp"
#include "gateway/storage/resource.hpp"

#include <string>
#include <vector>

namespace causeway::storage {

/// What a store made of a resource before its transaction; only the store that made it reads it.
struct PreparedResource::Content {
    std::string type;
    std::string id;
    std::int64_t type_code = 0;
    PreparedBody body;   ///< the fake keeps it whole
    std::string packed;  ///< compressed body
    std::int64_t dictionary = 0;
    std::size_t size = 0;           ///< of the body before compression
    std::vector<std::string> keys;  ///< sorted, unique
    std::vector<PendingReference> references;
};

}  // namespace causeway::storage
