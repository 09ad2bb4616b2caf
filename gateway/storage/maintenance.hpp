#pragma once
#include "gateway/storage/audit_chain.hpp"
#include "gateway/storage/secrets.hpp"
#include "gateway/storage/storage.hpp"

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace causeway::storage {

/// Work on a store's file from outside the process that serves it. All but restore read only, through one read
/// transaction, take no lock and may run beside a running gateway; a long one lets the write-ahead log grow meanwhile,
/// since the log cannot start over while it is being read. Blocking; for commands.

/// What stands in the file, without walking it.
struct Inspection {
    std::string engine;             ///< name and version of the database library
    std::int64_t schema = 0;        ///< of the file
    std::int64_t schema_known = 0;  ///< the latest that this program knows
    bool closed_cleanly = false;    ///< false also while a gateway has it open
    bool held = false;              ///< another process has the store open for writing
    std::uint64_t file_bytes = 0;
    std::uint64_t log_bytes = 0;
    std::int64_t last_vid = 0;
    std::int64_t waiting = 0;  ///< messages for partners not delivered yet
    std::int64_t dead = 0;     ///< messages for partners set aside
    std::int64_t reviews = 0;  ///< pairs of patients that wait for a person
    std::int64_t audit = 0;    ///< rows of the audit trail
    std::int64_t trouble = 0;  ///< messages received that are held, failed or were rejected
};
Result<Inspection> inspect_file(const std::filesystem::path& file, const StoreSecrets& secrets);

/// Everything: file structure, version chains, bodies, index against the stored keys, audit chain.
Result<CheckReport> check_file(const std::filesystem::path& file, const StoreSecrets& secrets);

/// The audit chain alone; with anchors (places noted elsewhere) a cut end is found too.
Result<CheckReport> check_audit_file(const std::filesystem::path& file, const StoreSecrets& secrets,
                                     std::span<const AuditMark> anchors = {});

/// Copies the store to `target`, which must not exist, then checks the copy as check_file does: an unverified backup is
/// a failed one, and is removed.
Result<BackupReport> backup_file(const std::filesystem::path& file, const std::filesystem::path& target,
                                 const StoreSecrets& secrets);

/// Puts a checked copy of `backup` in the place of `file`. Holds the store's lock: FailureCode::locked beside a running
/// gateway. What stood there is renamed to `<file>.before-restore-<now>`; without `replace` it is not touched and the
/// answer is FailureCode::refused.
Result<BackupReport> restore_file(const std::filesystem::path& backup, const std::filesystem::path& file,
                                  const StoreSecrets& secrets, bool replace);

/// Writes every page of the store anew under `page_key` (empty: plain). Works on a checked copy, checks that again and
/// puts it in the place of `file`; what stood there is renamed to `<file>.before-rekey-<now>`, and is readable with the
/// old key (or without one, if it was plain) until it is destroyed. Locks like restore_file.
Result<BackupReport> rekey_file(const std::filesystem::path& file, const StoreSecrets& secrets,
                                std::string_view page_key);

}  // namespace causeway::storage
