// What every driver must do; the fake is one of them.
#include "tests/gateway/storage/stores.hpp"

using namespace causeway::storage;
using namespace causeway::storage::test;

TEST_SUITE("gateway/storage/contract") {
    TEST_CASE_TEMPLATE("a resource is created, updated, erased and comes back", Driver, SqliteDriver, MemoryDriver) {
        Driver driver;
        auto& store = *driver.store;
        CHECK_FALSE(read(store, "Patient", "a").has_value());

        const auto created = put(store, "Patient", "a", R"({"resourceType":"Patient","active":true})").value();
        CHECK(created.created);
        CHECK(created.replaced == 0);
        CHECK(created.version.number == 1);
        CHECK(created.version.kind == WriteKind::create);
        CHECK(created.version.at_us == driver.clock->load());
        auto found = read(store, "Patient", "a");
        REQUIRE(found);
        CHECK(found->version.vid == created.version.vid);
        CHECK(
            found->json() ==
            R"({"resourceType":"Patient","id":"a","meta":{"versionId":"1","lastUpdated":"2023-11-14T22:13:20.000000Z"},"active":true})");

        const auto updated = put(store, "Patient", "a", R"({"resourceType":"Patient","active":false})").value();
        CHECK_FALSE(updated.created);
        CHECK(updated.replaced == 1);
        CHECK(updated.version.number == 2);
        CHECK(updated.version.kind == WriteKind::update);
        CHECK(updated.version.rid == created.version.rid);
        CHECK(updated.version.at_us > created.version.at_us);  // the clock stood still, time did not

        const auto erased = erase(store, "Patient", "a").value();
        REQUIRE(erased);
        CHECK(erased->version.number == 3);
        CHECK(erased->version.kind == WriteKind::erase);
        found = read(store, "Patient", "a");
        REQUIRE(found);
        CHECK(found->erased());
        CHECK(found->json().empty());
        CHECK_FALSE(erase(store, "Patient", "a").value().has_value());
        CHECK_FALSE(erase(store, "Patient", "never").value().has_value());
        CHECK_FALSE(erase(store, "NoSuchType", "never").value().has_value());

        const auto again = put(store, "Patient", "a", R"({"resourceType":"Patient"})").value();
        CHECK(again.created);
        CHECK(again.version.number == 4);
        CHECK(again.version.kind == WriteKind::create);
        CHECK(again.replaced == 3);

        auto snapshot = store.snapshot();
        REQUIRE(snapshot.has_value());
        for (std::int64_t number = 1; number <= 4; ++number) {
            const auto version = (*snapshot)->read_version("Patient", "a", number).value();
            REQUIRE(version);
            CHECK(version->version.number == number);
            CHECK(version->erased() == (number == 3));
        }
        CHECK((*snapshot)->read_version("Patient", "a", 2).value()->body.json.find("false") != std::string::npos);
        for (const std::int64_t number : {-1, 0, 5})
            CHECK_FALSE((*snapshot)->read_version("Patient", "a", number).value().has_value());
        CHECK((*snapshot)->read(again.version.rid).value()->version.vid == again.version.vid);
        CHECK((*snapshot)->version("Patient", "a").value()->number == 4);
        CHECK_FALSE((*snapshot)->version("Patient", "b").value().has_value());
        CHECK_FALSE((*snapshot)->read("Observation", "a").value().has_value());
    }

    TEST_CASE_TEMPLATE("If-Match and must-not-exist hold", Driver, SqliteDriver, MemoryDriver) {
        Driver driver;
        auto& store = *driver.store;
        const auto* const body = R"({"resourceType":"Patient"})";
        CHECK(put(store, "Patient", "a", body, 1).error().code == FailureCode::version_conflict);
        CHECK(put(store, "Patient", "a", body, 0).value().version.number == 1);
        CHECK(put(store, "Patient", "a", body, 0).error().code == FailureCode::version_conflict);
        CHECK(put(store, "Patient", "a", body, 1).value().version.number == 2);
        CHECK(put(store, "Patient", "a", body, 1).error().code == FailureCode::version_conflict);
        CHECK(transact_blocking(store, [](Transaction& t) { return t.erase("Patient", "a", 1); }).error().code ==
              FailureCode::version_conflict);
        CHECK(transact_blocking(store, [](Transaction& t) { return t.erase("Patient", "a", 2); }).value().has_value());
        CHECK(put(store, "Patient", "a", body, 3).error().code ==
              FailureCode::version_conflict);  // erased counts as absent
        CHECK(put(store, "Patient", "a", body, 0).value().version.number == 4);
    }

    TEST_CASE_TEMPLATE("a job is all or nothing, and a failed one leaves no trace", Driver, SqliteDriver,
                       MemoryDriver) {
        Driver driver;
        auto& store = *driver.store;
        const auto resource = plain(store, "Patient", "a", R"({"resourceType":"Patient"})");
        const auto everything = [resource](Transaction& t) -> Result<void> {
            t.put({resource, WriteKind::update, {}, 0}).value();
            t.set_identity("key", {"Patient", "a"}).value();
            InboxMessage message;
            message.control_id = "1";
            t.add_inbox(message).value();
            OutboxMessage out;
            out.partner = "lab";
            t.enqueue(out).value();
            t.append_audit("event").value();
            t.set_note("n", "v").value();
            const auto person = t.patients().new_person().value();
            t.patients().put_person({person, 0, 0, "p"}).value();
            const BlockingKey keys[] = {{1, 5}};
            t.patients().put_record({1, person, 0, "d"}, keys).value();
            t.patients().append_event({0, 5, 1, 1, 1, person, 0, 0, 0, ""}).value();
            t.patients().open_review({0, 3, true, 5, 1, person, 0, 0, ""}).value();
            return {};
        };
        const auto check_nothing = [&] {
            auto snapshot = store.snapshot();
            auto& reader = **snapshot;
            CHECK_FALSE(reader.read("Patient", "a").value().has_value());
            CHECK_FALSE(reader.identity("key").value().has_value());
            CHECK(reader.inbox(InboxQuery{}).value().empty());
            CHECK(reader.outbox(OutboxQuery{}).value().empty());
            CHECK(reader.due("lab", 1'800'000'000'000'000, 10).value().empty());
            CHECK(reader.audit({}).value().empty());
            CHECK_FALSE(reader.note("n").value().has_value());
            CHECK(reader.patients().record_count().value() == 0);
            CHECK(reader.patients().block({1, 5}, 10).value().empty());
            CHECK(reader.patients().events_after(0, 10).value().empty());
            CHECK(reader.patients().open_reviews({}, 10).value().empty());
        };
        SUBCASE("refused by the job") {
            const auto outcome = transact_blocking(store, [&](Transaction& t) -> Result<void> {
                everything(t).value();
                return Failure{FailureCode::refused, "no"};
            });
            CHECK(outcome.error().code == FailureCode::refused);
            check_nothing();
        }
        SUBCASE("thrown out of the job") {
            const auto outcome = transact_blocking(store, [&](Transaction& t) -> Result<void> {
                everything(t).value();
                throw std::runtime_error("a bug");
            });
            CHECK(outcome.error().code == FailureCode::internal);
            check_nothing();
        }
        SUBCASE("failed at the commit") {
            driver.failures->store(1);
            CHECK(transact_blocking(store, everything).error().code == FailureCode::full);
            check_nothing();
        }
        // And the next one works, with the numbers of the first.
        CHECK(transact_blocking(store, everything).has_value());
        auto snapshot = store.snapshot();
        auto& reader = **snapshot;
        CHECK(reader.read("Patient", "a").value()->version.number == 1);
        CHECK(reader.identity("key").value() == ResourceName{"Patient", "a"});
        CHECK(reader.inbox(InboxQuery{}).value().at(0).id == 1);
        CHECK(reader.outbox(OutboxQuery{}).value().at(0).id == 1);
        CHECK(reader.audit({}).value().at(0).sequence == 1);
        CHECK(reader.patients().record_count().value() == 1);
    }

    TEST_CASE_TEMPLATE("a job sees its own writes", Driver, SqliteDriver, MemoryDriver) {
        Driver driver;
        auto& store = *driver.store;
        const auto resource = plain(store, "Patient", "a", R"({"resourceType":"Patient"})");
        const auto seen = transact_blocking(store, [&](Transaction& t) -> Result<std::int64_t> {
            t.put({resource, WriteKind::update, {}, 0}).value();
            t.set_identity("mrn|1", {"Patient", "a"}).value();
            CHECK(t.identity("mrn|1").value() == ResourceName{"Patient", "a"});
            CHECK(t.read("Patient", "a").value()->version.number == 1);
            t.put({resource, WriteKind::patch, {}, 0}).value();
            return t.version("Patient", "a").value()->number;
        });
        CHECK(seen.value() == 2);
        CHECK(read(store, "Patient", "a")->version.kind == WriteKind::patch);
    }

    TEST_CASE_TEMPLATE("a snapshot does not move", Driver, SqliteDriver, MemoryDriver) {
        Driver driver;
        auto& store = *driver.store;
        put(store, "Patient", "a", R"({"resourceType":"Patient"})").value();
        auto before = store.snapshot();
        CHECK((*before)->read("Patient", "a").value()->version.number == 1);
        put(store, "Patient", "a", R"({"resourceType":"Patient"})").value();
        CHECK((*before)->read("Patient", "a").value()->version.number == 1);
        auto after = store.snapshot();
        CHECK((*after)->read("Patient", "a").value()->version.number == 2);
    }

    TEST_CASE_TEMPLATE("history of an instance, a type, the system, in pages", Driver, SqliteDriver, MemoryDriver) {
        Driver driver;
        auto& store = *driver.store;
        const auto body = [](std::string_view type) { return R"({"resourceType":")" + std::string(type) + R"("})"; };
        std::vector<TimeUs> times;
        for (const auto& [type, id] : std::vector<std::pair<std::string, std::string>>{{"Patient", "a"},
                                                                                       {"Patient", "b"},
                                                                                       {"Observation", "o"},
                                                                                       {"Patient", "a"},
                                                                                       {"Patient", "b"},
                                                                                       {"Patient", "a"}}) {
            driver.clock->fetch_add(1'000'000);
            times.push_back(put(store, type, id, body(type)).value().version.at_us);
        }
        driver.clock->fetch_add(1'000'000);
        times.push_back(erase(store, "Patient", "b").value()->version.at_us);

        const auto names = [&](HistoryRequest request) {
            std::string out;
            std::string token;
            for (int pages = 0; pages < 20; ++pages) {
                request.page_token = token;
                auto snapshot = store.snapshot();
                const auto page = (*snapshot)->history(request).value();
                for (const auto& entry : page.entries)
                    out += entry.id + std::to_string(entry.version.number) + (entry.erased() ? "! " : " ");
                if (page.next_page.empty()) break;
                CHECK(page.entries.size() == request.count);
                token = page.next_page;
            }
            return out;
        };
        for (const std::size_t count : {1u, 2u, 3u, 50u}) {
            CAPTURE(count);
            HistoryRequest request;
            request.count = count;
            CHECK(names(request) == "b3! a3 b2 a2 o1 b1 a1 ");
            request.type = "Patient";
            CHECK(names(request) == "b3! a3 b2 a2 b1 a1 ");
            request.id = "a";
            CHECK(names(request) == "a3 a2 a1 ");
            request.since_us = times[3];
            CHECK(names(request) == "a3 a2 ");
            request.id = {};
            CHECK(names(request) == "b3! a3 b2 a2 ");
            request.type = {};
            CHECK(names(request) == "b3! a3 b2 a2 ");
            request.since_us.reset();
            request.at_low_us = times[3] + 1;  // between the second and third version of a
            request.at_high_us = times[4];
            CHECK(names(request) == "a2 o1 b1 ");
            request.type = "Patient";
            CHECK(names(request) == "a2 b1 ");
            request.id = "a";
            CHECK(names(request) == "a2 ");
        }
        auto snapshot = store.snapshot();
        HistoryRequest request;
        request.type = "Patient";
        request.id = "b";
        CHECK((*snapshot)->history(request).value().total == 3);
        request.id = "never";
        CHECK((*snapshot)->history(request).error().code == FailureCode::not_found);
        request.id = {};
        request.type = "NoSuchType";
        CHECK((*snapshot)->history(request).value().entries.empty());
    }

    TEST_CASE_TEMPLATE("identity keys are whole keys", Driver, SqliteDriver, MemoryDriver) {
        Driver driver;
        auto& store = *driver.store;
        CHECK(transact_blocking(store, [](Transaction& t) {
                  return t.set_identity("a|1", {"Patient", "x"});
              }).has_value());
        CHECK(transact_blocking(store, [](Transaction& t) {
                  return t.set_identity("a|2", {"Organization", "y"});
              }).has_value());
        auto snapshot = store.snapshot();
        CHECK((*snapshot)->identity("a|1").value() == ResourceName{"Patient", "x"});
        CHECK((*snapshot)->identity("a|2").value() == ResourceName{"Organization", "y"});
        CHECK_FALSE((*snapshot)->identity("a|").value().has_value());
        CHECK_FALSE((*snapshot)->read("Patient", "x").value().has_value());  // named, not yet there
        CHECK(transact_blocking(store, [](Transaction& t) {
                  return t.set_identity("a|1", {"Patient", "z"});
              }).has_value());
        CHECK(transact_blocking(store, [](Transaction& t) { return t.remove_identity("a|2"); }).has_value());
        auto later = store.snapshot();
        CHECK((*later)->identity("a|1").value() == ResourceName{"Patient", "z"});
        CHECK_FALSE((*later)->identity("a|2").value().has_value());
    }

    TEST_CASE_TEMPLATE("a placeholder becomes the resource it stood for", Driver, SqliteDriver, MemoryDriver) {
        Driver driver;
        auto& store = *driver.store;
        const auto number =
            transact_blocking(store, [](Transaction& t) { return t.resource_number("Patient", "a"); }).value();
        CHECK(transact_blocking(store, [](Transaction& t) { return t.resource_number("Patient", "a"); }).value() ==
              number);
        CHECK_FALSE(read(store, "Patient", "a").has_value());
        const auto written = put(store, "Patient", "a", R"({"resourceType":"Patient"})").value();
        CHECK(written.created);
        CHECK(written.version.rid == number);
        CHECK(written.version.number == 1);
    }
}
