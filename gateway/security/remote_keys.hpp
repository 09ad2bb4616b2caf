#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gateway/ops/clock.hpp"
#include "gateway/security/fetch.hpp"
#include "gateway/security/json_web_key.hpp"

namespace causeway::security {

using KeySet = std::shared_ptr<const std::vector<JsonWebKey>>;

/// JWK Sets that others publish, by URL. Kept for as long as their Cache-Control permits, at most an hour, five minutes
/// where it says nothing. What could not be had is not asked for again for ten seconds, and a set is not asked for anew
/// because of an unknown `kid` more than once a minute: nobody can make us a source of requests. Thread-safe.
class RemoteKeys {
public:
    static constexpr std::int64_t life_max_s = 3600, life_usual_s = 300, retry_s = 10, unknown_kid_s = 60;

    RemoteKeys(Fetch fetch, const ops::Clock& clock) : fetch_(std::move(fetch)), clock_(clock) {}

    /// What is kept and still good; null: it would have to be fetched. Does not block.
    KeySet known(const std::string& url) const;
    /// Fetches what is not kept. Null if it cannot be had, or must not be asked for yet. Blocks.
    KeySet get_blocking(const std::string& url);
    /// As get_blocking, after a `kid` was not in the set that is kept.
    KeySet again_blocking(const std::string& url);

private:
    struct Entry {
        KeySet keys;
        std::int64_t until_s = 0;  ///< the keys are good
        std::int64_t asked_s = 0;  ///< the last attempt
    };
    KeySet fetch(const std::string& url);

    const Fetch fetch_;
    const ops::Clock& clock_;
    mutable std::mutex mutex_;
    std::map<std::string, Entry> entries_;  ///< as many as the configuration names
};

}  // namespace causeway::security
