#pragma once
#include "gateway/storage/sql/statements.hpp"
#include "gateway/storage/types.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace causeway::storage {

/// A prepared statement in use: bind in order, step, read columns. Resets itself at its end, so that no read
/// transaction hangs on it. Every failure throws FailureException; the driver's verbs turn it into a Result at their
/// edge.
class Query {
public:
    explicit Query(sqlite3* db, sqlite3_stmt* statement) : db_(db), statement_(statement) {}
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;
    ~Query();

    Query& bind(std::int64_t value);
    /// Borrowed until the query ends.
    Query& bind(std::string_view text);
    Query& bind_blob(std::string_view bytes);
    template <class... Values>
    Query& bind_all(const Values&... values) {
        (bind(values), ...);
        return *this;
    }

    /// True while there is a row.
    bool step();
    /// For statements without rows.
    void run();

    std::int64_t integer(int column) const;
    /// Valid until the next step.
    std::string_view text(int column) const;
    std::string_view blob(int column) const;
    bool is_null(int column) const;

private:
    sqlite3* db_;
    sqlite3_stmt* statement_;
    int bound_ = 0;
};

enum class Access : std::uint8_t { writer, reader };

/// One SQLite connection with the settings its role demands, asserted, and its prepared statements. For one thread at a
/// time. There is one writer connection in a process, and it alone checkpoints (SQLite before 3.51.3 can lose commits
/// when two connections write or checkpoint at the same instant).
class Connection {
public:
    /// `page_key`: as StoreSecrets::pages.
    Connection(const std::filesystem::path& file, Access access, std::size_t cache_bytes,
               std::string_view page_key = {});
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    /// The cached statement, ready to bind.
    Query query(sql::Statement statement);
    /// A statement outside the list (pragmas, virtual tables); prepared each time.
    void execute(const std::string& sql);
    std::string scalar(const std::string& sql);
    sqlite3* handle() const noexcept { return db_; }
    const std::string& page_key() const noexcept { return page_key_; }
    /// No transaction is open: SQLite itself rolled it back, or none was begun.
    bool autocommit() const noexcept;
    /// Rows the last statement changed.
    std::int64_t changes() const noexcept;
    [[noreturn]] void fail(const char* what) const;

private:
    sqlite3* db_ = nullptr;
    std::string page_key_;
    std::array<sqlite3_stmt*, sql::statement_count> statements_{};
};

/// What the last error of a connection is to the store's callers.
Failure failure_of(sqlite3* db, std::string_view what);

}  // namespace causeway::storage
