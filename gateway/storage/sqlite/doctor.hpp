#pragma once
#include "gateway/storage/audit_chain.hpp"
#include "gateway/storage/sqlite/catalog.hpp"
#include "gateway/storage/sqlite/connection.hpp"
#include "gateway/storage/storage.hpp"

namespace causeway::storage {

/// Walks a store over one read-only connection, in one read transaction.
CheckReport check_store(Connection& connection, Catalog& catalog, std::string_view audit_key);

/// The audit chain alone: no gap, every hash as computed.
/// With anchors also: each names a row that is there, or was purged, and the end was not cut off below one.
void check_audit(Connection& connection, std::string_view audit_key, CheckReport& report,
                 std::span<const AuditMark> anchors = {});

}  // namespace causeway::storage
