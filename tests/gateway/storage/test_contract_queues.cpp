// Inbox, outbox, audit, notes, patient rows: what every driver must do.
#include "tests/gateway/storage/stores.hpp"

#include "gateway/storage/audit_chain.hpp"

using namespace causeway::storage;
using namespace causeway::storage::test;

namespace {

InboxMessage message(std::string control_id, char content) {
    InboxMessage out;
    out.channel = "front-desk";
    out.application = "ADT";
    out.facility = "CLINIC";
    out.control_id = std::move(control_id);
    out.kind = "ADT^A04";
    out.hash.fill(static_cast<std::byte>(content));
    out.raw = std::string(500, content) + '\r';
    out.received_us = 1'700'000'000'000'000;
    out.correlation = "c-1";
    return out;
}

OutboxMessage outgoing(std::string partner, std::string key, std::string control_id, TimeUs due_us = 0) {
    OutboxMessage out;
    out.partner = std::move(partner);
    out.ordering_key = std::move(key);
    out.control_id = std::move(control_id);
    out.kind = "OML^O21";
    out.payload = "MSH|^~\\&|" + out.control_id;
    out.due_us = due_us;
    return out;
}

std::string due(Store& store, std::string_view partner, TimeUs now_us) {
    auto snapshot = store.snapshot();
    std::string out;
    for (const auto& row : (*snapshot)->due(partner, now_us, 10).value()) out += row.message.control_id + " ";
    return out;
}

}  // namespace

