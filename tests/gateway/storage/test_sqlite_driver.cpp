// What only the SQLite driver promises: durability, one process, migrations, backup, checks.
#include "tests/gateway/storage/stores.hpp"

#include "fhir/search/query.hpp"
#include "gateway/storage/sqlite/connection.hpp"
#include "gateway/storage/sqlite/doctor.hpp"
#include "gateway/storage/sqlite/key_index.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <ctime>
#include <fstream>
#include <future>
#include <thread>

using namespace causeway::storage;
using namespace causeway::storage::test;

namespace {

causeway::fhir::search::SearchPlan all_of(std::string_view type) {
    return causeway::fhir::search::parse_query(type, {}, {}).plan;
}

std::size_t count_of(Store& store, std::string_view type) {
    auto snapshot = store.snapshot();
    auto plan = all_of(type);
    plan.total = causeway::fhir::search::Total::accurate;
    plan.count = 0;
    return (*snapshot)->search(plan, {}).value().total.value();
}

/// Keeps the writer busy until `open` is called, so that what is submitted meanwhile becomes one group.
class Gate {
public:
    explicit Gate(Store& store) {
        transact(
            store,
            [this, future = opened_.get_future().share()](Transaction&) -> Result<void> {
                started_.set_value();
                future.wait();
                return {};
            },
            [this](Result<void>) { passed_.set_value(); });
        started_.get_future().wait();
    }
    void open() {
        opened_.set_value();
        passed_.get_future().wait();
    }

private:
    std::promise<void> started_;
    std::promise<void> opened_;
    std::promise<void> passed_;
};

/// Leaves one audit row and says so.
class Row final : public Work {
public:
    Row(std::string event, bool patient) : event_(std::move(event)), patient_(patient) {}
    std::future<bool> done() { return done_.get_future(); }
    Result<void> run(Transaction& transaction) override {
        const auto appended = transaction.append_audit(event_);
        if (appended.has_error()) return appended.error();
        return {};
    }
    void finished(Result<void> outcome) noexcept override { done_.set_value(outcome.has_value()); }
    bool patient() const noexcept override { return patient_; }

private:
    std::string event_;
    bool patient_;
    std::promise<bool> done_;
};

std::future<bool> submit_row(Store& store, std::string event, bool patient) {
    auto row = std::make_unique<Row>(std::move(event), patient);
    auto done = row->done();
    store.submit(std::move(row));
    return done;
}

}  // namespace

