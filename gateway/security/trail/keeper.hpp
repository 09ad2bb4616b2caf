#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "gateway/ops/clock.hpp"
#include "gateway/security/trail/anchor.hpp"
#include "gateway/storage/storage.hpp"

namespace causeway::security {

/// What the audit trail needs from time to time: anchors, and an end for rows that were kept long enough.
///
/// An anchor is due after `rows` rows or `minutes` minutes, and once more at the end; it goes to the end of a file (made
/// durable before the next) and to an endpoint. What cannot be delivered is tried again at the next look, with the place
/// the chain has then.
class TrailKeeper {
public:
    struct Options {
        std::optional<AnchorKey> key;  ///< none: no anchors
        std::string file;              ///< empty: none
        /// Brings an anchor to the endpoint; false: it failed. Empty: there is none.
        std::function<bool(const std::string& anchor)> post;
        std::int64_t rows = 10'000;
        std::int64_t minutes = 10;
        std::int64_t retention_days = 0;  ///< 0: rows are kept for ever
        bool after_syslog = false;        ///< rows that the feed (syslog.hpp) has not sent yet are kept longer
    };
    TrailKeeper(storage::Store& store, const ops::Clock& clock, Options options);
    ~TrailKeeper();
    void start();
    void stop();

    /// One look, as the thread takes each second; `last`: an anchor is due if any row is newer than the last one.
    void look(bool last = false);
    /// Seconds since the trail last had no row without an anchor; 0 without anchors.
    double unanchored_s() const;

private:
    bool anchor(const storage::AuditMark& mark, std::int64_t now_us);
    void purge(std::int64_t now_us);

    storage::Store& store_;
    const ops::Clock& clock_;
    const Options options_;
    std::int64_t anchored_sequence_ = 0;
    std::atomic<std::int64_t> anchored_us_{0};
    std::int64_t purged_us_ = 0;
    bool failing_ = false;
    bool behind_ = false;  ///< the feed keeps rows that are old enough to go
    std::mutex mutex_;
    std::condition_variable wake_;
    bool stopping_ = false;
    std::thread thread_;
};

/// Removes the rows older than `before_us` in steps, none after `through_max`, and leaves a row that says so. Returns
/// how many went. Blocking.
storage::Result<std::int64_t> purge_trail(storage::Store& store, std::int64_t before_us, std::string_view who,
                                          std::int64_t through_max = INT64_MAX);

}  // namespace causeway::security
