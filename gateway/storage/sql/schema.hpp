#pragma once
#include <span>
#include <string_view>

namespace causeway::storage::sql {

/// One step of the schema, applied in one transaction; its place in the list is the schema version it leads to. Steps
/// are never edited after a release, only added. What only one driver needs (virtual tables, pragmas) is with the
/// driver. Written in what SQLite and PostgreSQL both take, but for the type words BLOB (bytea) and INTEGER (bigint),
/// WITHOUT ROWID.
struct Migration {
    std::string_view name;
    std::span<const std::string_view> statements;
};

std::span<const Migration> migrations();

}  // namespace causeway::storage::sql
