#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace causeway::terminology {

/// A prepared statement: bind from 1, step, read columns from 0. A failure throws std::runtime_error with SQLite's
/// words. Bound text is borrowed until the next reset().
class Statement {
public:
    Statement(sqlite3* db, std::string_view sql);
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;
    ~Statement();

    Statement& bind(int index, std::string_view text);
    Statement& bind(int index, std::int64_t number);
    /// True while there is a row.
    bool step();
    void reset();
    /// Steps to the end and resets.
    void run();

    std::string_view text(int column) const;
    std::int64_t integer(int column) const;

private:
    sqlite3* db_;
    sqlite3_stmt* statement_ = nullptr;
};

/// Resets a statement at the end of its use, so that no read transaction stays open.
class Use {
public:
    explicit Use(Statement& statement) : statement_(statement) {}
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ~Use() { statement_.reset(); }

private:
    Statement& statement_;
};

/// One connection to a file of one code system. For one thread at a time.
class Database {
public:
    enum class Mode : std::uint8_t { read, create };
    Database(const std::filesystem::path& file, Mode mode);

    void execute(const char* sql);
    sqlite3* handle() const noexcept { return db_.get(); }

private:
    struct Close {
        void operator()(sqlite3* db) const noexcept;
    };
    std::unique_ptr<sqlite3, Close> db_;
};

}  // namespace causeway::terminology
