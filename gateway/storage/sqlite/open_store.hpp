#pragma once
#include "gateway/storage/sqlite/catalog.hpp"
#include "gateway/storage/sqlite/connection.hpp"
#include "gateway/storage/sqlite/dead_set.hpp"
#include "gateway/storage/sqlite/open_group.hpp"

namespace causeway::storage {

/// Brings the schema to this build's version, one transaction a step, a copy of the file before the first step of an
/// existing one. Throws FailureException (newer_schema) for a file of a later build.
void migrate(Connection& writer, const std::filesystem::path& file);

/// What a stored file says to its readers: hash key, types, dictionaries. Writes nothing.
void read_catalog(Connection& connection, Catalog& catalog);

/// Fills the catalog: hash key, types, parameters (this build's are added), dictionaries.
void load_catalog(Connection& writer, Catalog& catalog);

/// The next numbers, from what is stored.
void load_counters(Connection& writer, OpenGroup& group);

/// Superseded versions: the saved chunks, then the versions after them.
IndexState load_state(Connection& writer, Vid& saved_upto);
/// Saves the chunks that changed since `saved`; inside a transaction of the caller.
void save_state(Connection& writer, const IndexState& state, const IndexState* saved);

std::string meta(Connection& connection, std::string_view name);
void set_meta(Connection& connection, std::string_view name, std::string_view value);

}  // namespace causeway::storage
