#include "gateway/storage/sqlite/writer.hpp"

#include "gateway/storage/sqlite/open_store.hpp"

#include <sqlite3.h>

#include <chrono>
#include <exception>
#include <future>

namespace causeway::storage {

using sql::Statement;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::uint64_t page_bytes = 4096;
constexpr std::uint64_t frame_bytes = page_bytes + 24;
constexpr Vid save_dead_every = 200'000;
constexpr std::uint64_t quick_check_bytes_max = 64u << 20;
constexpr auto idle_after = std::chrono::milliseconds(500);
constexpr auto patience = std::chrono::milliseconds(20);
constexpr int backup_pages = 256;

std::uint64_t us_since(Clock::time_point begin) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin).count());
}

int log_grew(void* bytes, sqlite3*, const char*, int pages) {
    static_cast<std::atomic<std::uint64_t>*>(bytes)->store(static_cast<std::uint64_t>(pages) * frame_bytes,
                                                           std::memory_order_relaxed);
    return SQLITE_OK;
}

/// Settings and schema must stand before anything else of the writer is made.
Connection& ready(Connection& connection, const SqliteOptions& options, Catalog& catalog, OpenGroup& open) {
    register_tokenizer(connection);
    migrate(connection, options.file);
    if (options.fast_check && meta(connection, "clean") == "0" &&
        std::filesystem::file_size(options.file) <= quick_check_bytes_max) {
        const auto verdict = connection.scalar("PRAGMA quick_check");
        if (verdict != "ok")
            throw FailureException({FailureCode::corrupt, "the database does not pass the quick check: " + verdict});
    }
    if (options.hash_bits < 64) catalog.hash_mask = (std::uint64_t{1} << options.hash_bits) - 1;
    load_catalog(connection, catalog);
    load_counters(connection, open);
    return connection;
}

}  // namespace

Writer::Writer(const SqliteOptions& options, Catalog& catalog, const SearchLimits& limits,
               std::function<void()> before_checkpoint)
    : options_(options),
      catalog_(catalog),
      connection_(options.file, Access::writer, options.writer_cache_bytes, options.secrets.pages),
      before_checkpoint_(std::move(before_checkpoint)),
      transaction_(ready(connection_, options, catalog, open_), catalog, open_, limits, options.secrets.audit) {
    state_ = load_state(connection_, saved_.committed);
    sqlite3_wal_hook(connection_.handle(), log_grew, &log_bytes_);
    thread_ = std::thread([this] { run(); });
}

void Writer::fault(const char* place) const {
    if (options_.fault && options_.fault(place))
        throw FailureException({FailureCode::full, std::string("injected failure at ") + place});
}

void Writer::submit(std::unique_ptr<Work> work) {
    auto failure = Failure{FailureCode::stopped, "the store takes no more work"};
    {
        const std::lock_guard lock(queue_mutex_);
        if (!closing_ && !stopped_) {
            if (queue_.size() + patient_.size() < options_.queue_jobs_max &&
                queue_bytes_ + work->bytes() <= options_.queue_bytes_max) {
                queue_bytes_ += work->bytes();
                if (!work->patient()) {
                    queue_.push_back(std::move(work));
                    wake_.notify_one();
                    return;
                }
                patient_.push_back(std::move(work));
                if (patient_.size() > 1) return;
                patient_due_ = Clock::now() + patience;
                wake_.notify_one();
                return;
            }
            failure = {FailureCode::busy, "the writer's queue is full"};
        }
    }
    work->finished(std::move(failure));
}

IndexState Writer::state() const {
    const std::lock_guard lock(state_mutex_);
    return state_;
}

StoreMetrics Writer::metrics() const {
    StoreMetrics out;
    out.groups = groups_;
    out.jobs = jobs_;
    out.jobs_failed = jobs_failed_;
    out.versions = versions_;
    out.commit_us = commit_us_;
    out.commit_us_max = commit_us_max_;
    out.checkpoints = checkpoints_;
    out.checkpoint_us = checkpoint_us_;
    out.log_bytes = log_bytes_;
    out.writable = writable_ && !stopped_;
    out.last_vid = state().committed;
    std::error_code ignored;
    out.file_bytes = std::filesystem::file_size(options_.file, ignored);
    const std::lock_guard lock(queue_mutex_);
    out.queue_jobs = queue_.size() + patient_.size();
    out.queue_bytes = queue_bytes_;
    return out;
}

void Writer::wait_for_work(std::unique_lock<std::mutex>& lock, bool& idle) {
    const auto something = [&] { return closing_ || !queue_.empty() || !chores_.empty(); };
    while (!something()) {
        if (!patient_.empty()) {
            if (Clock::now() >= patient_due_) return;
            wake_.wait_until(lock, patient_due_);
        } else if (idle) {
            wake_.wait(lock);
        } else if (wake_.wait_for(lock, idle_after) == std::cv_status::timeout && !something() && patient_.empty()) {
            idle = true;
            return;
        }
    }
    idle = false;
}