TEST_SUITE("gateway/storage/sqlite_driver") {
    TEST_CASE("patient work shares the next commit and comes first; alone it is committed too, also at the end") {
        SqliteDriver driver;
        {
            Gate gate(*driver.store);
            const auto groups = driver.store->metrics().groups;
            auto write = submit_row(*driver.store, "write", false);
            auto one = submit_row(*driver.store, "read 1", true);
            auto two = submit_row(*driver.store, "read 2", true);
            CHECK(driver.store->metrics().queue_jobs == 3);
            gate.open();
            CHECK(write.get());
            CHECK(one.get());
            CHECK(two.get());
            CHECK(driver.store->metrics().groups == groups + 2);  // the gate's own, and one for all three
        }
        CHECK(submit_row(*driver.store, "alone", true).get());
        auto last = submit_row(*driver.store, "last", true);
        driver.reopen();
        CHECK(last.get());
        std::vector<std::string> events;
        for (const auto& row : driver.store->snapshot().value()->audit({}).value()) events.push_back(row.event);
        CHECK(events == std::vector<std::string>{"read 1", "read 2", "write", "alone", "last"});
        CHECK(driver.store->check_blocking().value().faults.empty());
    }

    TEST_CASE("everything is there after a restart, and numbers go on") {
        SqliteDriver driver;
        put(*driver.store, "Patient", "a", R"({"resourceType":"Patient"})").value();
        const auto last = put(*driver.store, "Patient", "b", R"({"resourceType":"Patient"})").value();
        transact_blocking(*driver.store, [](Transaction& t) { return t.append_audit("one"); }).value();
        driver.clock->fetch_sub(3'600'000'000);  // the clock went back meanwhile
        driver.reopen();
        CHECK(read(*driver.store, "Patient", "a").has_value());
        const auto next = put(*driver.store, "Patient", "a", R"({"resourceType":"Patient"})").value();
        CHECK(next.version.vid > last.version.vid);
        CHECK(next.version.at_us > last.version.at_us);
        CHECK(next.version.number == 2);
        CHECK(transact_blocking(*driver.store, [](Transaction& t) { return t.append_audit("two"); }).value() == 2);
        CHECK(driver.store->check_blocking().value().faults.empty());
    }

    TEST_CASE("jobs that wait become one group; one that fails does not undo its neighbours") {
        SqliteDriver driver;
        auto& store = *driver.store;
        const auto before = store.metrics().groups;
        Gate gate(store);
        std::atomic<int> good{0};
        std::atomic<int> bad{0};
        std::promise<void> all;
        constexpr int jobs = 100;
        for (int i = 0; i < jobs; ++i) {
            const auto resource = plain(store, "Patient", "p" + std::to_string(i), R"({"resourceType":"Patient"})");
            transact(
                store,
                [resource, i](Transaction& t) -> Result<void> {
                    t.put({resource, WriteKind::update, {}, 0}).value();
                    if (i % 10 == 3) return Failure{FailureCode::refused, "no"};
                    return {};
                },
                [&](Result<void> outcome) {
                    (outcome.has_value() ? good : bad)++;
                    if (good + bad == jobs) all.set_value();
                });
        }
        gate.open();
        all.get_future().wait();
        CHECK(good == 90);
        CHECK(bad == 10);
        CHECK(store.metrics().groups == before + 2);  // the gate's, and one for all
        CHECK(count_of(store, "Patient") == 90);
        CHECK_FALSE(read(store, "Patient", "p3").has_value());
        CHECK(read(store, "Patient", "p4").has_value());
        CHECK(store.check_blocking().value().faults.empty());
    }

    TEST_CASE("a failure at COMMIT fails every job of the group and publishes nothing") {
        SqliteDriver driver;
        auto& store = *driver.store;
        const auto first = put(store, "Patient", "a", R"({"resourceType":"Patient"})").value();
        Gate gate(store);
        std::promise<void> all;
        std::atomic<int> failed{0};
        for (int i = 0; i < 10; ++i) {
            const auto resource =
                plain(store, "Patient", i == 0 ? "a" : "p" + std::to_string(i), R"({"resourceType":"Patient"})");
            transact(
                store,
                [resource, failures = driver.failures](Transaction& t) -> Result<void> {
                    failures->store(1);  // only now: the gate's own commit has passed
                    t.put({resource, WriteKind::update, {}, 0}).value();
                    t.append_audit("lost").value();
                    return {};
                },
                [&](Result<void> outcome) {
                    CHECK((outcome.has_error() && outcome.error().code == FailureCode::full));
                    if (++failed == 10) all.set_value();
                });
        }
        gate.open();
        all.get_future().wait();
        CHECK(read(store, "Patient", "a")->version.vid == first.version.vid);
        CHECK(count_of(store, "Patient") == 1);
        CHECK_FALSE(store.metrics().writable);
        const auto next = put(store, "Patient", "p1", R"({"resourceType":"Patient"})").value();
        CHECK(store.metrics().writable);
        CHECK(next.version.number == 1);
        CHECK(next.version.vid > first.version.vid + 1);  // vids are never used twice
        CHECK(transact_blocking(store, [](Transaction& t) { return t.append_audit("kept"); }).value() == 1);
        CHECK(store.check_blocking().value().faults.empty());
    }

    TEST_CASE("a full queue answers at once; a closed store too") {
        SqliteOptions options;
        options.queue_jobs_max = 2;
        SqliteDriver driver(options);
        auto& store = *driver.store;
        Gate gate(store);
        std::vector<std::optional<FailureCode>> outcomes(6);
        for (auto& outcome : outcomes) {
            transact(
                store, [](Transaction&) -> Result<void> { return {}; },
                [&outcome](Result<void> result) {
                    if (result.has_error()) outcome = result.error().code;
                });
        }
        gate.open();
        store.close();
        CHECK(std::count(outcomes.begin(), outcomes.end(), FailureCode::busy) == 4);
        CHECK(transact_blocking(store, [](Transaction&) -> Result<void> { return {}; }).error().code ==
              FailureCode::stopped);
        CHECK(store.snapshot().error().code == FailureCode::stopped);
    }

    TEST_CASE("a second store on one file is refused") {
        SqliteDriver driver;
        auto second = open_sqlite(driver.options);
        REQUIRE(second.has_error());
        CHECK(second.error().code == FailureCode::locked);
    }

    TEST_CASE("a file of a later schema is refused and left as it was") {
        SqliteDriver driver;
        driver.store.reset();
        {
            Connection connection(driver.options.file, Access::writer, 1 << 20);
            connection.execute("PRAGMA user_version=999");
        }
        auto opened = open_sqlite(driver.options);
        REQUIRE(opened.has_error());
        CHECK(opened.error().code == FailureCode::newer_schema);
    }

    TEST_CASE("a reader's connection can neither write nor checkpoint") {
        SqliteDriver driver;
        put(*driver.store, "Patient", "a", R"({"resourceType":"Patient"})").value();
        Connection reader(driver.options.file, Access::reader, 1 << 20);
        CHECK_THROWS_AS(reader.execute("DELETE FROM version"), FailureException);
        CHECK(reader.scalar("PRAGMA wal_autocheckpoint") == "0");
        CHECK(reader.scalar("PRAGMA query_only") == "1");
    }

    TEST_CASE("only one place in the sources opens the store for writing") {
        std::size_t places = 0;
        for (const auto* top : {"gateway", "mappings", "fhir", "hl7v2"}) {
            for (const auto& entry : std::filesystem::recursive_directory_iterator(top)) {
                const auto extension = entry.path().extension();
                if (extension != ".cpp" && extension != ".hpp") continue;
                std::ifstream file(entry.path());
                std::string line;
                while (std::getline(file, line)) {
                    if (line.find("sqlite3_open") == std::string::npos) continue;
                    const auto name = entry.path().generic_string();
                    CAPTURE(name);
                    // connection.cpp opens the store; copy.cpp a new file that nobody else has; terminology has files of
                    // its own.
                    CHECK((name == "gateway/storage/sqlite/connection.cpp" ||
                           name == "gateway/storage/sqlite/copy.cpp" || name == "gateway/terminology/database.cpp"));
                    ++places;
                }
            }
        }
        CHECK(places == 3);
    }

    TEST_CASE("backup: a copy that stands alone, checked, while writes go on") {
        SqliteDriver driver;
        auto& store = *driver.store;
        for (int i = 0; i < 50; ++i)
            put(store, "Patient", "p" + std::to_string(i), R"({"resourceType":"Patient","gender":"male"})").value();
        transact_blocking(store, [](Transaction& t) { return t.append_audit("one"); }).value();
        const auto target = (driver.folder.path() / "copy.db").string();
        std::atomic<bool> stop{false};
        std::thread writing([&] {
            for (int i = 0; !stop; ++i)
                put(store, "Patient", "w" + std::to_string(i), R"({"resourceType":"Patient"})").value();
        });
        const auto report = store.backup_blocking(target);
        stop = true;
        writing.join();
        REQUIRE_MESSAGE(report.has_value(), (report.has_error() ? report.error().message : std::string()));
        CHECK(report->sha256.size() == 64);
        CHECK(report->bytes == std::filesystem::file_size(target));
        CHECK(store.backup_blocking(target).has_error());  // never over an existing file
        auto options = driver.options;
        options.file = target;
        auto copy = open_sqlite(options).value();
        CHECK(count_of(*copy, "Patient") >= 50);
        CHECK(copy->metrics().last_vid == report->last_vid);
        CHECK(copy->check_blocking().value().faults.empty());
    }

    TEST_CASE("check finds a changed audit row, a cut index and a broken body; the index can be made anew") {
        SqliteDriver driver;
        for (int i = 0; i < 20; ++i) {
            put(*driver.store, "Patient", "p" + std::to_string(i), R"({"resourceType":"Patient","gender":"male"})")
                .value();
            transact_blocking(*driver.store, [i](Transaction& t) {
                return t.append_audit("event " + std::to_string(i));
            }).value();
        }
        put(*driver.store, "Patient", "p1", R"({"resourceType":"Patient"})").value();
        erase(*driver.store, "Patient", "p2").value();
        CHECK(driver.store->check_blocking().value().faults.empty());
        const auto damage = [&](const std::string& sql) {
            driver.store.reset();
            {
                Connection connection(driver.options.file, Access::writer, 1 << 20);
                register_tokenizer(connection);
                connection.execute(sql);
            }
            driver.open();
            return driver.store->check_blocking().value().faults;
        };
        auto faults = damage("INSERT INTO idx(idx) VALUES('delete-all')");
        REQUIRE(faults.size() == 1);
        CHECK(faults[0].find("index") == 0);
        CHECK(driver.store->rebuild_index_blocking().has_value());
        CHECK(driver.store->check_blocking().value().faults.empty());
        CHECK(count_of(*driver.store, "Patient") == 19);
        CHECK(damage("UPDATE audit SET at_us = at_us + 1 WHERE seq = 7").size() == 1);
        CHECK(damage("UPDATE audit SET at_us = at_us - 1 WHERE seq = 7").empty());
        CHECK(damage("UPDATE body SET data = x'00' WHERE vid = 3").size() == 1);
        CHECK(damage("DELETE FROM audit WHERE seq = 9").size() > 1);
    }

    TEST_CASE("every flipped byte of the audit log is found") {
        SqliteDriver driver;
        for (int i = 0; i < 10; ++i)
            transact_blocking(*driver.store, [i](Transaction& t) {
                return t.append_audit("event " + std::to_string(i));
            }).value();
        driver.store.reset();
        Connection connection(driver.options.file, Access::writer, 1 << 20);
        const auto faults = [&] {
            CheckReport report;
            check_audit(connection, {}, report);
            return report.faults.size();
        };
        REQUIRE(faults() == 0);
        for (const auto& change :
             {std::string("event = x'00' || substr(event, 2)"), std::string("hash = x'00' || substr(hash, 2)"),
              std::string("at_us = at_us + 1"), std::string("seq = seq + 1000")}) {
            for (int row = 1; row <= 10; ++row) {
                if (change.starts_with("seq") && row == 10) continue;  // the tail: only anchors outside can tell
                connection.execute("BEGIN");
                connection.execute("UPDATE audit SET " + change + " WHERE seq = " + std::to_string(row));
                CHECK(faults() > 0);
                connection.execute("ROLLBACK");
            }
        }
    }

    TEST_CASE("kill -9: what was acknowledged is there, nothing is there twice") {
        for (int round = 0; round < 5; ++round) {
            SqliteDriver driver;
            driver.store.reset();
            int pipe_ends[2];
            REQUIRE(::pipe(pipe_ends) == 0);
            const auto child = ::fork();
            REQUIRE(child >= 0);
            if (child == 0) {
                ::close(pipe_ends[0]);
                auto opened = open_sqlite(driver.options);
                if (opened.has_error()) ::_exit(1);
                auto& store = **opened;
                for (int i = 0;; ++i) {
                    auto body = prepare_body(R"({"resourceType":"Patient"})", "Patient", "p" + std::to_string(i));
                    const auto resource = store.prepare("Patient", "p" + std::to_string(i), std::move(*body), {});
                    const auto done = transact_blocking(store, [resource](Transaction& t) -> Result<void> {
                        t.put({resource, WriteKind::update, 0, 0}).value();
                        t.append_audit("created").value();
                        return {};
                    });
                    if (done.has_error()) ::_exit(2);
                    if (::write(pipe_ends[1], "x", 1) != 1) ::_exit(3);
                }
            }
            ::close(pipe_ends[1]);
            std::this_thread::sleep_for(std::chrono::milliseconds(60 + 17 * round));
            ::kill(child, SIGKILL);
            int status = 0;
            ::waitpid(child, &status, 0);
            CHECK(WIFSIGNALED(status));
            std::size_t acknowledged = 0;
            char buffer[4096];
            for (ssize_t got = 0; (got = ::read(pipe_ends[0], buffer, sizeof buffer)) > 0;)
                acknowledged += static_cast<std::size_t>(got);
            ::close(pipe_ends[0]);
            driver.open();
            for (std::size_t i = 0; i < acknowledged; ++i)
                CHECK(read(*driver.store, "Patient", "p" + std::to_string(i)).has_value());
            const auto stored = count_of(*driver.store, "Patient");
            CHECK(stored >= acknowledged);
            CHECK(stored <= acknowledged + 1);  // committed, not yet said
            CHECK(driver.store->check_blocking().value().faults.empty());
        }
    }

    TEST_CASE("readers and writer at once: every state a reader sees is whole") {
        SqliteDriver driver;
        auto& store = *driver.store;
        std::atomic<bool> stop{false};
        std::vector<std::thread> readers;
        const auto plan = all_of("Patient");
        for (int r = 0; r < 3; ++r) {
            readers.emplace_back([&] {
                while (!stop) {
                    auto snapshot = store.snapshot();
                    if (snapshot.has_error()) continue;
                    auto page = (*snapshot)->search(plan, {});
                    if (page.has_error() || page->matches.empty()) continue;
                    // Each job writes both of a pair: a state with one of them is torn.
                    const auto a = (*snapshot)->read("Patient", "a").value();
                    const auto b = (*snapshot)->read("Patient", "b").value();
                    if (!a || !b || a->version.number != b->version.number) std::abort();
                    if (page->matches.size() != 2) std::abort();
                }
            });
        }
        const auto a = plain(store, "Patient", "a", R"({"resourceType":"Patient"})");
        const auto b = plain(store, "Patient", "b", R"({"resourceType":"Patient"})");
        for (int i = 0; i < 150; ++i) {
            transact_blocking(store, [&](Transaction& t) -> Result<void> {
                t.put({a, WriteKind::update, {}, 0}).value();
                t.put({b, WriteKind::update, {}, 0}).value();
                return {};
            }).value();
        }
        stop = true;
        for (auto& reader : readers) reader.join();
        CHECK(read(store, "Patient", "a")->version.number == 150);
        CHECK(store.check_blocking().value().faults.empty());
    }

    TEST_CASE("a reader that nobody uses keeps neither an old state nor the log") {
        SqliteDriver driver;
        Store& store = *driver.store;
        constexpr const char* patient = R"({"resourceType":"Patient"})";
        for (int i = 0; i < 20; ++i) {
            const std::string id = "p" + std::to_string(i);
            CHECK(!read(store, "Patient", id));  // the transaction stays open behind this
            REQUIRE(put(store, "Patient", id, patient).has_value());
            CHECK(read(store, "Patient", id));
            CHECK(count_of(store, "Patient") == static_cast<std::size_t>(i + 1));
        }
        {
            // Two at once, given back in the order in which the state moves on between them.
            auto old_one = store.snapshot(), other = store.snapshot();
            CHECK((*old_one)->read("Patient", "p0").value());
            CHECK((*other)->read("Patient", "p0").value());
            REQUIRE(put(store, "Patient", "later", patient).has_value());
            CHECK(!(*old_one)->read("Patient", "later").value());
            { auto released = std::move(other); }
            CHECK(!(*old_one)->read("Patient", "later").value());
        }
        CHECK(read(store, "Patient", "later"));
        // The idle writer empties the log although readers have looked at it.
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (store.metrics().log_bytes > 0 && std::chrono::steady_clock::now() < until)
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        CHECK(store.metrics().log_bytes == 0);
        CHECK(count_of(store, "Patient") == 21);
    }

    TEST_CASE("more snapshots than readers: the last one is told so") {
        SqliteOptions options;
        options.readers_max = 1;
        SqliteDriver driver(options);
        auto one = driver.store->snapshot();
        REQUIRE(one.has_value());
        CHECK(driver.store->metrics().readers == 1);
        CHECK(driver.store->snapshot().error().code == FailureCode::busy);
    }

    TEST_CASE("an empty store opens quickly") {
        SqliteDriver driver;
        driver.store.reset();
        const auto begin = std::clock();
        driver.open();
        const auto took_ms = (std::clock() - begin) * 1000 / CLOCKS_PER_SEC;
        MESSAGE("opened in " << took_ms << " ms of processor time");
        CHECK(took_ms < 500);  // the goal is 50; the sanitizers share this test
    }
}
