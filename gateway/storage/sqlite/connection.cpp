#include "gateway/storage/sqlite/connection.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include "gateway/storage/sqlite/page_codec.hpp"

namespace causeway::storage {

Failure failure_of(sqlite3* db, std::string_view what) {
    const int code = db ? sqlite3_extended_errcode(db) : SQLITE_NOMEM;
    auto kind = FailureCode::io;
    switch (code & 0xff) {
        case SQLITE_FULL:
            kind = FailureCode::full;
            break;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            kind = FailureCode::busy;
            break;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            kind = FailureCode::corrupt;
            break;
        case SQLITE_CONSTRAINT:
        case SQLITE_INTERRUPT:
            kind = FailureCode::too_costly;
            break;
        case SQLITE_ERROR:
        case SQLITE_MISUSE:
        case SQLITE_RANGE:
            kind = FailureCode::internal;
            break;
        default:
            break;
    }
    return {kind, fmt::format("sqlite: {}: {} ({})", what, db ? sqlite3_errmsg(db) : "no memory", code)};
}

namespace {

/// SQLite counts what it allocates under one lock for all connections, which its threads then queue for. Nobody reads
/// the figures.
void without_statistics() { [[maybe_unused]] static const int once = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }

}  // namespace

Query::~Query() { sqlite3_reset(statement_); }

Query& Query::bind(std::int64_t value) {
    if (sqlite3_bind_int64(statement_, ++bound_, value) != SQLITE_OK) throw FailureException(failure_of(db_, "bind"));
    return *this;
}

Query& Query::bind(std::string_view text) {
    // A null pointer would bind NULL.
    if (sqlite3_bind_text64(statement_, ++bound_, text.data() ? text.data() : "", text.size(), SQLITE_STATIC,
                            SQLITE_UTF8) != SQLITE_OK)
        throw FailureException(failure_of(db_, "bind"));
    return *this;
}

Query& Query::bind_blob(std::string_view bytes) {
    if (sqlite3_bind_blob64(statement_, ++bound_, bytes.data() ? bytes.data() : "", bytes.size(), SQLITE_STATIC) !=
        SQLITE_OK)
        throw FailureException(failure_of(db_, "bind"));
    return *this;
}

bool Query::step() {
    switch (sqlite3_step(statement_)) {
        case SQLITE_ROW:
            return true;
        case SQLITE_DONE:
            return false;
        default:
            throw FailureException(failure_of(db_, sqlite3_sql(statement_)));
    }
}

void Query::run() {
    while (step()) {
    }
}

std::int64_t Query::integer(int column) const { return sqlite3_column_int64(statement_, column); }

std::string_view Query::text(int column) const {
    const auto* const bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return bytes ? std::string_view(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)))
                 : std::string_view();
}

std::string_view Query::blob(int column) const {
    const auto* const bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    return bytes ? std::string_view(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)))
                 : std::string_view();
}

bool Query::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

Connection::Connection(const std::filesystem::path& file, Access access, std::size_t cache_bytes,
                       std::string_view page_key)
    : page_key_(page_key) {
    without_statistics();
    const int flags = (access == Access::writer ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY) |
                      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    if (sqlite3_open_v2(file.c_str(), &db_, flags, nullptr) != SQLITE_OK) {
        const auto failure = failure_of(db_, "open");
        sqlite3_close_v2(db_);
        throw FailureException(failure);
    }
    try {
        set_page_key(db_, page_key_);
        const auto must = [this](const std::string& pragma, std::string_view wanted) {
            const auto got = scalar("PRAGMA " + pragma);
            if (got != wanted)
                throw FailureException(
                    {FailureCode::internal, fmt::format("sqlite: PRAGMA {} is {}, must be {}", pragma, got, wanted)});
        };
        sqlite3_limit(db_, SQLITE_LIMIT_ATTACHED, 0);
        sqlite3_limit(db_, SQLITE_LIMIT_EXPR_DEPTH, 100);
        sqlite3_limit(db_, SQLITE_LIMIT_SQL_LENGTH, 1'000'000);
        sqlite3_limit(db_, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 100);
        execute("PRAGMA busy_timeout=5000");
        execute("PRAGMA trusted_schema=OFF");
        execute("PRAGMA cell_size_check=ON");
        execute("PRAGMA mmap_size=0");
        execute("PRAGMA temp_store=MEMORY");
        execute("PRAGMA foreign_keys=OFF");
        execute(fmt::format("PRAGMA cache_size=-{}", cache_bytes / 1024));
        execute("PRAGMA wal_autocheckpoint=0");
        if (access == Access::writer) {
            execute("PRAGMA page_size=4096");
            execute("PRAGMA secure_delete=ON");  // what is deleted is overwritten
            must("secure_delete", "1");
            must("journal_mode=WAL", "wal");
            execute("PRAGMA synchronous=FULL");
            must("synchronous", "2");
            must("journal_mode", "wal");
        } else {
            execute("PRAGMA query_only=ON");
            must("query_only", "1");
            int on = 0;
            if (sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, &on) != SQLITE_OK || on != 1)
                throw FailureException({FailureCode::internal, "sqlite: a reader would checkpoint at close"});
        }
        must("wal_autocheckpoint", "0");
        must("mmap_size", "0");
    } catch (...) {
        sqlite3_close_v2(db_);
        throw;
    }
}

Connection::~Connection() {
    for (auto* const statement : statements_) sqlite3_finalize(statement);
    sqlite3_close_v2(db_);
}

Query Connection::query(sql::Statement statement) {
    auto& slot = statements_[static_cast<std::size_t>(statement)];
    if (!slot) {
        const auto text = sql::text(statement);
        if (sqlite3_prepare_v3(db_, text.data(), static_cast<int>(text.size()), SQLITE_PREPARE_PERSISTENT, &slot,
                               nullptr) != SQLITE_OK)
            fail(std::string(text).c_str());
    }
    return Query(db_, slot);
}

void Connection::execute(const std::string& sql) {
    if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail(sql.c_str());
}

std::string Connection::scalar(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) fail(sql.c_str());
    std::string out;
    const int step = sqlite3_step(statement);
    if (step == SQLITE_ROW) {
        if (const auto* const text = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0))) out = text;
    }
    sqlite3_finalize(statement);
    if (step != SQLITE_ROW && step != SQLITE_DONE) fail(sql.c_str());
    return out;
}

bool Connection::autocommit() const noexcept { return sqlite3_get_autocommit(db_) != 0; }

std::int64_t Connection::changes() const noexcept { return sqlite3_changes64(db_); }

void Connection::fail(const char* what) const { throw FailureException(failure_of(db_, what)); }

}  // namespace causeway::storage