void Writer::run() {
    bool idle = false;
    for (;;) {
        std::vector<Job> group;
        Chore chore;
        {
            std::unique_lock lock(queue_mutex_);
            wait_for_work(lock, idle);
            if (queue_.empty() && patient_.empty() && chores_.empty() && closing_) break;
            group = take_group(lock);
            if (group.empty() && !chores_.empty()) {
                chore = std::move(chores_.front());
                chores_.pop_front();
            }
        }
        if (!group.empty()) {
            idle = false;
            commit_group(group);
            housekeeping(false);
            const std::lock_guard lock(queue_mutex_);
            if (!chores_.empty()) {  // a slice of it after each group, so that neither starves
                chore = std::move(chores_.front());
                chores_.pop_front();
            }
        } else if (!chore) {
            housekeeping(idle);
        }
        if (chore && !chore()) add_chore(std::move(chore));
    }
    shut_down();
}

std::vector<Writer::Job> Writer::take_group(std::unique_lock<std::mutex>&) {
    std::vector<Job> group;
    std::size_t bytes = 0;
    for (; !patient_.empty(); patient_.pop_front()) {
        queue_bytes_ -= patient_.front()->bytes();
        group.push_back({std::move(patient_.front()), {}});
    }
    while (!queue_.empty() && group.size() < options_.group_jobs_max) {
        const auto weight = queue_.front()->bytes();
        if (!group.empty() && bytes + weight > options_.group_bytes_max) break;
        bytes += weight;
        queue_bytes_ -= weight;
        group.push_back({std::move(queue_.front()), {}});
        queue_.pop_front();
    }
    return group;
}

void Writer::run_job(Job& job, std::vector<Job>&) {
    const auto mark = open_.mark();
    connection_.query(Statement::savepoint).run();
    transaction_.mend();
    try {
        job.outcome = job.work->run(transaction_);
    } catch (const FailureException& exception) {
        job.outcome = exception.failure();
    } catch (const std::exception& exception) {
        job.outcome = Failure{FailureCode::internal, std::string("a job threw: ") + exception.what()};
    }
    // A failed verb that the job did not pass on: half of its work may be missing.
    if (transaction_.broken()) job.outcome = *transaction_.broken();
    if (job.outcome.has_error()) {
        const auto code = job.outcome.error().code;
        // SQLite has rolled everything back, or cannot write: the whole group is lost.
        if (connection_.autocommit() ||
            (transaction_.broken() &&
             (code == FailureCode::io || code == FailureCode::full || code == FailureCode::corrupt)))
            throw FailureException(job.outcome.error());
        connection_.query(Statement::rollback_to).run();
        open_.undo(mark);
        jobs_failed_.fetch_add(1, std::memory_order_relaxed);
    }
    connection_.query(Statement::release).run();
}

void Writer::commit_group(std::vector<Job>& group) {
    const auto mark = open_.mark();
    try {
        connection_.query(Statement::begin_write).run();
        transaction_.begin(state(), options_.now_us());
        for (auto& job : group) run_job(job, group);
        for (const auto& version : open_.versions) transaction_.index().add(version.vid, version.keys);
        const auto types = catalog_.unstored_types();
        for (const auto& [code, name] : types)
            connection_.query(Statement::type_add).bind_all(code, std::string_view(name)).run();
        fault("commit");
        const auto begin = Clock::now();
        connection_.query(Statement::commit).run();
        const auto took = us_since(begin);
        commit_us_.fetch_add(took, std::memory_order_relaxed);
        if (took > commit_us_max_.load(std::memory_order_relaxed))
            commit_us_max_.store(took, std::memory_order_relaxed);
        catalog_.stored_types(types.size());
    } catch (const FailureException& exception) {
        return abandon(group, mark, exception.failure());
    } catch (const std::exception& exception) {
        return abandon(group, mark, {FailureCode::internal, std::string("the writer: ") + exception.what()});
    }
    writable_ = true;
    groups_.fetch_add(1, std::memory_order_relaxed);
    versions_.fetch_add(open_.versions.size(), std::memory_order_relaxed);
    publish();
    for (auto& job : group) {
        if (job.outcome.has_value()) jobs_.fetch_add(1, std::memory_order_relaxed);
        job.work->finished(std::move(job.outcome));
        job.work.reset();  // what it holds is given back by whoever waits for it
    }
}

void Writer::publish() {
    auto next = state();
    ++next.generation;
    if (!open_.versions.empty()) next.committed = open_.versions.back().vid;
    if (!open_.dead.empty()) next.dead = next.dead->with(open_.dead);
    {
        const std::lock_guard lock(state_mutex_);
        generation_.store(next.generation, std::memory_order_release);
        state_ = std::move(next);
    }
    open_.clear();
}

