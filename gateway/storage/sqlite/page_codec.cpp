#include "gateway/storage/sqlite/page_codec.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include "gateway/storage/sqlite/connection.hpp"

namespace causeway::storage {

#ifdef CAUSEWAY_PAGE_CODEC

namespace {

/// The codec takes a key as it is, without deriving one from a password, behind this word.
std::string raw_key(std::string_view key) {
    if (key.size() != page_key_bytes) {
        throw FailureException({FailureCode::refused,
                                fmt::format("the key of the pages has {} bytes, not {}", key.size(), page_key_bytes)});
    }
    return "raw:" + std::string(key);
}

void choose_cipher(sqlite3* db) {
    if (sqlite3_exec(db, "PRAGMA cipher='chacha20'", nullptr, nullptr, nullptr) != SQLITE_OK)
        throw FailureException(failure_of(db, "choose the cipher"));
}

}  // namespace

bool can_encrypt_pages() noexcept { return true; }

void set_page_key(sqlite3* db, std::string_view key) {
    if (key.empty()) return;
    const std::string raw = raw_key(key);
    choose_cipher(db);
    if (sqlite3_key_v2(db, "main", raw.data(), static_cast<int>(raw.size())) != SQLITE_OK)
        throw FailureException(failure_of(db, "set the key of the pages"));
}

void change_page_key(sqlite3* db, std::string_view key) {
    const std::string raw = key.empty() ? std::string() : raw_key(key);
    choose_cipher(db);
    if (sqlite3_rekey_v2(db, "main", raw.data(), static_cast<int>(raw.size())) != SQLITE_OK)
        throw FailureException(failure_of(db, "change the key of the pages"));
}

#else

namespace {

[[noreturn]] void refuse() {
    throw FailureException({FailureCode::refused, "this build cannot encrypt pages; the preset release-encrypted can"});
}

}  // namespace

bool can_encrypt_pages() noexcept { return false; }

void set_page_key(sqlite3*, std::string_view key) {
    if (!key.empty()) refuse();
}

void change_page_key(sqlite3*, std::string_view) { refuse(); }

#endif

}  // namespace causeway::storage