TEST_SUITE("gateway/storage/contract_queues") {
    TEST_CASE_TEMPLATE("inbox: stored whole, found again as a duplicate", Driver, SqliteDriver, MemoryDriver) {
        Driver driver;
        auto& store = *driver.store;
        const auto id = transact_blocking(store, [](Transaction& t) { return t.add_inbox(message("1", 'a')); }).value();
        CHECK(transact_blocking(store, [id](Transaction& t) {
                  return t.set_inbox(id, InboxState::processed, "MSA|AA|1", "");
              }).has_value());
        CHECK(transact_blocking(store, [](Transaction& t) { return t.set_inbox(99, InboxState::failed, "", ""); })
                  .error()
                  .code == FailureCode::not_found);
        auto snapshot = store.snapshot();
        auto& reader = **snapshot;
        const auto row = reader.inbox(id).value();
        REQUIRE(row);
        CHECK(row->message.raw == message("1", 'a').raw);
        CHECK(row->message.acknowledgement == "MSA|AA|1");
        CHECK(row->message.state == InboxState::processed);
        CHECK(row->message.kind == "ADT^A04");
        CHECK(row->message.correlation == "c-1");

        const auto same = reader.find_duplicate(message("1", 'a'), 0).value();
        REQUIRE(same.same);
        CHECK(same.same->message.acknowledgement == "MSA|AA|1");
        const auto other = reader.find_duplicate(message("1", 'b'), 0).value();
        CHECK_FALSE(other.same);
        CHECK(other.other_content == id);
        CHECK_FALSE(reader.find_duplicate(message("2", 'a'), 0).value().same);
        auto elsewhere = message("1", 'a');
        elsewhere.facility = "OTHER";
        CHECK_FALSE(reader.find_duplicate(elsewhere, 0).value().same);
        CHECK(reader.find_duplicate(elsewhere, 0).value().other_content == 0);
        CHECK_FALSE(
            reader.find_duplicate(message("1", 'a'), 1'700'000'000'000'001).value().same);  // outside the window
    }

    TEST_CASE_TEMPLATE("inbox: lists by state and channel, newest first, in pages", Driver, SqliteDriver,
                       MemoryDriver) {
        Driver driver;
        auto& store = *driver.store;
        for (int i = 1; i <= 6; ++i) {
            auto one = message(std::to_string(i), 'x');
            one.channel = i % 2 ? "odd" : "even";
            one.state = i <= 2 ? InboxState::failed : InboxState::processed;
            transact_blocking(store, [one](Transaction& t) { return t.add_inbox(one); }).value();
        }
        auto snapshot = store.snapshot();
        const auto ids = [&](InboxQuery query) {
            std::string out;
            for (const auto& row : (*snapshot)->inbox(query).value()) {
                out += row.message.control_id;
                CHECK(row.message.raw.empty() == !query.with_raw);
            }
            return out;
        };
        InboxQuery query;
        CHECK(ids(query) == "654321");
        query.count = 2;
        CHECK(ids(query) == "65");
        query.before = 5;
        query.with_raw = true;
        CHECK(ids(query) == "43");
        query = {};
        query.channel = "even";
        CHECK(ids(query) == "642");
        query.state = InboxState::failed;
        CHECK(ids(query) == "2");
        query.channel = {};
        query.state = InboxState::processed;
        CHECK(ids(query) == "6543");
    }

    TEST_CASE_TEMPLATE("trace and what a message wrote", Driver, SqliteDriver, MemoryDriver) {
        Driver driver;
        auto& store = *driver.store;
        const auto patient = plain(store, "Patient", "p", R"({"resourceType":"Patient"})");
        const auto report = plain(store, "DiagnosticReport", "r", R"({"resourceType":"DiagnosticReport"})");
        const auto id = transact_blocking(store, [&](Transaction& t) -> Result<InboxId> {
                            const auto inbox = t.add_inbox(message("1", 'a')).value();
                            t.put({patient, WriteKind::update, {}, inbox}).value();
                            t.put({report, WriteKind::update, {}, inbox}).value();
                            t.put_trace(inbox, store.pack("trace")).value();
                            return inbox;
                        }).value();
        put(store, "Patient", "p", R"({"resourceType":"Patient"})").value();
        auto snapshot = store.snapshot();
        CHECK((*snapshot)->trace(id).value() == "trace");
        CHECK_FALSE((*snapshot)->trace(99).value().has_value());
        const auto written = (*snapshot)->written_by(id, 10).value();
        REQUIRE(written.size() == 2);
        CHECK(written[0].name == ResourceName{"Patient", "p"});
        CHECK(written[0].version.number == 1);
        CHECK(written[1].name == ResourceName{"DiagnosticReport", "r"});
        CHECK(written[1].version.origin == id);
        CHECK((*snapshot)->written_by(id, 1).value().size() == 1);
    }

    TEST_CASE_TEMPLATE("outbox: each ordering key is one lane, in order, and holds back nobody else", Driver,
                       SqliteDriver, MemoryDriver) {
        Driver driver;
        auto& store = *driver.store;
        const auto now = driver.clock->load();
        std::vector<OutboxId> ids;
        for (const auto& [key, control] : std::vector<std::pair<std::string, std::string>>{
                 {"p1", "A1"}, {"p1", "A2"}, {"p2", "B1"}, {"p1", "A3"}, {"p2", "B2"}}) {
            const auto one = outgoing("lab", key, control);
            ids.push_back(transact_blocking(store, [one](Transaction& t) { return t.enqueue(one); }).value());
        }
        transact_blocking(store, [](Transaction& t) { return t.enqueue(outgoing("pharmacy", "p1", "C1")); }).value();
        CHECK(due(store, "lab", now) == "A1 B1 ");
        CHECK(due(store, "pharmacy", now) == "C1 ");

        // A1 fails and waits: A2 must not overtake it, B goes on.
        CHECK(transact_blocking(store, [&](Transaction& t) {
                  return t.defer(ids[0], now + 5'000'000, "timeout");
              }).has_value());
        CHECK(due(store, "lab", now) == "B1 ");
        CHECK(transact_blocking(store, [&](Transaction& t) { return t.mark_delivered(ids[2], "MSA|AA"); }).has_value());
        CHECK(due(store, "lab", now) == "B2 ");
        CHECK(due(store, "lab", now + 5'000'000) == "B2 A1 ");
        {
            auto snapshot = store.snapshot();
            CHECK((*snapshot)->next_due("lab").value() == TimeUs{0});
            CHECK((*snapshot)->next_due("nobody").value() == std::nullopt);
            const auto row = (*snapshot)->outbox(ids[0]).value();
            CHECK(row->attempts == 1);
            CHECK(row->note == "timeout");
            CHECK(row->message.payload == "MSH|^~\\&|A1");
            const auto delivered = (*snapshot)->outbox(ids[2]).value();
            CHECK(delivered->state == OutboxState::delivered);
            CHECK(delivered->acknowledgement == "MSA|AA");
        }
        CHECK(transact_blocking(store, [&](Transaction& t) { return t.mark_delivered(ids[4], "MSA|AA"); }).has_value());
        {
            auto snapshot = store.snapshot();
            CHECK((*snapshot)->next_due("lab").value() == now + 5'000'000);
        }
        // A1 dies, A2 moves up; A3 is cancelled out of the middle.
        CHECK(
            transact_blocking(store, [&](Transaction& t) { return t.mark_dead(ids[0], "MSA|AR", "AR"); }).has_value());
        CHECK(due(store, "lab", now) == "A2 ");
        CHECK(transact_blocking(store, [&](Transaction& t) { return t.cancel(ids[3], "operator"); }).has_value());
        CHECK(transact_blocking(store, [&](Transaction& t) { return t.mark_delivered(ids[1], "MSA|AA"); }).has_value());
        CHECK(due(store, "lab", now).empty());
        CHECK(transact_blocking(store, [&](Transaction& t) { return t.mark_delivered(ids[1], ""); }).error().code ==
              FailureCode::not_found);
        CHECK(transact_blocking(store, [&](Transaction& t) { return t.defer(ids[0], 0, ""); }).error().code ==
              FailureCode::not_found);

        const auto copy = transact_blocking(store, [&](Transaction& t) { return t.replay(ids[0]); }).value();
        CHECK(due(store, "lab", now) == "A1 ");
        const auto edited =
            transact_blocking(store, [&](Transaction& t) { return t.replay(ids[0], "MSH|edited"); }).value();
        auto snapshot = store.snapshot();
        CHECK((*snapshot)->outbox(copy).value()->replay_of == ids[0]);
        CHECK((*snapshot)->outbox(edited).value()->message.payload == "MSH|edited");
        CHECK((*snapshot)->outbox(ids[0]).value()->state == OutboxState::dead);
        OutboxQuery dead;
        dead.state = OutboxState::dead;
        CHECK((*snapshot)->outbox(dead).value().size() == 1);
        dead.partner = "lab";
        CHECK((*snapshot)->outbox(dead).value().size() == 1);
        dead.partner = "pharmacy";
        CHECK((*snapshot)->outbox(dead).value().empty());
        const auto depths = (*snapshot)->outbox_depths().value();
        REQUIRE(depths.size() == 2);
        CHECK(depths[0].partner == "lab");
        CHECK(depths[0].pending == 2);
        CHECK(depths[0].dead == 1);
        CHECK(depths[0].oldest == copy);
        CHECK(depths[0].oldest_us == now);
        CHECK(depths[1].pending == 1);
    }

    TEST_CASE_TEMPLATE("outbox: not before its time, and an empty key is one lane", Driver, SqliteDriver,
                       MemoryDriver) {
        Driver driver;
        auto& store = *driver.store;
        const auto now = driver.clock->load();
        transact_blocking(store, [&](Transaction& t) { return t.enqueue(outgoing("lab", "", "1", now + 10)); }).value();
        transact_blocking(store, [&](Transaction& t) { return t.enqueue(outgoing("lab", "", "2")); }).value();
        CHECK(due(store, "lab", now).empty());
        CHECK(due(store, "lab", now + 10) == "1 ");
    }

    TEST_CASE_TEMPLATE("a purge takes what is over and old, oldest first, and never the newest", Driver, SqliteDriver,
                       MemoryDriver) {
        Driver driver;
        auto& store = *driver.store;
        const auto receive = [&](InboxState state) {
            auto row = message(std::to_string(static_cast<int>(state)), 'p');
            row.state = state;
            return transact_blocking(store, [row](Transaction& t) { return t.add_inbox(row); }).value();
        };
        const auto done = receive(InboxState::processed), open = receive(InboxState::processed),
                   held = receive(InboxState::received), last = receive(InboxState::processed);
        const auto sent = transact_blocking(store, [done](Transaction& t) {
                              auto row = outgoing("hie", "a", "1");
                              row.origin = done;
                              return t.enqueue(row);
                          }).value();
        const auto waits = transact_blocking(store, [open](Transaction& t) {
                               auto row = outgoing("hie", "b", "2");
                               row.origin = open;
                               return t.enqueue(row);
                           }).value();
        CHECK(transact_blocking(store, [sent](Transaction& t) { return t.mark_delivered(sent, "AA"); }).has_value());
        CHECK(transact_blocking(store, [&, done](Transaction& t) {
                  return t.put_trace(done, store.pack("{}"));
              }).has_value());
        constexpr TimeUs later = 9'000'000'000'000'000;
        CHECK(transact_blocking(store, [](Transaction& t) { return t.purge_inbox(0, 1'600'000'000'000'000, 10); })
                  .value()
                  .removed == 0);
        const auto out = transact_blocking(store, [](Transaction& t) { return t.purge_outbox(0, later, 10); }).value();
        CHECK(out.removed == 1);
        const auto in = transact_blocking(store, [](Transaction& t) { return t.purge_inbox(0, later, 10); }).value();
        CHECK(in.removed == 1);
        auto snapshot = store.snapshot();
        auto& reader = **snapshot;
        CHECK_FALSE(reader.inbox(done).value());
        CHECK_FALSE(reader.trace(done).value());
        CHECK_FALSE(reader.outbox(sent).value());
        for (const auto id : {open, held, last}) CHECK(reader.inbox(id).value());
        CHECK(reader.outbox(waits).value());
        CHECK(due(store, "hie", later) == "2 ");
    }

    TEST_CASE_TEMPLATE("audit: one unbroken chain", Driver, SqliteDriver, MemoryDriver) {
        Driver driver;
        auto& store = *driver.store;
        for (int i = 1; i <= 5; ++i) {
            const auto event = "event " + std::to_string(i);
            CHECK(transact_blocking(store, [event](Transaction& t) { return t.append_audit(event); }).value() == i);
        }
        auto snapshot = store.snapshot();
        const auto rows = (*snapshot)->audit({}).value();
        REQUIRE(rows.size() == 5);
        AuditHash previous{};
        for (const auto& row : rows) {
            CHECK(row.previous == previous);
            CHECK(row.hash == audit_hash({}, previous, row.sequence, row.at_us, row.event));
            previous = row.hash;
        }
        const auto some = (*snapshot)->audit({2, 2}).value();
        REQUIRE(some.size() == 2);
        CHECK(some[0].event == "event 3");
        CHECK(some[0].previous == rows[1].hash);
    }

    TEST_CASE_TEMPLATE("a note that may be used once is added once until it expires", Driver, SqliteDriver,
                       MemoryDriver) {
        Driver driver;
        auto& store = *driver.store;
        const auto add = [&](const char* name, TimeUs life_us) {
            return transact_blocking(store, [&](Transaction& t) { return t.add_note(name, "v", t.now_us() + life_us); })
                .value();
        };
        CHECK(add("jti/a/1", 1'000));
        CHECK_FALSE(add("jti/a/1", 1'000));
        CHECK(add("jti/a/2", 1'000'000));
        *driver.clock += 10'000;
        CHECK(add("jti/a/1", 1'000));
        CHECK_FALSE(add("jti/a/2", 1'000));
        CHECK(transact_blocking(store, [&](Transaction& t) { return t.remove_note("jti/a/2"); }).value());
        CHECK_FALSE(transact_blocking(store, [&](Transaction& t) { return t.remove_note("jti/a/2"); }).value());
        CHECK(add("jti/a/2", 1'000));
    }

    TEST_CASE_TEMPLATE("notes are kept by name", Driver, SqliteDriver, MemoryDriver) {
        Driver driver;
        auto& store = *driver.store;
        const std::string bytes("a\0b", 3);
        CHECK(transact_blocking(store, [&](Transaction& t) { return t.set_note("cursor", bytes); }).has_value());
        auto snapshot = store.snapshot();
        CHECK((*snapshot)->note("cursor").value() == bytes);
        CHECK_FALSE((*snapshot)->note("curso").value().has_value());
    }

    TEST_CASE_TEMPLATE("patient rows", Driver, SqliteDriver, MemoryDriver) {
        Driver driver;
        auto& store = *driver.store;
        const auto persons = transact_blocking(store, [](Transaction& t) -> Result<std::pair<PersonId, PersonId>> {
                                 auto& tables = t.patients();
                                 const auto one = tables.new_person().value();
                                 const auto two = tables.new_person().value();
                                 tables.put_person({one, 1, 0, "one"}).value();
                                 tables.put_person({two, 1, 0, "two"}).value();
                                 const BlockingKey first[] = {{1, 100}, {2, -5}, {1, 100}};
                                 const BlockingKey second[] = {{1, 100}, {3, 7}};
                                 tables.put_record({10, one, 2, "rec 10"}, first).value();
                                 tables.put_record({11, two, 2, "rec 11"}, second).value();
                                 tables.append_event({0, 1, 1, 1, 10, one, 0, 0, 0, "new"}).value();
                                 tables.append_event({0, 2, 2, 1, 11, two, 10, one, 1, "possible"}).value();
                                 tables.open_review({0, 5, true, 2, 11, two, 10, one, "look"}).value();
                                 tables.open_review({0, 9, true, 3, 11, two, 0, 0, "urgent"}).value();
                                 return std::pair(one, two);
                             }).value();
        {
            auto snapshot = store.snapshot();
            auto& reader = (*snapshot)->patients();
            CHECK(reader.record(10).value()->data == "rec 10");
            CHECK(reader.record(10).value()->person == persons.first);
            CHECK_FALSE(reader.record(12).value().has_value());
            CHECK(reader.person(persons.second).value()->data == "two");
            CHECK(reader.block({1, 100}, 10).value() == std::vector<Rid>{10, 11});
            CHECK(reader.block({1, 100}, 1).value() == std::vector<Rid>{10});
            CHECK(reader.block({2, -5}, 10).value() == std::vector<Rid>{10});
            CHECK(reader.members(persons.first, 10).value() == std::vector<Rid>{10});
            CHECK(reader.events_of_record(10, 10).value().size() == 2);
            CHECK(reader.events_of_record(11, 10).value().size() == 1);
            CHECK(reader.events_of_person(persons.first, 10).value().size() == 2);
            CHECK(reader.events_after(1, 10).value().at(0).supersedes == 1);
            const auto reviews = reader.open_reviews({}, 10).value();
            REQUIRE(reviews.size() == 2);
            CHECK(reviews[0].data == "urgent");
            CHECK(reader.open_reviews(ReviewCursor{9, reviews[0].review}, 10).value().at(0).data == "look");
            CHECK(reader.reviews_of_record(10, 10).value().size() == 1);
            CHECK(reader.reviews_of_record(11, 10).value().size() == 2);
            CHECK(reader.records_after(10, 10).value().at(0).record == 11);
            CHECK(reader.record_count().value() == 2);
        }
        transact_blocking(store, [&](Transaction& t) -> Result<void> {
            auto& tables = t.patients();
            const BlockingKey other[] = {{2, -5}, {4, 1}};
            tables.put_record({10, persons.second, 3, "moved"}, other).value();
            tables.move_record(11, persons.second, 4).value();
            tables.put_person({persons.first, 2, persons.second, ""}).value();
            tables.close_review(2, "done").value();
            CHECK(tables.move_record(99, 1, 1).error().code == FailureCode::not_found);
            CHECK(tables.close_review(99, "").error().code == FailureCode::not_found);
            return {};
        }).value();
        {
            auto snapshot = store.snapshot();
            auto& reader = (*snapshot)->patients();
            CHECK(reader.block({1, 100}, 10).value() == std::vector<Rid>{11});
            CHECK(reader.block({2, -5}, 10).value() == std::vector<Rid>{10});
            CHECK(reader.block({4, 1}, 10).value() == std::vector<Rid>{10});
            CHECK(reader.members(persons.first, 10).value().empty());
            CHECK(reader.members(persons.second, 10).value() == std::vector<Rid>{10, 11});
            CHECK(reader.record(11).value()->state == 4);
            CHECK(reader.record(11).value()->data == "rec 11");
            CHECK(reader.person(persons.first).value()->redirect == persons.second);
            CHECK(reader.open_reviews({}, 10).value().size() == 1);
            CHECK(reader.review(2).value()->data == "done");
            CHECK_FALSE(reader.review(2).value()->open);
        }
        CHECK(transact_blocking(store, [](Transaction& t) { return t.patients().erase_record(10); }).has_value());
        auto snapshot = store.snapshot();
        CHECK((*snapshot)->patients().block({2, -5}, 10).value().empty());
        CHECK((*snapshot)->patients().members(persons.second, 10).value() == std::vector<Rid>{11});
    }
}
