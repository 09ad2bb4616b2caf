#include "gateway/security/audit.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <thread>

#include "gateway/storage/memory/memory_store.hpp"

using namespace causeway::security;
namespace storage = causeway::storage;

namespace {

AuditEntry reading(int number) {
    AuditEntry entry;
    entry.at_us = number;
    entry.id = "p" + std::to_string(number);
    return entry;
}

/// A store whose commits fail while `failing` is set.
struct Bench {
    bool failing = false;
    std::unique_ptr<storage::Store> store = storage::make_memory_store(
        {.now_us = [] { return 1'000'000; }, .fault = [this](const char*) { return failing; }});

    std::vector<std::string> ids() const {
        std::vector<std::string> out;
        for (const auto& row : store->snapshot().value()->audit({0, 10'000}).value()) {
            const auto at = row.event.find("\"id\":\"");
            out.push_back(row.event.substr(at + 6, row.event.find('"', at + 6) - at - 6));
        }
        return out;
    }
};

}  // namespace

TEST_SUITE("gateway/security/audit") {
    TEST_CASE("a row leaves out what is not known and escapes what could break it") {
        AuditEntry entry;
        entry.at_us = 5;
        entry.principal = {Principal::Kind::client, "emr \"1\"\n", "127.0.0.1"};
        entry.interaction = Interaction::search;
        entry.type = "Observation";
        entry.query = "patient,code";
        entry.status = 200;
        CHECK(render(entry) ==
              "{\"at\":5,\"kind\":\"client\",\"who\":\"emr \\\"1\\\"\\u000a\",\"from\":\"127.0.0.1\","
              "\"did\":\"search\",\"type\":\"Observation\",\"query\":\"patient,code\",\"status\":200}");
    }

    TEST_CASE("rows of reads are in the chain in the order of the reads") {
        Bench bench;
        ReadAudit reads(*bench.store);
        for (int i = 1; i <= 3; ++i) CHECK(reads.record(reading(i)));
        CHECK(bench.ids() == std::vector<std::string>{"p1", "p2", "p3"});
        CHECK(reads.waiting() == 0);
    }

    TEST_CASE("a store that fails keeps the rows waiting, and once too many wait the next read is refused") {
        Bench bench;
        ReadAudit reads(*bench.store, 3);
        bench.failing = true;
        for (int i = 1; i <= 3; ++i) CHECK(reads.record(reading(i)));
        CHECK(bench.ids().empty());
        CHECK(reads.waiting() == 3);
        CHECK_FALSE(reads.record(reading(4)));  // nothing is read unaudited
    }

    TEST_CASE("many rows of many threads: each whole, each once") {
        Bench bench;
        ReadAudit reads(*bench.store);
        std::vector<std::thread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&reads, t] {
                for (int i = 0; i < 500; ++i)
                    if (!reads.record(reading(t * 1000 + i))) std::abort();
            });
        for (auto& thread : threads) thread.join();
        while (reads.waiting() > 0) CHECK(reads.record(reading(9999)));  // takes along what has waited
        const auto ids = bench.ids();
        const std::set<std::string> once(ids.begin(), ids.end());
        for (int t = 0; t < 4; ++t)
            for (int i = 0; i < 500; ++i) CHECK(once.contains("p" + std::to_string(t * 1000 + i)));
        CHECK(ids.size() - static_cast<std::size_t>(std::count(ids.begin(), ids.end(), "p9999")) == 2000);
    }

    TEST_CASE("what waited goes first") {
        Bench bench;
        ReadAudit reads(*bench.store, 3);
        bench.failing = true;
        CHECK(reads.record(reading(1)));
        CHECK(reads.record(reading(2)));
        bench.failing = false;
        CHECK(reads.record(reading(3)));
        CHECK(bench.ids() == std::vector<std::string>{"p1", "p2", "p3"});
        CHECK(reads.waiting() == 0);
    }
}
