#pragma once
#include "gateway/storage/sqlite/copy.hpp"
#include "gateway/storage/sqlite/open_group.hpp"
#include "gateway/storage/sqlite/sqlite_store.hpp"
#include "gateway/storage/sqlite/transaction.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

namespace causeway::storage {

/// The one thread that writes. It takes all work that waits (never waiting for more, except where all of it is patient)
/// into one SQL transaction with a savepoint for each job, commits with one sync, publishes the new state, then finishes
/// every job. The only checkpointer.
class Writer {
public:
    /// `before_checkpoint` ends the read transactions that nobody uses; they would keep the log from starting anew.
    Writer(const SqliteOptions& options, Catalog& catalog, const SearchLimits& limits,
           std::function<void()> before_checkpoint);
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;
    ~Writer() { close(); }

    void submit(std::unique_ptr<Work> work);
    IndexState state() const;
    std::uint64_t generation() const noexcept { return generation_.load(std::memory_order_acquire); }
    StoreMetrics metrics() const;
    /// Copies the database between groups; the vid of the last version in it.
    Result<Vid> backup(const std::string& path);
    Result<void> rebuild_index();
    void close();

private:
    struct Job {
        std::unique_ptr<Work> work;
        Result<void> outcome;
    };
    /// Something the writer does between groups, a slice at a time; true when it is done.
    using Chore = std::function<bool()>;

    void run();
    /// Returns with something to do, or idle: nothing came for a while.
    void wait_for_work(std::unique_lock<std::mutex>& lock, bool& idle);
    std::vector<Job> take_group(std::unique_lock<std::mutex>& lock);
    void commit_group(std::vector<Job>& group);
    void run_job(Job& job, std::vector<Job>& group);
    void publish();
    void abandon(std::vector<Job>& group, const OpenGroup::Mark& mark, const Failure& failure);
    void housekeeping(bool idle);
    void checkpoint(bool truncate);
    void save_dead();
    void shut_down();
    void fault(const char* place) const;
    void add_chore(Chore chore);
    template <class Value>
    Result<Value> run_chore(std::function<std::optional<Result<Value>>()> slice);

    const SqliteOptions& options_;
    Catalog& catalog_;
    Connection connection_;
    std::function<void()> before_checkpoint_;
    OpenGroup open_;
    SqliteTransaction transaction_;

    mutable std::mutex state_mutex_;
    IndexState state_;
    std::atomic<std::uint64_t> generation_{0};  ///< of `state_`
    IndexState saved_;                          ///< as far as the dead chunks are saved
    bool saved_any_ = false;

    mutable std::mutex queue_mutex_;
    std::condition_variable wake_;
    std::deque<std::unique_ptr<Work>> queue_;
    std::deque<std::unique_ptr<Work>> patient_;  ///< goes with the next group, or alone when it is due
    std::chrono::steady_clock::time_point patient_due_;
    std::deque<Chore> chores_;
    std::size_t queue_bytes_ = 0;
    bool closing_ = false;
    std::atomic<bool> stopped_{false};  ///< an I/O failure: nothing is written any more
    std::atomic<bool> writable_{true};

    std::atomic<std::uint64_t> groups_{0}, jobs_{0}, jobs_failed_{0}, versions_{0}, commit_us_{0}, commit_us_max_{0},
        checkpoints_{0}, checkpoint_us_{0}, log_bytes_{0}, file_bytes_{0};
    std::thread thread_;
};

}  // namespace causeway::storage
