// The audit trail as AuditEvents: shape, search, right of its own; anchors; retention.
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <cstdio>
#include <fstream>

#include "fhir/validate/validate.hpp"
#include "gateway/security/role.hpp"
#include "gateway/security/scope.hpp"
#include "gateway/security/trail/anchor.hpp"
#include "gateway/security/trail/event.hpp"
#include "gateway/security/trail/handler.hpp"
#include "gateway/security/trail/keeper.hpp"
#include "gateway/storage/maintenance.hpp"
#include "gateway/storage/memory/memory_store.hpp"
#include "tests/gateway/rest/gateway.hpp"

using namespace causeway;
using namespace causeway::security;
using tests::Got;

namespace {

/// The FHIR side with the trail before it.
class Trail {
public:
    Trail() {
        gateway.services().entry_taken = [this](const rest::CallPtr& entry, const rest::Answer& answer) {
            return handler.take(entry, answer);
        };
    }
    Got send(http::Method method, std::string_view target, std::string body = {}) {
        http::Request request;
        request.method = method;
        request.target = target.starts_with("http") ? std::string(target.substr(std::string_view("http://test").size()))
                                                    : "/fhir/" + std::string(target);
        request.headers.add("Host", "test");
        if (!body.empty())
            request.headers.add("Content-Type", target.ends_with("_search") ? "application/x-www-form-urlencoded"
                                                                            : "application/fhir+json");
        request.id = "request-1";
        request.peer = std::make_shared<const http::Peer>(http::Peer{"127.0.0.1", true, false});
        request.principal = principal;
        request.body = std::move(body);
        struct Sink : http::ReplySink {
            std::promise<http::Response> promise;
            void complete(http::Response response) override { promise.set_value(std::move(response)); }
        };
        const auto sink = std::make_shared<Sink>();
        auto future = sink->promise.get_future();
        handler.handle(std::move(request), http::Reply(sink));
        auto response = future.get();
        Got answer{response.status, response.headers, response.body.to_string(), nullptr};
        if (auto parsed = fhir::parse_json(answer.body)) answer.document = std::move(*parsed);
        settle();
        return answer;
    }
    Got get(std::string_view target) { return send(http::Method::get, target); }
    std::string create(const std::string& json) {
        const std::string type(fhir::parse_json(json).value()->root().resource_type());
        return std::string(send(http::Method::post, type, json).id());
    }
    /// Rows of reads are committed by a job after the answer; a job of ours comes after it.
    void settle() {
        storage::transact_blocking(gateway.store(), [](storage::Transaction&) -> storage::Result<void> {
            return {};
        }).value();
    }
    void as(std::string_view scopes, std::string patient = {}) {
        auto grant = std::make_shared<Grant>();
        grant->scopes = std::get<std::vector<Scope>>(parse_scopes(scopes));
        grant->patient = std::move(patient);
        principal = std::make_shared<const Principal>(
            Principal{Principal::Kind::client, "app", "10.0.0.7", std::move(grant), 0xff, "tokendigest"});
    }

    tests::Gateway gateway;
    std::shared_ptr<const Principal> principal;
    TrailHandler handler{gateway.rest(), gateway.services()};
};

std::string_view code_of(fhir::Element event, const char* name) { return event[name]["code"].text(); }

fhir::Element entity_with_role(fhir::Element event, std::string_view role) {
    for (const auto each : event["entity"].items())
        if (each["role"]["code"].text() == role) return each;
    return {};
}

/// Every AuditEvent of a page is an AuditEvent that R4 allows.
void check_structure(const Got& page) {
    for (std::size_t i = 0; i < page.entries(); ++i) {
        const auto issues = fhir::validate_structure(page.entry(i)["resource"]);
        for (const auto& issue : issues) CHECK_MESSAGE(issue.severity != fhir::Severity::error, issue.text);
    }
}

std::string make_key(const std::filesystem::path& folder, const char* name, bool public_half_too = false) {
    EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
    const auto path = (folder / name).string();
    std::FILE* file = std::fopen(path.c_str(), "wb");
    PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
    if (public_half_too) {
        file = std::fopen((path + ".pub").c_str(), "wb");
        PEM_write_PUBKEY(file, key);
        std::fclose(file);
    }
    EVP_PKEY_free(key);
    return path;
}

AnchorKey key_of(const std::string& path) { return std::get<AnchorKey>(AnchorKey::read(path)); }

}  // namespace

