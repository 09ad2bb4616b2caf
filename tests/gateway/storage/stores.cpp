#include "tests/gateway/storage/stores.hpp"

#include "fhir/json/json.hpp"
#include "fhir/search/extract.hpp"

#include <unistd.h>

namespace causeway::storage::test {

Folder::Folder() {
    auto pattern = (std::filesystem::temp_directory_path() / "causeway-storage-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
}

Folder::~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

SqliteDriver::SqliteDriver(SqliteOptions wanted) : options(std::move(wanted)) {
    options.file = folder.path() / "store.db";
    options.now_us = [clock = clock] { return clock->load(); };
    options.fault = [failures = failures](const char*) { return failures->load() > 0 && failures->fetch_sub(1) > 0; };
    open();
}

void SqliteDriver::open() {
    auto opened = open_sqlite(options);
    REQUIRE_MESSAGE(opened.has_value(), (opened.has_error() ? opened.error().message : std::string()));
    store = std::move(*opened);
}

MemoryDriver::MemoryDriver() {
    MemoryOptions options;
    options.now_us = [clock = clock] { return clock->load(); };
    options.fault = [failures = failures](const char*) { return failures->load() > 0 && failures->fetch_sub(1) > 0; };
    store = make_memory_store(options);
}

PreparedResource prepared(Store& store, std::string_view type, std::string_view id, std::string_view json) {
    auto body = prepare_body(json, type, id);
    REQUIRE(body.has_value());
    auto document = fhir::parse_json(body->json);
    REQUIRE(document.has_value());
    const auto extraction = fhir::search::extract(*document);
    return store.prepare(type, id, std::move(*body), extraction.values.values());
}

PreparedResource plain(Store& store, std::string_view type, std::string_view id, std::string_view json) {
    auto body = prepare_body(json, type, id);
    REQUIRE(body.has_value());
    return store.prepare(type, id, std::move(*body), {});
}

Result<WriteResult> put(Store& store, std::string_view type, std::string_view id, std::string_view json,
                        std::optional<std::int64_t> if_version) {
    ResourceWrite write;
    write.resource = prepared(store, type, id, json);
    write.if_version = if_version;
    return transact_blocking(store, [write](Transaction& transaction) { return transaction.put(write); });
}

Result<std::optional<WriteResult>> erase(Store& store, std::string_view type, std::string_view id) {
    return transact_blocking(store, [type = std::string(type), id = std::string(id)](Transaction& transaction) {
        return transaction.erase(type, id);
    });
}

std::optional<StoredResource> read(Store& store, std::string_view type, std::string_view id) {
    auto snapshot = store.snapshot();
    REQUIRE(snapshot.has_value());
    auto found = (*snapshot)->read(type, id);
    REQUIRE(found.has_value());
    return *found;
}

}  // namespace causeway::storage::test
