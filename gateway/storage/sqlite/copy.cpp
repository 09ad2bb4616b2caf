#include "gateway/storage/sqlite/copy.hpp"

#include <openssl/evp.h>
#include <sqlite3.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

#include "gateway/storage/sqlite/page_codec.hpp"

namespace causeway::storage {

namespace {

/// A file that nobody else has open.
sqlite3* open_alone(const std::string& file, std::string_view page_key) {
    sqlite3* opened = nullptr;
    try {
        if (sqlite3_open_v2(file.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                            nullptr) != SQLITE_OK)
            throw FailureException(failure_of(opened, "copy: open"));
        set_page_key(opened, page_key);
        return opened;
    } catch (...) {
        sqlite3_close_v2(opened);
        throw;
    }
}

}  // namespace

DatabaseCopy::DatabaseCopy(Connection& source, const std::string& target) : target_(target) {
    if (std::filesystem::exists(target)) throw FailureException({FailureCode::io, target + " exists already"});
    to_ = open_alone(target, source.page_key());
    backup_ = sqlite3_backup_init(to_, "main", source.handle(), "main");
    if (!backup_) {
        const auto failure = failure_of(to_, "backup: begin");
        sqlite3_close_v2(to_);
        throw FailureException(failure);
    }
}

DatabaseCopy::~DatabaseCopy() {
    if (backup_) sqlite3_backup_finish(backup_);
    if (to_) sqlite3_close_v2(to_);
}

bool DatabaseCopy::step(int pages) {
    const int rc = sqlite3_backup_step(backup_, pages);
    if (rc == SQLITE_OK || rc == SQLITE_BUSY || rc == SQLITE_LOCKED) return false;
    const int finished = sqlite3_backup_finish(backup_);
    backup_ = nullptr;
    if (rc != SQLITE_DONE || finished != SQLITE_OK) throw FailureException(failure_of(to_, "backup: copy"));
    // A copy stands alone: one file, no log beside it.
    if (sqlite3_exec(to_, "PRAGMA journal_mode=DELETE", nullptr, nullptr, nullptr) != SQLITE_OK)
        throw FailureException(failure_of(to_, "backup: close"));
    sqlite3_close_v2(to_);
    to_ = nullptr;
    return true;
}

void copy_database(Connection& source, const std::string& target) {
    DatabaseCopy copy(source, target);
    while (!copy.step(-1)) {
    }
}

void rekey_copy(const std::string& file, std::string_view old_key, std::string_view new_key) {
    sqlite3* const copy = open_alone(file, old_key);
    try {
        change_page_key(copy, new_key);
        sqlite3_close_v2(copy);
    } catch (...) {
        sqlite3_close_v2(copy);
        throw;
    }
}

std::pair<std::string, std::uint64_t> file_digest(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw FailureException({FailureCode::io, "cannot read " + path});
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    if (!context || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1)
        throw FailureException({FailureCode::internal, "SHA-256 is not available"});
    std::vector<char> buffer(1 << 16);
    std::uint64_t size = 0;
    while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || file.gcount() > 0) {
        EVP_DigestUpdate(context.get(), buffer.data(), static_cast<std::size_t>(file.gcount()));
        size += static_cast<std::uint64_t>(file.gcount());
    }
    std::array<unsigned char, 32> digest{};
    unsigned length = 0;
    EVP_DigestFinal_ex(context.get(), digest.data(), &length);
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (const auto byte : digest) {
        out += digits[byte >> 4];
        out += digits[byte & 0xf];
    }
    return {out, size};
}

}  // namespace causeway::storage
