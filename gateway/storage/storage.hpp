#pragma once
#include "gateway/storage/patient_tables.hpp"
#include "gateway/storage/queues.hpp"
#include "gateway/storage/resource.hpp"
#include "gateway/storage/search.hpp"
#include "gateway/storage/types.hpp"
#include "gateway/storage/visibility.hpp"

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace causeway::storage {

/// What can be asked of a state of the store: one committed state behind a Snapshot, or, as a Transaction, the state
/// that the job itself is making. Used by one thread at a time.
class Reader {
public:
    virtual ~Reader() = default;

    /// The current version; the deletion marker if it is erased; nothing if no such id was ever written.
    virtual Result<std::optional<StoredResource>> read(std::string_view type, std::string_view id) = 0;
    virtual Result<std::optional<StoredResource>> read(Rid rid) = 0;
    virtual Result<std::optional<StoredResource>> read_version(std::string_view type, std::string_view id,
                                                               std::int64_t number) = 0;
    /// As read(), without the body: what conditional headers and If-Match need.
    virtual Result<std::optional<VersionInfo>> version(std::string_view type, std::string_view id) = 0;
    virtual Result<HistoryPage> history(const HistoryRequest& request) = 0;

    /// One page of a search.
    virtual Result<SearchPage> search(const fhir::search::SearchPlan& plan, const SearchOptions& options) = 0;
    /// At most `limit` matches, newest first, without bodies; result parameters of the plan (count, sort, includes) are
    /// not looked at. In a Transaction it sees the job's own writes and those of earlier jobs of the open group, so
    /// conditional interactions are exact.
    virtual Result<std::vector<Match>> find(const fhir::search::SearchPlan& plan, std::size_t limit,
                                            const Visibility* visibility = nullptr) = 0;
    /// May this version, as it was read from this reader, be seen?
    virtual Result<bool> sees(const Visibility& visibility, const StoredResource& resource) = 0;

    /// The resource a business key names (a v2 identity key, a conditional URL ...). Whole keys are compared, never
    /// hashes.
    virtual Result<std::optional<ResourceName>> identity(std::string_view key) = 0;

    virtual Result<std::optional<InboxRow>> inbox(InboxId id) = 0;
    virtual Result<std::vector<InboxRow>> inbox(const InboxQuery& query) = 0;
    /// Has this sender sent this control id since `since_us`, with the same content or with other content?
    virtual Result<DuplicateCheck> find_duplicate(const InboxMessage& message, TimeUs since_us) = 0;
    /// What the mapping recorded for a message: trace and residue, as it was given to put_trace.
    virtual Result<std::optional<std::string>> trace(InboxId id) = 0;
    /// Names of the versions a message wrote, in the order they were written.
    virtual Result<std::vector<Match>> written_by(InboxId id, std::size_t limit) = 0;

    virtual Result<std::optional<OutboxRow>> outbox(OutboxId id) = 0;
    virtual Result<std::vector<OutboxRow>> outbox(const OutboxQuery& query) = 0;
    /// Messages that may be sent now: the head of each ordering key whose time has come, by due time then id.
    virtual Result<std::vector<OutboxRow>> due(std::string_view partner, TimeUs now_us, std::size_t limit) = 0;
    /// When the next head of this partner comes due; nothing = its queue is empty.
    virtual Result<std::optional<TimeUs>> next_due(std::string_view partner) = 0;
    virtual Result<std::vector<OutboxDepth>> outbox_depths() = 0;

    virtual Result<std::vector<AuditRow>> audit(const AuditQuery& query) = 0;

    virtual PatientReader& patients() = 0;

    /// A small value of another part's own (a cursor, a model's name), by name. One that expires may be seen for a
    /// while longer: where that matters, the value says until when it holds.
    virtual Result<std::optional<std::string>> note(std::string_view name) = 0;
};

/// What a job may do. All of it is one savepoint: it all happens, with the commit of its group, or nothing does.
/// Borrowed by the job for the length of its call.
class Transaction : public Reader {
public:
    /// The time of the commit group; every version of the job carries a time not before it.
    virtual TimeUs now_us() const = 0;

    virtual Result<WriteResult> put(const ResourceWrite& write) = 0;
    /// Writes a deletion marker. Nothing if there is no live version (and `if_version` does not speak against it).
    virtual Result<std::optional<WriteResult>> erase(std::string_view type, std::string_view id,
                                                     std::optional<std::int64_t> if_version = {},
                                                     InboxId origin = 0) = 0;
    /// The number of a resource, made as a placeholder if it does not exist yet: what a reference to it is stored as.
    virtual Result<Rid> resource_number(std::string_view type, std::string_view id) = 0;

    virtual Result<void> set_identity(std::string_view key, const ResourceName& resource) = 0;
    virtual Result<void> remove_identity(std::string_view key) = 0;

    /// A search parameter beside the build's own: from the commit on, values of `parameter` (a number above the build's)
    /// make keys. `name` tells definitions apart, for ever: values of one definition only are found under it.
    virtual Result<void> define_parameter(fhir::search::ParameterId parameter, std::string_view type,
                                          std::string_view name, fhir::search::ParameterType kind) = 0;
    /// Adds to the keys of a version what these values make and is not there yet. False: the version is still in an
    /// open commit, or gone; ask again.
    virtual Result<bool> add_values(Vid vid, std::span<const fhir::search::SearchValue> values) = 0;

    virtual Result<InboxId> add_inbox(const InboxMessage& message) = 0;
    virtual Result<void> set_inbox(InboxId id, InboxState state, std::string_view acknowledgement,
                                   std::string_view note) = 0;
    virtual Result<void> put_trace(InboxId id, const PackedBytes& data) = 0;

    virtual Result<OutboxId> enqueue(const OutboxMessage& message) = 0;
    virtual Result<void> mark_delivered(OutboxId id, std::string_view acknowledgement) = 0;
    /// The attempt failed (or is about to begin: a due time in the future is a lease); attempts counts one up.
    virtual Result<void> defer(OutboxId id, TimeUs due_us, std::string_view note) = 0;
    /// To the dead letters; the next message of its ordering key becomes the head.
    virtual Result<void> mark_dead(OutboxId id, std::string_view acknowledgement, std::string_view note) = 0;
    virtual Result<void> cancel(OutboxId id, std::string_view note) = 0;
    /// Enqueues a copy at the end of its lane; the original stays and the copy names it. `payload` replaces the
    /// original's.
    virtual Result<OutboxId> replay(OutboxId id, std::optional<std::string_view> payload = {}) = 0;

    /// Removes what came in before `before_us` and has nothing left to do: processed or rejected messages whose
    /// messages to partners are all delivered or cancelled, with their traces. Looks at `look_max` rows from the one
    /// after `after` on, oldest first. The newest row always stays, so that no id is given twice.
    virtual Result<Purged> purge_inbox(InboxId after, TimeUs before_us, std::size_t look_max) = 0;
    /// The same for messages to partners: delivered and cancelled ones, never a waiting one or a dead letter.
    virtual Result<Purged> purge_outbox(OutboxId after, TimeUs before_us, std::size_t look_max) = 0;

    /// Appends one event to the audit chain; returns its sequence number, which has no gaps.
    virtual Result<std::int64_t> append_audit(std::string_view event) = 0;
    /// Removes the rows up to this one, whose hash becomes the beginning of the chain, signed with the chain's key. The
    /// newest row stays: FailureCode::refused. Returns how many went; at most 10,000 a call.
    virtual Result<std::int64_t> purge_audit(std::int64_t through) = 0;

    PatientTables& patients() override = 0;

    virtual Result<void> set_note(std::string_view name, std::string_view value) = 0;
    /// Sets a note that is not there or has expired, and says whether it did: what may be used once (a token's `jti`).
    /// From `expires_us` on it counts as gone and is removed when other notes come.
    virtual Result<bool> add_note(std::string_view name, std::string_view value, TimeUs expires_us) = 0;
    /// Says whether there was one.
    virtual Result<bool> remove_note(std::string_view name) = 0;
};

/// A read-only transaction on one committed state, taken from a pool and given back at its end. Keep it for one page or
/// one answer: a long one holds the log back.
class Snapshot {
public:
    Snapshot(Reader& reader, std::function<void()> release) : reader_(&reader), release_(std::move(release)) {}
    Snapshot(Snapshot&& other) noexcept
        : reader_(std::exchange(other.reader_, nullptr)), release_(std::move(other.release_)) {}
    Snapshot& operator=(Snapshot&&) = delete;
    ~Snapshot() {
        if (reader_) release_();
    }
    Reader* operator->() const noexcept { return reader_; }
    Reader& operator*() const noexcept { return *reader_; }

private:
    Reader* reader_;
    std::function<void()> release_;
};

/// One unit of work for the writer. run() may be called more than once (a driver may have to repeat it); finished() is
/// called exactly once, after the COMMIT of its group or when it failed, on the writer's thread: keep it short.
class Work {
public:
    virtual ~Work() = default;
    virtual Result<void> run(Transaction& transaction) = 0;
    virtual void finished(Result<void> outcome) noexcept = 0;
    /// Weight against the byte limit of a group and of the queue.
    virtual std::size_t bytes() const noexcept { return 1024; }
    /// True: nobody waits for it. A driver may keep it back some milliseconds for more work to share its commit with,
    /// and runs it before that work.
    virtual bool patient() const noexcept { return false; }
};

/// Counters since the store was opened; sizes as of the last commit.
struct StoreMetrics {
    std::uint64_t groups = 0;  ///< commits
    std::uint64_t jobs = 0;    ///< committed
    std::uint64_t jobs_failed = 0;
    std::uint64_t versions = 0;   ///< resource versions written
    std::uint64_t commit_us = 0;  ///< time in COMMIT, all groups
    std::uint64_t commit_us_max = 0;
    std::uint64_t checkpoints = 0;
    std::uint64_t checkpoint_us = 0;
    std::uint64_t queue_jobs = 0;  ///< waiting now
    std::uint64_t queue_bytes = 0;
    std::uint64_t log_bytes = 0;  ///< write-ahead log
    std::uint64_t file_bytes = 0;
    std::uint64_t readers = 0;  ///< snapshots in use
    std::int64_t last_vid = 0;
    bool writable = true;  ///< false after an I/O failure stopped the writer
};

struct BackupReport {
    std::uint64_t bytes = 0;
    std::string sha256;  ///< of the copy, hexadecimal
    std::int64_t last_vid = 0;
};

/// What a check found; empty = sound.
struct CheckReport {
    std::uint64_t rows = 0;
    std::vector<std::string> faults;  ///< where and what; at most 100
};

/// One store of everything that must commit together. Thread-safe. Close readers (Snapshots) before destroying it.
class Store {
public:
    virtual ~Store() = default;

    /// A new logical id, time-ordered (UUIDv7), so that the index on ids is appended to and not scattered over.
    virtual std::string new_id() = 0;
    /// Compresses the body and makes the index keys: costs some 10 us, so call it before the job where that is
    /// possible. `contained`: the values of all contained resources.
    virtual PreparedResource prepare(std::string_view type, std::string_view id, PreparedBody body,
                                     std::span<const fhir::search::SearchValue> values,
                                     std::span<const fhir::search::SearchValue> contained = {}) = 0;
    /// What a job will keep of a message, made before it: the job's thread is the one that all writes wait for.
    virtual PackedBytes pack(std::string_view bytes) const = 0;
    /// Queues work. A full queue or a stopped store finishes it at once, on the caller's thread, with busy or stopped.
    virtual void submit(std::unique_ptr<Work> work) = 0;
    /// Waits a bounded time for a free reader: FailureCode::busy after it.
    virtual Result<Snapshot> snapshot() = 0;

    virtual StoreMetrics metrics() const = 0;
    /// Name and version of what is underneath, for /version and doctor.
    virtual std::string engine() const = 0;
    /// Copies the store to a new file, checks the copy. Blocking; writes go on between its slices.
    virtual Result<BackupReport> backup_blocking(const std::string& path) = 0;
    /// Walks everything: file structure, version chains, index against the stored keys, audit chain. Blocking.
    virtual Result<CheckReport> check_blocking() = 0;
    /// Makes the search index anew from the stored keys. Blocking.
    virtual Result<void> rebuild_index_blocking() = 0;
    /// No more work is taken; what is queued is finished. Idempotent.
    virtual void close() = 0;
};

namespace detail {
template <class T>
struct ResultValue;
template <class T>
struct ResultValue<Result<T>> {
    using type = T;
};

template <class Job, class Handler>
class FunctionWork final : public Work {
public:
    using Value = typename ResultValue<std::invoke_result_t<Job&, Transaction&>>::type;
    FunctionWork(Job job, Handler handler, std::size_t bytes)
        : job_(std::move(job)), handler_(std::move(handler)), bytes_(bytes) {}
    Result<void> run(Transaction& transaction) override {
        value_.emplace(job_(transaction));
        if (value_->has_error()) return value_->error();
        return {};
    }
    void finished(Result<void> outcome) noexcept override {
        if (outcome.has_error()) {
            handler_(Result<Value>(std::move(outcome).error()));
        } else {
            handler_(std::move(*value_));
        }
    }
    std::size_t bytes() const noexcept override { return bytes_; }

private:
    Job job_;
    Handler handler_;
    std::optional<Result<Value>> value_;
    std::size_t bytes_;
};
}  // namespace detail

/// Runs `job` (Transaction& -> Result<T>) in a savepoint of the next commit group, then calls `handler` (Result<T>) on
/// the writer's thread after the commit. The job must own what it uses and be able to run again.
template <class Job, class Handler>
void transact(Store& store, Job job, Handler handler, std::size_t bytes = 1024) {
    store.submit(std::make_unique<detail::FunctionWork<Job, Handler>>(std::move(job), std::move(handler), bytes));
}

/// The same, waiting for the commit. For tests, commands and pool threads; never on an I/O thread nor inside a job.
template <class Job>
auto transact_blocking(Store& store, Job job, std::size_t bytes = 1024) {
    using Outcome = std::invoke_result_t<Job&, Transaction&>;
    auto promise = std::make_shared<std::promise<Outcome>>();
    auto future = promise->get_future();
    transact(
        store, std::move(job), [promise](Outcome outcome) { promise->set_value(std::move(outcome)); }, bytes);
    return future.get();
}

}  // namespace causeway::storage