TEST_SUITE("gateway/security/trail") {
    TEST_CASE("every access is an AuditEvent, in the shape of BALP") {
        Trail trail;
        trail.as("system/*.cruds system/AuditEvent.rs");
        const auto id = trail.create(R"({"resourceType":"Patient","name":[{"family":"Trail"}]})");
        const auto observation = trail.create(
            R"({"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/)" +
            id + "\"}}");
        trail.get("Patient/" + id);
        trail.get("Patient/" + id + "/_history/1");
        trail.get("Patient/" + id + "/_history");
        trail.get("Patient?family=Trail");
        trail.send(http::Method::erase, "Observation/" + observation);
        trail.get("Patient/no-such-one");
        const auto page = trail.get("AuditEvent?_sort=date&_count=100");
        REQUIRE(page.status == 200);
        check_structure(page);
        struct Row {
            std::string_view action, subtype, outcome, client;
        };
        const std::vector<Row> expected = {{"C", "create", "0", "110153"},
                                           {"C", "create", "0", "110153"},
                                           {"R", "read", "0", "110152"},
                                           {"R", "vread", "0", "110152"},
                                           {"R", "history-instance", "0", "110152"},
                                           {"E", "search-type", "0", "110153"},
                                           {"D", "delete", "0", "110150"},
                                           {"R", "read", "4", "110152"}};
        REQUIRE(page.entries() == expected.size());
        for (std::size_t i = 0; i < expected.size(); ++i) {
            CAPTURE(i);
            const auto event = page.entry(i)["resource"];
            CHECK(event["action"].text() == expected[i].action);
            CHECK(event["subtype"].item(0)["code"].text() == expected[i].subtype);
            CHECK(event["outcome"].text() == expected[i].outcome);
            const auto client = event["agent"].item(0);
            CHECK(client["type"]["coding"].item(0)["code"].text() == expected[i].client);
            CHECK(client["who"]["identifier"]["value"].text() == "app");
            CHECK(client["network"]["address"].text() == "10.0.0.7");
            CHECK(client["requestor"].text() == "true");
            CHECK(code_of(event, "type") == "rest");
        }
        // Who it was about.
        CHECK(entity_with_role(page.entry(1)["resource"], "1")["what"]["reference"].text() == "Patient/" + id);
        CHECK(entity_with_role(page.entry(5)["resource"], "24")["query"].text() ==
              "R0VUIC9maGlyL1BhdGllbnQ/ZmFtaWx5PVRyYWls");  // GET /fhir/Patient?family=Trail
        CHECK(entity_with_role(page.entry(2)["resource"], "4")["what"]["reference"].text() ==
              "Patient/" + id + "/_history/1");
        CHECK(page.entry(2)["resource"]["agent"].item(0)["policy"].item(0).text() == "urn:causeway:token:tokendigest");
    }

    TEST_CASE("a search is one event for each patient in its result") {
        Trail trail;
        std::vector<std::string> ids;
        for (int i = 0; i < 3; ++i) {
            ids.push_back(trail.create(R"({"resourceType":"Patient","active":true})"));
            trail.create(
                R"({"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/)" +
                ids.back() + "\"}}");
        }
        trail.get("Observation?code:text=x");
        trail.get("Observation?code:text=nothing");
        const auto page = trail.get("AuditEvent?action=E");
        REQUIRE(page.entries() == 4);
        CHECK_FALSE(entity_with_role(page.entry(0)["resource"], "1"));
        std::vector<std::string> seen;
        for (std::size_t i = 1; i < 4; ++i)
            seen.emplace_back(entity_with_role(page.entry(i)["resource"], "1")["what"]["reference"].text().substr(8));
        std::sort(seen.begin(), seen.end());
        std::sort(ids.begin(), ids.end());
        CHECK(seen == ids);
        // Each is there by its id and by its patient.
        for (std::size_t i = 1; i < 4; ++i)
            CHECK(trail.get("AuditEvent/" + std::string(page.entry(i)["resource"]["id"].text())).status == 200);
        const auto about = trail.get("AuditEvent?patient=" + ids[0] + "&action=E&subtype=search-type");
        CHECK(about.entries() == 1);
    }

    TEST_CASE("pages follow each other without a gap, both ways; dates and counts") {
        Trail trail;
        for (int i = 0; i < 25; ++i) trail.create(R"({"resourceType":"Basic","code":{"text":"x"}})");
        for (const std::string sort : {"&_sort=date", ""}) {
            std::vector<std::string> ids;
            std::string next = "AuditEvent?action=C&_count=7" + sort;
            int pages = 0;
            while (!next.empty() && ++pages < 20) {
                const auto page = trail.get(next);
                REQUIRE(page.status == 200);
                for (std::size_t i = 0; i < page.entries(); ++i)
                    ids.emplace_back(page.entry(i)["resource"]["id"].text());
                next = page.link("next");
            }
            CHECK(pages == 4);
            CHECK(ids.size() == 25);
            CHECK(std::adjacent_find(ids.begin(), ids.end()) == ids.end());
        }
        CHECK(trail.get("AuditEvent?action=C&_summary=count").root()["total"].text() == "25");
        CHECK(trail.get("AuditEvent?action=C&date=ge2020").entries() == 20);
        CHECK(trail.get("AuditEvent?action=C&date=lt2020").entries() == 0);
        CHECK(trail.send(http::Method::post, "AuditEvent/_search", "action=C&_count=3").entries() == 3);
        CHECK(trail.get("AuditEvent?_revinclude=Provenance:entity").status == 200);
        CHECK(trail.get("AuditEvent?nonsense=1").status == 400);
        CHECK(trail.get("AuditEvent?_sort=agent").status == 400);
        CHECK(trail.get("AuditEvent?_page=trail.x.y").status == 400);
        CHECK(trail.get("AuditEvent/row-99999").status == 404);
        CHECK(trail.get("AuditEvent/row-1-1").status == 404);
    }

    TEST_CASE("the trail has a right of its own") {
        Trail trail;
        const auto a = trail.create(R"({"resourceType":"Patient","active":true})");
        const auto b = trail.create(R"({"resourceType":"Patient","active":true})");
        trail.get("Patient/" + a);
        trail.get("Patient/" + b);
        trail.as("system/*.cruds");  // everything clinical, but not who read what
        CHECK(trail.get("AuditEvent").entries() == 0);
        CHECK(trail.get("AuditEvent/row-1").status == 404);
        trail.as("system/AuditEvent.rs system/Patient.r");
        const auto with_patients =
            trail.get("AuditEvent?_include=AuditEvent:patient&_count=100&action=C&subtype=create");
        std::size_t patients = 0;
        for (std::size_t i = 0; i < with_patients.entries(); ++i)
            if (with_patients.entry(i)["search"]["mode"].text() == "include") ++patients;
        CHECK(patients == 2);
        trail.as("system/AuditEvent.rs");  // the right to the trail is no right to the patients
        CHECK_FALSE(trail.get("AuditEvent?_include=AuditEvent:patient").body.find("\"include\"") != std::string::npos);
        trail.as("system/AuditEvent.r");
        CHECK(trail.get("AuditEvent/row-1").status == 200);
        CHECK(trail.get("AuditEvent").status == 403);
        trail.as("system/AuditEvent.s");
        CHECK(trail.get("AuditEvent").entries() > 3);
        CHECK(trail.get("AuditEvent/row-1").status == 403);
        trail.as("patient/AuditEvent.rs", a);
        const auto own = trail.get("AuditEvent");
        CHECK(own.entries() == 2);  // its create and its read
        for (std::size_t i = 0; i < own.entries(); ++i)
            CHECK(entity_with_role(own.entry(i)["resource"], "1")["what"]["reference"].text() == "Patient/" + a);
        CHECK(trail.get("AuditEvent/row-1").status == 200);
        CHECK(trail.get("AuditEvent/row-2").status == 404);
        trail.principal = std::make_shared<const Principal>(
            Principal{Principal::Kind::operator_, "op", "10.0.0.8", nullptr, *rights_of_role("operator")});
        CHECK(trail.get("AuditEvent/row-1").status != 200);
        trail.principal = std::make_shared<const Principal>(
            Principal{Principal::Kind::operator_, "au", "10.0.0.8", nullptr, *rights_of_role("auditor")});
        CHECK(trail.get("AuditEvent/row-1").status == 200);
        CHECK(trail.get("Patient/" + a).status == 403);
    }

    TEST_CASE("an entry of a batch is answered as the request would be, within the same right") {
        Trail trail;
        const auto a = trail.create(R"({"resourceType":"Patient","active":true})");
        const auto b = trail.create(R"({"resourceType":"Patient","active":true})");
        const auto batch = [&](const std::string& url) {
            return trail.send(http::Method::post, "",
                              R"({"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":")" +
                                  url + R"("}},{"request":{"method":"GET","url":"Patient/)" + a + "\"}}]}");
        };
        const auto same = [&](const std::string& url) {
            const auto plain = trail.get(url), all = batch(url);
            REQUIRE_MESSAGE(all.status == 200, all.body);
            REQUIRE(all.entries() == 2);
            CAPTURE(url);
            CHECK(all.entry(0)["response"]["status"].text().substr(0, 3) == std::to_string(plain.status));
            const auto found = all.entry(0)["resource"];
            if (plain.status != 200) {
                CHECK_FALSE(found);
                return plain.entries();
            }
            CHECK(found["id"].text() == (plain.root()["entry"] ? std::string_view() : plain.id()));
            CHECK(found["total"].text() == plain.root()["total"].text());
            REQUIRE(found["entry"].size() == plain.entries());
            for (std::size_t i = 0; i < plain.entries(); ++i)
                CHECK(fhir::to_json(found["entry"].item(i)) == fhir::to_json(plain.entry(i)));
            return plain.entries();
        };
        trail.as("system/AuditEvent.rs system/Patient.r");
        CHECK(same("AuditEvent?action=C") == 2);
        CHECK(same("AuditEvent?action=C&_count=1") == 1);
        CHECK(same("AuditEvent?action=C&_include=AuditEvent:patient") == 4);
        CHECK(same("AuditEvent?action=C&patient=" + b) == 1);
        same("AuditEvent/row-1");
        same("AuditEvent/row-99999");
        same("AuditEvent?nonsense=1");
        trail.as("patient/AuditEvent.rs patient/Patient.r", a);
        CHECK(same("AuditEvent?action=C") == 1);
        same("AuditEvent/row-1");
        same("AuditEvent/row-2");
        trail.as("system/*.cruds");  // all that is clinical, and nothing of the trail
        CHECK(same("AuditEvent?action=C") == 0);
        same("AuditEvent/row-1");
        trail.as("system/Patient.r");
        same("AuditEvent?action=C");
        // The entry leaves its row as the request does.
        trail.as("system/AuditEvent.rs");
        batch("AuditEvent/row-3");
        CHECK(trail.get("AuditEvent?subtype=read&entity=AuditEvent/row-3").entries() == 1);
    }

    TEST_CASE("refusals and failed writes leave rows too, and events that clients sent come after the trail's") {
        Trail trail;
        trail.as("system/Patient.r");
        CHECK(trail.send(http::Method::post, "Patient", R"({"resourceType":"Patient"})").status == 403);
        trail.as("system/Patient.c system/AuditEvent.crs");
        CHECK(trail.send(http::Method::post, "Patient", R"({"resourceType":"Patient","nonsense":1})").status >= 400);
        const auto refused = trail.get("AuditEvent?outcome=8");
        REQUIRE(refused.entries() == 1);
        CHECK(refused.entry(0)["resource"]["outcomeDesc"].text() == "HTTP status 403");
        CHECK(trail.get("AuditEvent?outcome=4&action=C").entries() == 1);
        const auto own = trail.create(
            R"({"resourceType":"AuditEvent","type":{"system":"urn:x","code":"rest"},"recorded":"2026-01-01T00:00:00Z","agent":[{"requestor":true}],"source":{"observer":{"display":"a client"}}})");
        REQUIRE_FALSE(own.empty());
        CHECK(trail.get("AuditEvent/" + own).status == 200);
        auto page = trail.get("AuditEvent?_count=100");
        REQUIRE_FALSE(page.link("next").empty());
        page = trail.get(page.link("next"));
        REQUIRE(page.entries() == 1);
        CHECK(page.entry(0)["resource"]["id"].text() == own);
    }

    TEST_CASE("a refused certificate is a security alert") {
        Trail trail;
        AuditEntry entry;
        entry.at_us = std::int64_t{1'700'000'000} * 1'000'000;
        entry.principal = {Principal::Kind::client, "unknown", "10.0.0.9"};
        entry.interaction = Interaction::operation;
        entry.operation = node_authentication;
        entry.outcome = "the peer's certificate is refused: certificate has expired";
        REQUIRE(trail.gateway.services().reads->record(entry));
        trail.settle();
        trail.as("system/AuditEvent.rs");
        const auto page = trail.get("AuditEvent?type=110113");
        REQUIRE(page.entries() == 1);
        check_structure(page);
        const auto event = page.entry(0)["resource"];
        CHECK(event["subtype"].item(0)["code"].text() == "110126");
        CHECK(event["outcome"].text() == "8");
        CHECK(event["outcomeDesc"].text() == entry.outcome);
        CHECK(event["agent"].item(0)["network"]["address"].text() == "10.0.0.9");
    }

    TEST_CASE("ids of events are read as they are written and no other way") {
        CHECK(read_audit_event_id("row-17") == std::pair<std::int64_t, std::size_t>(17, 0));
        CHECK(read_audit_event_id("row-17-3") == std::pair<std::int64_t, std::size_t>(17, 3));
        for (const char* bad :
             {"", "row-", "row-0", "row--1", "row-017", "row-17-0", "row-17-", "row-17-3-1", "17", "row-1x"})
            CHECK_FALSE(read_audit_event_id(bad));
    }
}