void Writer::abandon(std::vector<Job>& group, const OpenGroup::Mark& mark, const Failure& failure) {
    if (!connection_.autocommit()) {
        try {
            connection_.query(Statement::rollback).run();
        } catch (const FailureException&) {
            stopped_ = true;  // the state of the file is not known
        }
    }
    open_.undo(mark);
    open_.clear();
    writable_ = false;
    // A full disk can be emptied; after an I/O error or damage nothing that is written can be trusted.
    if (failure.code == FailureCode::io || failure.code == FailureCode::corrupt) stopped_ = true;
    jobs_failed_.fetch_add(group.size(), std::memory_order_relaxed);
    for (auto& job : group) job.work->finished(failure);
    if (!stopped_) return;
    std::deque<std::unique_ptr<Work>> left;
    {
        const std::lock_guard lock(queue_mutex_);
        left.swap(queue_);
        for (auto& work : patient_) left.push_back(std::move(work));
        patient_.clear();
        queue_bytes_ = 0;
    }
    for (auto& work : left)
        work->finished(Failure{FailureCode::stopped, "the writer has stopped after: " + failure.message});
}

void Writer::housekeeping(bool idle) {
    if (stopped_) return;
    try {
        if (state().committed - saved_.committed > save_dead_every) save_dead();
        const auto log = log_bytes_.load(std::memory_order_relaxed);
        if (log > options_.checkpoint_log_bytes)
            checkpoint(false);
        else if (idle && log > 0)
            checkpoint(true);
    } catch (const FailureException&) {
        writable_ = false;  // the next commit says whether this lasts
    }
}

void Writer::checkpoint(bool truncate) {
    const auto begin = Clock::now();
    before_checkpoint_();
    sqlite3_busy_timeout(connection_.handle(), 0);  // a reader in the way: next time
    const int rc =
        sqlite3_wal_checkpoint_v2(connection_.handle(), nullptr,
                                  truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    sqlite3_busy_timeout(connection_.handle(), 5000);
    if (rc != SQLITE_OK && rc != SQLITE_BUSY && rc != SQLITE_LOCKED) connection_.fail("checkpoint");
    if (rc == SQLITE_OK && truncate) log_bytes_ = 0;
    checkpoints_.fetch_add(1, std::memory_order_relaxed);
    checkpoint_us_.fetch_add(us_since(begin), std::memory_order_relaxed);
}

void Writer::save_dead() {
    const auto now = state();
    connection_.query(Statement::begin_write).run();
    save_state(connection_, now, saved_any_ ? &saved_ : nullptr);
    connection_.query(Statement::commit).run();
    saved_ = now;
    saved_any_ = true;
}

void Writer::add_chore(Chore chore) {
    const std::lock_guard lock(queue_mutex_);
    chores_.push_back(std::move(chore));
    wake_.notify_one();
}

template <class Value>
Result<Value> Writer::run_chore(std::function<std::optional<Result<Value>>()> slice) {
    auto promise = std::make_shared<std::promise<Result<Value>>>();
    auto future = promise->get_future();
    {
        const std::lock_guard lock(queue_mutex_);
        if (closing_ || stopped_) return Failure{FailureCode::stopped, "the store takes no more work"};
        chores_.push_back([promise, slice = std::move(slice)] {
            try {
                auto outcome = slice();
                if (!outcome) return false;
                promise->set_value(std::move(*outcome));
            } catch (const FailureException& exception) {
                promise->set_value(exception.failure());
            }
            return true;
        });
        wake_.notify_one();
    }
    return future.get();
}

Result<Vid> Writer::backup(const std::string& path) {
    auto copy = std::make_shared<std::unique_ptr<DatabaseCopy>>();
    return run_chore<Vid>([this, copy, path]() -> std::optional<Result<Vid>> {
        if (!*copy) *copy = std::make_unique<DatabaseCopy>(connection_, path);
        if (!(*copy)->step(backup_pages)) return {};
        copy->reset();
        return Result<Vid>(state().committed);
    });
}

Result<void> Writer::rebuild_index() {
    return run_chore<void>([this]() -> std::optional<Result<void>> {
        connection_.query(Statement::begin_write).run();
        try {
            auto& index = transaction_.index();
            index.clear();
            Vid after = 0;
            for (bool more = true; more;) {
                more = false;
                auto query = connection_.query(Statement::keys_after);
                query.bind(after).bind(std::int64_t{10'000});
                while (query.step()) {
                    after = query.integer(0);
                    index.add(after, query.blob(2));
                    more = true;
                }
            }
            connection_.query(Statement::commit).run();
        } catch (const FailureException&) {
            if (!connection_.autocommit()) connection_.query(Statement::rollback).run();
            throw;
        }
        return Result<void>();
    });
}

void Writer::shut_down() {
    if (stopped_) return;
    try {
        save_dead();
        set_meta(connection_, "clean", "1");
        checkpoint(true);
    } catch (const FailureException&) {
        writable_ = false;  // the next start replays the log and checks
    }
}

void Writer::close() {
    {
        const std::lock_guard lock(queue_mutex_);
        closing_ = true;
        wake_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
}

}  // namespace causeway::storage
