#include "gateway/security/remote_keys.hpp"

#include <algorithm>
#include <variant>

namespace causeway::security {

namespace {
std::int64_t seconds(const ops::Clock& clock) { return clock.now_us() / 1'000'000; }
}  // namespace

KeySet RemoteKeys::known(const std::string& url) const {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(url);
    return found != entries_.end() && found->second.until_s > seconds(clock_) ? found->second.keys : nullptr;
}

KeySet RemoteKeys::get_blocking(const std::string& url) {
    const auto now_s = seconds(clock_);
    {
        const std::lock_guard lock(mutex_);
        auto& entry = entries_[url];
        if (entry.keys && entry.until_s > now_s) return entry.keys;
        // A set that nobody may keep (max-age=0) is still asked for no more than once a second.
        if (entry.asked_s != 0 && now_s - entry.asked_s < (entry.keys ? 1 : retry_s)) return entry.keys;
        entry.asked_s = now_s;
    }
    return fetch(url);
}

KeySet RemoteKeys::again_blocking(const std::string& url) {
    const auto now_s = seconds(clock_);
    {
        const std::lock_guard lock(mutex_);
        auto& entry = entries_[url];
        if (entry.asked_s != 0 && now_s - entry.asked_s < unknown_kid_s) return entry.keys;
        entry.asked_s = now_s;
    }
    return fetch(url);
}

KeySet RemoteKeys::fetch(const std::string& url) {
    auto answer = fetch_({url, {}, {}, {}});
    KeySet keys;
    if (answer.status == 200) {
        auto parsed = parse_key_set(std::move(answer.body));
        if (auto* const set = std::get_if<std::vector<JsonWebKey>>(&parsed))
            keys = std::make_shared<const std::vector<JsonWebKey>>(std::move(*set));
    }
    const auto now_s = seconds(clock_);
    const std::lock_guard lock(mutex_);
    auto& entry = entries_[url];
    // Keys that could not be had again are not kept beyond their time: they may have been withdrawn.
    if (!keys) {
        if (entry.until_s <= now_s) entry.keys = nullptr;
        return entry.keys;
    }
    const auto life = answer.max_age_s < 0 ? life_usual_s : std::min(answer.max_age_s, life_max_s);
    entry.keys = keys;
    entry.until_s = now_s + life;
    return keys;
}

}  // namespace causeway::security
