#include "gateway/storage/sqlite/open_store.hpp"

#include "fhir/search/parameters.hpp"
#include "gateway/storage/identifier.hpp"
#include "gateway/storage/keys.hpp"
#include "gateway/storage/resource.hpp"
#include "gateway/storage/sql/schema.hpp"
#include "gateway/storage/sqlite/copy.hpp"
#include "gateway/storage/sqlite/key_index.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstring>

namespace causeway::storage {

using sql::Statement;

namespace {

std::int64_t number(std::string_view text) {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

std::int64_t last(Connection& connection, Statement statement) {
    auto query = connection.query(statement);
    return query.step() ? query.integer(0) : 0;
}

}  // namespace

std::string meta(Connection& connection, std::string_view name) {
    auto query = connection.query(Statement::meta_get);
    query.bind(name);
    return query.step() ? std::string(query.blob(0)) : std::string();
}

void set_meta(Connection& connection, std::string_view name, std::string_view value) {
    connection.query(Statement::meta_set).bind(name).bind_blob(value).run();
}

void migrate(Connection& writer, const std::filesystem::path& file) {
    const auto latest = static_cast<std::int64_t>(sql::migrations().size());
    const auto found = number(writer.scalar("PRAGMA user_version"));
    if (found > latest)
        throw FailureException({FailureCode::newer_schema, fmt::format("{} has schema {}, this program knows up to {}",
                                                                       file.string(), found, latest)});
    if (found == latest) return;
    if (found > 0) copy_database(writer, file.string() + fmt::format(".before-schema-{}", latest));
    for (auto step = found; step < latest; ++step) {
        writer.execute("BEGIN IMMEDIATE");
        try {
            for (const auto statement : sql::migrations()[static_cast<std::size_t>(step)].statements)
                writer.execute(std::string(statement));
            if (step == 0) KeyIndex::create(writer);
            writer.execute(fmt::format("PRAGMA user_version={}", step + 1));
            writer.execute("COMMIT");
        } catch (...) {
            if (!writer.autocommit()) writer.execute("ROLLBACK");
            throw;
        }
    }
}

void read_catalog(Connection& connection, Catalog& catalog) {
    const auto key = meta(connection, "hash_key");
    if (key.size() != 16) throw FailureException({FailureCode::corrupt, "the store's hash key has the wrong size"});
    catalog.hash_key = {keys::read_number(key, 0, 8), keys::read_number(key, 8, 8)};
    {
        auto query = connection.query(Statement::type_all);
        while (query.step()) catalog.load_type(query.integer(0), query.text(1));
    }
    auto query = connection.query(Statement::dictionary_all);
    while (query.step()) catalog.codec.add_dictionary(query.integer(0), std::string(query.blob(1)));
}

void load_catalog(Connection& writer, Catalog& catalog) {
    writer.query(Statement::begin_write).run();
    try {
        if (meta(writer, "hash_key").empty()) {
            std::string key(16, '\0');
            random_bytes(reinterpret_cast<unsigned char*>(key.data()), key.size());
            set_meta(writer, "hash_key", key);
            writer.query(Statement::dictionary_add).bind(std::int64_t{1}).bind_blob(Codec::built_in()).run();
        }
        read_catalog(writer, catalog);
        std::unordered_map<std::string, std::uint16_t> stored;
        std::int64_t next = keys::first_parameter;
        {
            auto query = writer.query(Statement::parameter_all);
            while (query.step()) {
                const auto id = query.integer(0);
                stored.emplace(std::string(query.text(1)) + ' ' + std::string(query.text(2)),
                               static_cast<std::uint16_t>(id));
                next = std::max(next, id + 1);
            }
        }
        const auto ready_from = last(writer, Statement::version_last) + 1;
        std::vector<std::uint16_t> parameters(fhir::search::parameter_count() + 1, 0);
        std::string name;
        for (std::size_t i = 1; i < parameters.size(); ++i) {
            const auto& one = fhir::search::parameter(static_cast<fhir::search::ParameterId>(i));
            name.assign(one.resource_type).append(" ").append(one.code);
            const auto found = stored.find(name);
            if (found != stored.end()) {
                parameters[i] = found->second;
                continue;
            }
            if (next > 0xffff) throw FailureException({FailureCode::internal, "too many search parameters"});
            writer.query(Statement::parameter_add)
                .bind_all(next, one.resource_type, one.code, static_cast<std::int64_t>(one.type), ready_from)
                .run();
            parameters[i] = static_cast<std::uint16_t>(next++);
        }
        catalog.load_parameters(std::move(parameters));
        set_meta(writer, "clean", "0");
        writer.query(Statement::commit).run();
    } catch (...) {
        if (!writer.autocommit()) writer.query(Statement::rollback).run();
        throw;
    }
}

void load_counters(Connection& writer, OpenGroup& group) {
    {
        auto query = writer.query(Statement::version_last);
        if (query.step()) {
            group.next_vid = query.integer(0) + 1;
            group.last_at_us = query.integer(1);
        }
    }
    auto& counters = group.counters;
    counters.rid = last(writer, Statement::resource_last) + 1;
    counters.inbox = last(writer, Statement::inbox_last) + 1;
    counters.outbox = last(writer, Statement::outbox_last) + 1;
    counters.event = last(writer, Statement::event_last) + 1;
    counters.person = last(writer, Statement::person_last) + 1;
    counters.review = last(writer, Statement::review_last) + 1;
    auto query = writer.query(Statement::audit_last);
    if (query.step()) {
        counters.audit = query.integer(0) + 1;
        const auto hash = query.blob(1);
        if (hash.size() != counters.audit_hash.size())
            throw FailureException({FailureCode::corrupt, "an audit row's hash has the wrong size"});
        std::memcpy(counters.audit_hash.data(), hash.data(), hash.size());
    }
}

IndexState load_state(Connection& writer, Vid& saved_upto) {
    IndexState state;
    auto dead = std::make_shared<DeadSet>();
    {
        auto query = writer.query(Statement::dead_all);
        while (query.step()) dead->load_chunk(static_cast<std::size_t>(query.integer(0)), query.blob(1));
    }
    saved_upto = number(meta(writer, "dead_upto"));
    std::vector<Vid> more;
    auto query = writer.query(Statement::version_prev_after);
    query.bind(saved_upto);
    state.committed = saved_upto;
    while (query.step()) {
        state.committed = query.integer(0);
        if (const auto prev = query.integer(1)) more.push_back(prev);
        if (query.integer(2) == static_cast<std::int64_t>(WriteKind::erase)) more.push_back(state.committed);
    }
    state.dead = dead->with(more);
    return state;
}

void save_state(Connection& writer, const IndexState& state, const IndexState* saved) {
    for (std::size_t chunk = 0; chunk < state.dead->chunk_count(); ++chunk) {
        if (saved && saved->dead->same_chunk(*state.dead, chunk)) continue;
        const auto bytes = state.dead->chunk_bytes(chunk);
        if (!bytes.empty())
            writer.query(Statement::dead_set).bind(static_cast<std::int64_t>(chunk)).bind_blob(bytes).run();
    }
    set_meta(writer, "dead_upto", std::to_string(state.committed));
}

}  // namespace causeway::storage