TEST_SUITE("gateway/security/anchor") {
    TEST_CASE("what a key signed its public half verifies, and nothing else") {
        const auto folder = tests::Gateway::make_folder();
        const auto path = make_key(folder, "anchor.pem", true);
        const auto key = key_of(path), open = key_of(path + ".pub"), other = key_of(make_key(folder, "other.pem"));
        CHECK(key.can_sign());
        CHECK_FALSE(open.can_sign());
        storage::AuditMark mark{7, {}};
        mark.hash[0] = std::byte{9};
        const auto line = render_anchor(key, mark, 1'800'000'000'000'000);
        const auto good = read_anchors(line + "\n", &open);
        REQUIRE(good.marks.size() == 1);
        CHECK(good.faults.empty());
        CHECK(good.marks[0].sequence == 7);
        CHECK(good.marks[0].hash == mark.hash);
        CHECK(read_anchors(line, &other).faults.size() == 1);
        for (const auto& [from, to] :
             std::vector<std::pair<std::string, std::string>>{{"\"sequence\":7", "\"sequence\":6"},
                                                              {"\"hash\":\"09", "\"hash\":\"08"},
                                                              {"\"at\":18", "\"at\":17"}}) {
            auto changed = line;
            changed.replace(changed.find(from), from.size(), to);
            CHECK(read_anchors(changed, &open).faults.size() == 1);
            CHECK(read_anchors(changed, &open).marks.empty());
        }
        CHECK(read_anchors("no anchor\n" + line, &open).faults.size() == 1);
        std::ofstream(folder / "text") << "text";
        CHECK(std::holds_alternative<std::string>(AnchorKey::read((folder / "text").string())));
        std::filesystem::remove_all(folder);
    }

    TEST_CASE("anchors are written when they are due, and a cut end is found against them") {
        const auto folder = tests::Gateway::make_folder();
        struct StandingClock final : ops::Clock {
            std::int64_t at_us = 1'800'000'000'000'000;
            std::int64_t now_us() const override { return at_us; }
            std::int64_t steady_us() const override { return at_us; }
        } clock;
        storage::SqliteOptions options;
        options.file = folder / "store.db";
        options.secrets.audit = "a key of the audit chain";
        auto store = storage::open_sqlite(std::move(options)).value();
        const auto append = [&](int rows) {
            storage::transact_blocking(*store, [rows](storage::Transaction& t) -> storage::Result<void> {
                for (int i = 0; i < rows; ++i) t.append_audit("{}").value();
                return {};
            }).value();
        };
        TrailKeeper::Options keeping;
        const auto key_file = make_key(folder, "anchor.pem");
        keeping.key = key_of(key_file);
        keeping.file = (folder / "anchors").string();
        keeping.rows = 10;
        keeping.minutes = 5;
        std::vector<std::string> posted;
        bool endpoint_up = true;
        keeping.post = [&](const std::string& line) {
            if (endpoint_up) posted.push_back(line);
            return endpoint_up;
        };
        TrailKeeper keeper(*store, clock, keeping);
        const auto lines = [&] {
            std::ifstream file(folder / "anchors");
            std::string text((std::istreambuf_iterator<char>(file)), {});
            return std::count(text.begin(), text.end(), '\n');
        };
        keeper.look();
        CHECK(lines() == 0);
        append(3);
        keeper.look();
        CHECK(lines() == 1);  // the first at once
        append(9);
        keeper.look();
        CHECK(lines() == 1);
        append(1);
        keeper.look();
        CHECK(lines() == 2);  // ten rows
        append(1);
        clock.at_us += std::int64_t{5} * 60'000'000;
        keeper.look();
        CHECK(lines() == 3);  // five minutes
        CHECK(posted.size() == 3);
        append(1);
        endpoint_up = false;
        clock.at_us += std::int64_t{5} * 60'000'000;
        keeper.look();
        CHECK(keeper.unanchored_s() >= 300);
        endpoint_up = true;
        keeper.look();
        CHECK(posted.size() == 4);
        CHECK(keeper.unanchored_s() == 0);
        append(1);
        keeper.look(true);
        CHECK(posted.size() == 5);  // the last one at the end
        store->close();
        store.reset();
        std::ifstream file(folder / "anchors");
        const std::string text((std::istreambuf_iterator<char>(file)), {});
        const auto key = key_of(key_file);
        const auto anchors = read_anchors(text, &key);
        CHECK(anchors.faults.empty());
        const auto sound =
            storage::check_audit_file(folder / "store.db", {"a key of the audit chain", {}}, anchors.marks);
        CHECK(sound.value().faults.empty());
        std::filesystem::remove_all(folder);
    }

    TEST_CASE("rows that were kept long enough go; what stays is a sound chain that begins after them") {
        const auto folder = tests::Gateway::make_folder();
        auto now = std::make_shared<std::atomic<std::int64_t>>(1'700'000'000'000'000);
        storage::SqliteOptions options;
        options.file = folder / "store.db";
        options.secrets.audit = "a key of the audit chain";
        options.now_us = [now] { return now->load(); };
        auto store = storage::open_sqlite(std::move(options)).value();
        constexpr std::int64_t day_us = std::int64_t{86'400} * 1'000'000;
        std::vector<storage::AuditMark> marks;
        for (int day = 0; day < 10; ++day) {
            storage::transact_blocking(*store, [](storage::Transaction& t) -> storage::Result<void> {
                for (int i = 0; i < 5; ++i) t.append_audit("{}").value();
                return {};
            }).value();
            const auto rows = store->snapshot().value()->audit({day * 5 + 4, 1}).value();
            marks.push_back({rows.front().sequence, rows.front().hash});
            *now += day_us;
        }
        const auto before = 1'700'000'000'000'000 + 4 * day_us;
        CHECK(purge_trail(*store, before, "test").value() == 20);
        CHECK(purge_trail(*store, before, "test").value() == 0);
        {
            const auto rows = store->snapshot().value()->audit({0, 100}).value();
            CHECK(rows.front().sequence == 21);
            CHECK(rows.back().event.find("\"purge\"") != std::string::npos);
        }
        CHECK(purge_trail(*store, INT64_MAX, "test").value() > 0);  // all but the row that says so
        CHECK(store->snapshot().value()->audit({0, 100}).value().size() == 1);
        store->close();
        store.reset();
        const auto file = folder / "store.db";
        CHECK(storage::check_audit_file(file, {"a key of the audit chain", {}}, marks).value().faults.empty());
        CHECK_FALSE(storage::check_audit_file(file, {"another key of the chain", {}}, marks).value().faults.empty());
        std::filesystem::remove_all(folder);
    }

    TEST_CASE("rows that the feed has not sent are kept, however old they are") {
        struct MovedClock final : ops::Clock {
            std::int64_t at_us = 1'700'000'000'000'000;
            std::int64_t now_us() const override { return at_us; }
            std::int64_t steady_us() const override { return at_us; }
        } clock;
        const auto store = storage::make_memory_store({.now_us = [&clock] { return clock.at_us; }, .fault = {}});
        storage::transact_blocking(*store, [](storage::Transaction& t) -> storage::Result<void> {
            for (int i = 0; i < 10; ++i) t.append_audit("{}").value();
            return {};
        }).value();
        TrailKeeper::Options options;
        options.retention_days = 1;
        options.after_syslog = true;
        TrailKeeper keeper(*store, clock, options);
        const auto first_row = [&] { return store->snapshot().value()->audit({0, 1}).value().front().sequence; };
        const auto look_later = [&] {
            clock.at_us += std::int64_t{3 * 86'400} * 1'000'000;
            keeper.look();
        };
        look_later();
        CHECK(first_row() == 1);  // nothing was sent yet
        for (const std::int64_t sent : {7, 9}) {
            storage::transact_blocking(*store, [sent](storage::Transaction& t) {
                return t.set_note("audit/syslog", std::to_string(sent));
            }).value();
            look_later();
            CHECK(first_row() == sent + 1);
        }
    }
}
