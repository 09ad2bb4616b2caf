#include "gateway/terminology/database.hpp"

#include <sqlite3.h>

#include <stdexcept>

namespace causeway::terminology {

namespace {

[[noreturn]] void fail(sqlite3* db) { throw std::runtime_error(std::string("SQLite: ") + sqlite3_errmsg(db)); }

}  // namespace

Statement::Statement(sqlite3* db, std::string_view sql) : db_(db) {
    if (sqlite3_prepare_v3(db, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &statement_,
                           nullptr) != SQLITE_OK)
        fail(db);
}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::bind(int index, std::string_view text) {
    if (sqlite3_bind_text64(statement_, index, text.data() ? text.data() : "", text.size(), SQLITE_STATIC,
                            SQLITE_UTF8) != SQLITE_OK)
        fail(db_);
    return *this;
}

Statement& Statement::bind(int index, std::int64_t number) {
    if (sqlite3_bind_int64(statement_, index, number) != SQLITE_OK) fail(db_);
    return *this;
}

bool Statement::step() {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) fail(db_);
    return false;
}

void Statement::reset() { sqlite3_reset(statement_); }

void Statement::run() {
    while (step()) {
    }
    reset();
}

std::string_view Statement::text(int column) const {
    const auto* const text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return {text ? text : "", static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_, column); }

Database::Database(const std::filesystem::path& file, Mode mode) {
    const int flags =
        SQLITE_OPEN_NOMUTEX | (mode == Mode::read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    sqlite3* opened = nullptr;  // set even where opening fails
    const int code = sqlite3_open_v2(file.c_str(), &opened, flags, nullptr);
    db_.reset(opened);
    if (code != SQLITE_OK)
        throw std::runtime_error(file.string() + ": " + (opened ? sqlite3_errmsg(opened) : "out of memory"));
    // A file under its final name never changes: an import makes a new one and renames it.
    if (mode == Mode::read)
        execute("PRAGMA query_only=1; PRAGMA cache_size=-4096; PRAGMA temp_store=2");
    else
        execute("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA page_size=8192; PRAGMA cache_size=-65536");
}

void Database::Close::operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }

void Database::execute(const char* sql) {
    if (sqlite3_exec(handle(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail(handle());
}

}  // namespace causeway::terminology
