#include "gateway/storage/sqlite/sqlite_store.hpp"

#include "gateway/storage/identifier.hpp"
#include "gateway/storage/prepared.hpp"
#include "gateway/storage/sqlite/doctor.hpp"
#include "gateway/storage/sqlite/lock_file.hpp"
#include "gateway/storage/sqlite/open_store.hpp"
#include "gateway/storage/sqlite/resource_keys.hpp"
#include "gateway/storage/sqlite/writer.hpp"

#include <sqlite3.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>

namespace causeway::storage {

namespace {

constexpr std::chrono::milliseconds reader_wait{1'000};

TimeUs system_now_us() {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

SearchLimits search_limits(const SqliteOptions& options) {
    SearchLimits limits;
    limits.now_us = options.now_us;
    limits.page_token_life_us = options.page_token_life_us;
    limits.terminology = options.terminology;
    limits.walk_min = options.walk_min;
    limits.reading = {options.zone_offset_minutes, options.base_url, options.custom_parameters};
    return limits;
}

class SqliteStore final : public Store {
public:
    explicit SqliteStore(SqliteOptions options)
        : options_(std::move(options)),
          lock_(options_.file.string() + ".lock"),
          writer_(options_, catalog_, search_limits(options_), [this] { end_idle_readers(); }) {}

    ~SqliteStore() override { close(); }

    std::string new_id() override { return identifiers_.next(options_.now_us()); }

    PreparedResource prepare(std::string_view type, std::string_view id, PreparedBody body,
                             std::span<const fhir::search::SearchValue> values,
                             std::span<const fhir::search::SearchValue> contained) override {
        auto content = std::make_shared<PreparedResource::Content>();
        content->type = type;
        content->id = id;
        content->type_code = catalog_.type_code(type);
        content->size = body.json.size();
        auto packed = catalog_.codec.pack(body.json);
        content->packed = std::move(packed.data);
        content->dictionary = packed.dictionary;
        content->body.splice = body.splice;
        content->body.has_meta = body.has_meta;
        auto made = resource_keys(catalog_, content->type_code, values, contained);
        content->keys = std::move(made.list.items());
        content->references = std::move(made.references);
        return PreparedResource(std::move(content));
    }

    PackedBytes pack(std::string_view bytes) const override { return {catalog_.codec.pack_plain(bytes), bytes.size()}; }

    void submit(std::unique_ptr<Work> work) override { writer_.submit(std::move(work)); }

    Result<Snapshot> snapshot() override {
        try {
            std::unique_ptr<SqliteReader> reader;
            {
                std::unique_lock lock(readers_mutex_);
                const auto ready = [&] { return closed_ || !idle_.empty() || readers_ < options_.readers_max; };
                if (!reader_free_.wait_for(lock, reader_wait, ready))
                    return Failure{FailureCode::busy, "no reader is free"};
                if (closed_) return Failure{FailureCode::stopped, "the store is closed"};
                if (!idle_.empty()) {
                    reader = std::move(idle_.back());
                    idle_.pop_back();
                } else {
                    ++readers_;
                }
                ++in_use_;
            }
            try {
                if (!reader)
                    reader = std::make_unique<SqliteReader>(options_.file, options_.reader_cache_bytes,
                                                            options_.secrets.pages, catalog_, search_limits(options_));
                reader->begin(writer_.state());
            } catch (...) {
                const std::lock_guard lock(readers_mutex_);
                --readers_;
                --in_use_;
                throw;
            }
            auto* const borrowed = reader.release();
            return Snapshot(*borrowed, [this, borrowed] { give_back(borrowed); });
        } catch (const FailureException& exception) {
            return exception.failure();
        }
    }

    StoreMetrics metrics() const override {
        auto out = writer_.metrics();
        const std::lock_guard lock(readers_mutex_);
        out.readers = in_use_;
        return out;
    }

    std::string engine() const override {
        return std::string("SQLite ") + sqlite3_libversion() + " " + sqlite3_sourceid();
    }

    Result<BackupReport> backup_blocking(const std::string& path) override {
        auto copied = writer_.backup(path);
        if (copied.has_error()) return copied.error();
        try {
            // An unverified backup is a failed one.
            Connection copy(path, Access::reader, 1u << 20, options_.secrets.pages);
            register_tokenizer(copy);
            const auto verdict = copy.scalar("PRAGMA integrity_check");
            if (verdict != "ok")
                return Failure{FailureCode::corrupt, "the backup does not pass the integrity check: " + verdict};
            CheckReport audit;
            check_audit(copy, options_.secrets.audit, audit);
            if (!audit.faults.empty())
                return Failure{FailureCode::corrupt, "the backup's audit chain is broken: " + audit.faults.front()};
            BackupReport report;
            std::tie(report.sha256, report.bytes) = file_digest(path);
            report.last_vid = *copied;
            return report;
        } catch (const FailureException& exception) {
            return exception.failure();
        }
    }

    Result<CheckReport> check_blocking() override {
        try {
            Connection connection(options_.file, Access::reader, options_.reader_cache_bytes, options_.secrets.pages);
            register_tokenizer(connection);
            return check_store(connection, catalog_, options_.secrets.audit);
        } catch (const FailureException& exception) {
            return exception.failure();
        }
    }

    Result<void> rebuild_index_blocking() override { return writer_.rebuild_index(); }

    void close() override {
        {
            const std::lock_guard lock(readers_mutex_);
            if (closed_) return;
            closed_ = true;
            idle_.clear();  // readers go first; the writer runs the last checkpoint
        }
        reader_free_.notify_all();
        writer_.close();
    }

private:
    void give_back(SqliteReader* borrowed) {
        std::unique_ptr<SqliteReader> reader(borrowed);
        // Left open on an old state it would hold the log back for as long as nobody asks for a snapshot.
        if (!reader->is_at(writer_.generation())) reader->end();
        const std::lock_guard lock(readers_mutex_);
        --in_use_;
        if (reader->usable() && !closed_)
            idle_.push_back(std::move(reader));
        else
            --readers_;
        reader_free_.notify_one();
    }

    /// Before a checkpoint, on the writer's thread.
    void end_idle_readers() {
        const std::lock_guard lock(readers_mutex_);
        for (const auto& reader : idle_) reader->end();
        readers_ -= std::erase_if(idle_, [](const auto& reader) { return !reader->usable(); });
    }

    SqliteOptions options_;
    LockFile lock_;
    Catalog catalog_;
    IdentifierSource identifiers_;
    mutable std::mutex readers_mutex_;
    std::condition_variable reader_free_;
    std::vector<std::unique_ptr<SqliteReader>> idle_;
    std::size_t readers_ = 0;
    std::size_t in_use_ = 0;
    bool closed_ = false;
    Writer writer_;  // the last, since its thread uses the readers
};

}  // namespace

void SqliteReader::begin(IndexState state) {
    if (is_at(state.generation)) return;
    end();
    if (guard_.broken) throw FailureException(*guard_.broken);
    generation_ = state.generation;
    search_.use(std::move(state));
    connection_.query(sql::Statement::begin_read).run();
    open_ = true;
}

void SqliteReader::end() noexcept {
    if (!open_) return;
    open_ = false;
    try {
        connection_.query(sql::Statement::commit).run();
    } catch (const FailureException& exception) {
        guard_.broken = exception.failure();
    }
}

Result<std::unique_ptr<Store>> open_sqlite(SqliteOptions options) {
    try {
        if (!options.now_us) options.now_us = system_now_us;
        return std::unique_ptr<Store>(std::make_unique<SqliteStore>(std::move(options)));
    } catch (const FailureException& exception) {
        return exception.failure();
    }
}

}  // namespace causeway::storage
