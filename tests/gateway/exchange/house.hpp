#pragma once
#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fhir/json/json.hpp"
#include "fhir/search/query.hpp"
#include "gateway/exchange/control_ids.hpp"
#include "gateway/exchange/identity_keys.hpp"
#include "gateway/exchange/inbox.hpp"
#include "gateway/exchange/order_tasks.hpp"
#include "gateway/storage/memory/memory_store.hpp"
#include "tests/gateway/exchange/fixtures.hpp"

namespace causeway::exchange::tests {

/// One gateway on the store in memory: an EMR that writes resources, partners that send messages, and what is queued.
struct House {
    FakeClock clock;
    ControlIds ids{clock};
    security::Door door;
    std::unique_ptr<storage::Store> store =
        storage::make_memory_store({.now_us = [this] { return clock.now_us(); }, .fault = {}});
    rest::ResourceWriter writer{*store};
    OrderTasks tasks{writer};
    IdentityRegistrar registrar;
    std::vector<ConfigurationFault> faults;
    std::shared_ptr<const ExchangeSettings> configuration;
    Router router{configuration, {*store, maps(), [this] { return ids.next(); }, {}, &tasks}, faults};
    Inbox inbox{{*store, writer, door, clock, [this] { return ids.next(); }, &router, nullptr, {}, nullptr, &tasks},
                configuration,
                maps()};
    const security::Principal emr{security::Principal::Kind::client, "emr", "127.0.0.1"};

    explicit House(std::shared_ptr<const ExchangeSettings> settings) : configuration(std::move(settings)) {
        REQUIRE_MESSAGE(faults.empty(), (faults.empty() ? std::string() : faults.front().where + faults.front().text));
        writer.add_observer(registrar);
        writer.add_observer(router);
    }
    House(const House&) = delete;

    /// The EMR writes a resource; its id.
    std::string put(const std::string& json, const std::string& id = {}) {
        const auto draft = writer.prepare(fhir::parse_json(json).value(), id);
        REQUIRE_MESSAGE(draft.has_value(), (draft.has_error() ? draft.error().issues.front().text : std::string()));
        const auto done =
            storage::transact_blocking(*store, [&](storage::Transaction& transaction) -> storage::Result<void> {
                const auto written =
                    writer.write(transaction, *draft, {.principal = emr, .if_version = {}, .correlation = {}});
                if (written.has_error()) return written.error();
                return {};
            });
        REQUIRE(done.has_value());
        return draft->id;
    }
    Receipt accept(const std::string& bytes) { return inbox.accept_blocking(bytes, {"test", "127.0.0.1"}); }
    fhir::DocumentPtr read(const storage::ResourceName& name) {
        auto snapshot = store->snapshot();
        return fhir::parse_json((*snapshot)->read(name.type, name.id).value()->body.json).value();
    }
    std::vector<fhir::DocumentPtr> all(std::string_view type) {
        auto snapshot = store->snapshot();
        std::vector<fhir::DocumentPtr> out;
        const auto plan = fhir::search::parse_query(type, {}).plan;
        for (const auto& match : *(*snapshot)->find(plan, 100)) {
            auto stored = *(*snapshot)->read(match.name.type, match.name.id);
            out.push_back(fhir::parse_json(stored->body.json).value());
        }
        return out;
    }
    /// Oldest first.
    std::vector<storage::OutboxRow> sent(std::string_view partner) {
        auto snapshot = store->snapshot();
        storage::OutboxQuery query;
        query.partner = partner;
        query.with_payload = true;
        auto rows = *(*snapshot)->outbox(query);
        std::reverse(rows.begin(), rows.end());
        return rows;
    }
};

}  // namespace causeway::exchange::tests
