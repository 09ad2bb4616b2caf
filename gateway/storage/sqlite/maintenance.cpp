#include "gateway/storage/maintenance.hpp"

#include "gateway/storage/sql/schema.hpp"
#include "gateway/storage/sqlite/copy.hpp"
#include "gateway/storage/sqlite/doctor.hpp"
#include "gateway/storage/sqlite/key_index.hpp"
#include "gateway/storage/sqlite/lock_file.hpp"
#include "gateway/storage/sqlite/open_store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <chrono>

namespace causeway::storage {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t cache_bytes = 16u << 20;

/// Read-only, of the schema this program knows.
class OpenFile {
public:
    OpenFile(const fs::path& file, std::string_view page_key)
        : connection(existing(file), Access::reader, cache_bytes, page_key) {
        register_tokenizer(connection);
        const auto latest = static_cast<std::int64_t>(sql::migrations().size());
        schema = std::stoll(connection.scalar("PRAGMA user_version"));
        if (schema > latest)
            throw FailureException(
                {FailureCode::newer_schema,
                 fmt::format("{} has schema {}, this program knows up to {}", file.string(), schema, latest)});
        if (schema == 0) throw FailureException({FailureCode::corrupt, file.string() + " is not a store of Causeway"});
    }

    Connection connection;
    std::int64_t schema = 0;

private:
    static const fs::path& existing(const fs::path& file) {
        if (!fs::exists(file)) throw FailureException({FailureCode::not_found, file.string() + " does not exist"});
        return file;
    }
};

template <class Job>
auto guarded(Job job) -> Result<decltype(job())> {
    try {
        return job();
    } catch (const FailureException& exception) {
        return exception.failure();
    } catch (const fs::filesystem_error& error) {
        return Failure{FailureCode::io, error.what()};
    } catch (const std::invalid_argument&) {
        return Failure{FailureCode::corrupt, "the file is not a store of Causeway"};
    }
}

std::int64_t count(Connection& connection, const char* sql) { return std::stoll(connection.scalar(sql)); }

CheckReport check(const fs::path& file, const StoreSecrets& secrets) {
    OpenFile open(file, secrets.pages);
    Catalog catalog;
    read_catalog(open.connection, catalog);
    return check_store(open.connection, catalog, secrets.audit);
}

/// A rename or a copy is only there after its bytes and its directory are.
void sync(const fs::path& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const bool good = descriptor >= 0 && ::fsync(descriptor) == 0;
    if (descriptor >= 0) ::close(descriptor);
    if (!good) throw FailureException({FailureCode::io, "cannot sync " + path.string()});
}

fs::path directory_of(const fs::path& file) { return file.has_parent_path() ? file.parent_path() : fs::path("."); }

/// A copy that passes its check and is on the disk; one that does not is removed.
BackupReport checked_copy(const fs::path& copy, const StoreSecrets& secrets) {
    try {
        BackupReport report;
        fs::permissions(copy, fs::perms::owner_read | fs::perms::owner_write);
        const auto found = check(copy, secrets);
        if (!found.faults.empty())
            throw FailureException({FailureCode::corrupt, "the copy does not pass its check: " + found.faults.front()});
        OpenFile open(copy, secrets.pages);
        report.last_vid = count(open.connection, "SELECT COALESCE(MAX(vid), 0) FROM version");
        std::tie(report.sha256, report.bytes) = file_digest(copy.string());
        sync(copy);
        sync(directory_of(copy));
        return report;
    } catch (...) {
        std::error_code ignored;
        fs::remove(copy, ignored);
        throw;
    }
}

BackupReport copy_checked(const fs::path& from, const fs::path& to, const StoreSecrets& secrets) {
    {
        OpenFile open(from, secrets.pages);
        copy_database(open.connection, to.string());
    }
    return checked_copy(to, secrets);
}

/// What stood there is renamed to `<file>.<why>-<now>`.
void put_in_place(const fs::path& incoming, const fs::path& file, std::string_view why) {
    if (fs::exists(file)) {
        const auto now =
            std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
                .count();
        const auto aside = fmt::format("{}.{}-{}", file.string(), why, now);
        // The log belongs to the file it was written for: they go together.
        for (const char* part : {"-wal", "-shm", ""}) {
            const fs::path old = file.string() + part;
            if (fs::exists(old)) fs::rename(old, aside + part);
        }
    }
    fs::rename(incoming, file);
    sync(directory_of(file));
}

}  // namespace

Result<Inspection> inspect_file(const fs::path& file, const StoreSecrets& secrets) {
    return guarded([&] {
        OpenFile open(file, secrets.pages);
        auto& connection = open.connection;
        Inspection found;
        found.engine = fmt::format("SQLite {}", sqlite3_libversion());
        found.schema = open.schema;
        found.schema_known = static_cast<std::int64_t>(sql::migrations().size());
        found.closed_cleanly = meta(connection, "clean") == "1";
        found.held = lock_held(file.string() + ".lock");
        found.file_bytes = fs::file_size(file);
        std::error_code none;
        if (const auto log = fs::file_size(file.string() + "-wal", none); !none) found.log_bytes = log;
        found.last_vid = count(connection, "SELECT COALESCE(MAX(vid), 0) FROM version");
        found.waiting = count(connection, "SELECT COUNT(*) FROM outbox_lane");
        found.dead = count(connection, "SELECT COUNT(*) FROM outbox WHERE state = 3");
        found.reviews = count(connection, "SELECT COUNT(*) FROM review WHERE open = 1");
        found.audit = count(connection, "SELECT COALESCE(MAX(seq), 0) FROM audit");
        found.trouble = count(connection, "SELECT COUNT(*) FROM inbox WHERE state <> 2");
        return found;
    });
}

Result<CheckReport> check_file(const fs::path& file, const StoreSecrets& secrets) {
    return guarded([&] { return check(file, secrets); });
}

Result<CheckReport> check_audit_file(const fs::path& file, const StoreSecrets& secrets,
                                     std::span<const AuditMark> anchors) {
    return guarded([&] {
        OpenFile open(file, secrets.pages);
        CheckReport report;
        check_audit(open.connection, secrets.audit, report, anchors);
        return report;
    });
}

Result<BackupReport> backup_file(const fs::path& file, const fs::path& target, const StoreSecrets& secrets) {
    return guarded([&] { return copy_checked(file, target, secrets); });
}

Result<BackupReport> restore_file(const fs::path& backup, const fs::path& file, const StoreSecrets& secrets,
                                  bool replace) {
    return guarded([&] {
        const LockFile lock(file.string() + ".lock");
        if (fs::exists(file) && !replace)
            throw FailureException({FailureCode::refused, file.string() + " exists; --replace sets it aside"});
        const fs::path incoming = file.string() + ".restoring";
        fs::remove(incoming);
        const auto report = copy_checked(backup, incoming, secrets);
        put_in_place(incoming, file, "before-restore");
        return report;
    });
}

Result<BackupReport> rekey_file(const fs::path& file, const StoreSecrets& secrets, std::string_view page_key) {
    return guarded([&] {
        const LockFile lock(file.string() + ".lock");
        const fs::path incoming = file.string() + ".rekeying";
        fs::remove(incoming);
        copy_checked(file, incoming, secrets);
        rekey_copy(incoming.string(), secrets.pages, page_key);
        const StoreSecrets renewed{secrets.audit, std::string(page_key)};
        const auto report = checked_copy(incoming, renewed);
        put_in_place(incoming, file, "before-rekey");
        return report;
    });
}

}  // namespace causeway::storage
