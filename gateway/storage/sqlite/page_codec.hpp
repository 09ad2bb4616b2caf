#pragma once
#include "gateway/storage/secrets.hpp"

#include <string_view>

struct sqlite3;

namespace causeway::storage {

/// Gives a connection that was just opened the key of its pages, before it reads the first one. An empty key: nothing
/// to do. Throws FailureException: `refused` for a key of another length, or where this build has no codec.
void set_page_key(sqlite3* db, std::string_view key);

/// Writes every page anew under another key (empty: plain), in one transaction. The file must have no log.
void change_page_key(sqlite3* db, std::string_view key);

}  // namespace causeway::storage
