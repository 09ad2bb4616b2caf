#include <doctest/doctest.h>

#include <algorithm>
#include <future>

#include "fhir/json/json.hpp"
#include "gateway/exchange/admin.hpp"
#include "gateway/exchange/lineage_view.hpp"
#include "gateway/exchange/standing_order.hpp"
#include "gateway/storage/memory/memory_store.hpp"
#include "hl7v2/message.hpp"
#include "mappings/engine/forward.hpp"
#include "mappings/engine/lineage.hpp"
#include "mappings/engine/mapset.hpp"

using namespace causeway;
using namespace causeway::exchange;

namespace {

struct Sink final : http::ReplySink {
    std::promise<http::Response> promise;
    void complete(http::Response response) override { promise.set_value(std::move(response)); }
};

struct Bench {
    std::unique_ptr<storage::Store> store = storage::make_memory_store();
    security::Door door;
    security::ReadAudit reads{*store};
    ops::SystemClock clock;
    std::vector<std::string> woken;
    std::vector<std::string> controlled;
    AdminHandler::Services::Numbering numbering = AdminHandler::Services::Numbering::halted;
    AdminHandler admin{{*store,
                        door,
                        reads,
                        clock,
                        [this](const std::string& partner) { woken.push_back(partner); },
                        [this](const std::string& partner, const QueueOrder& order) {
                            using Verb = QueueOrder::Verb;
                            controlled.push_back(partner +
                                                 (order.verb == Verb::run     ? " runs"
                                                  : order.verb == Verb::pause ? " halts"
                                                                              : " drains to ") +
                                                 (order.verb == Verb::drain ? std::to_string(order.last) : ""));
                            return partner == "lab";
                        },
                        {},
                        {},
                        [this](const std::string& partner) {
                            return partner == "lab" ? numbering : AdminHandler::Services::Numbering::no_queue;
                        },
                        [this](const std::string& partner, std::int64_t next) {
                            controlled.push_back(partner + " " + std::to_string(next));
                        }}};

    std::pair<unsigned, std::string> call(http::Method method, std::string target, std::string body = {}) {
        http::Request request;
        request.method = method;
        request.target = std::move(target);
        request.body = std::move(body);
        request.peer = std::make_shared<const http::Peer>(http::Peer{"127.0.0.1", true, false});
        const auto sink = std::make_shared<Sink>();
        auto answer = sink->promise.get_future();
        admin.handle(std::move(request), http::Reply(sink));
        const auto response = answer.get();
        return {response.status, response.body.to_string()};
    }
    storage::OutboxId enqueue() {
        storage::OutboxMessage message;
        message.partner = "lab";
        message.kind = "OML^O21";
        message.control_id = "C1";
        message.payload = "MSH|N\xf1";  // Latin-1
        return *storage::transact_blocking(
            *store, [message](storage::Transaction& transaction) { return transaction.enqueue(message); });
    }
};

}  // namespace

TEST_SUITE("gateway/exchange/admin") {
    TEST_CASE("drains a queue up to what waits when it is told to") {
        Bench bench;
        bench.enqueue();
        const auto last = bench.enqueue();
        const auto drained = bench.call(http::Method::post, "/admin/outbox/lab/drain");
        CHECK(drained.first == 200);
        CHECK(drained.second.find("\"draining\":true") != std::string::npos);
        REQUIRE(bench.controlled.size() == 1);
        CHECK(bench.controlled.front() == "lab drains to " + std::to_string(last));
        const auto kept = standing_order(**bench.store->snapshot(), "lab").value();  // over a restart, too
        REQUIRE(kept);
        CHECK(kept->verb == QueueOrder::Verb::drain);
        CHECK(kept->last == static_cast<std::uint64_t>(last));
        CHECK(bench.call(http::Method::post, "/admin/outbox/nobody/drain").first == 404);
        CHECK(bench.controlled.back() == "nobody drains to 0");
    }

    TEST_CASE("halts a queue and lets it run again, on the record") {
        Bench bench;
        const auto paused = bench.call(http::Method::post, "/admin/outbox/lab/pause");
        CHECK(paused.first == 200);
        CHECK(paused.second.find("\"paused\":true") != std::string::npos);
        const auto kept = [&](std::string_view partner) {
            return standing_order(**bench.store->snapshot(), partner).value();
        };
        REQUIRE(kept("lab"));
        CHECK(kept("lab")->verb == QueueOrder::Verb::pause);
        CHECK(bench.call(http::Method::post, "/admin/outbox/lab/resume").first == 200);
        CHECK(!kept("lab"));
        CHECK(bench.call(http::Method::post, "/admin/outbox/nobody/pause").first == 404);
        CHECK(!kept("nobody"));
        CHECK(bench.call(http::Method::post, "/admin/outbox/nobody/resume").first == 404);
        CHECK(bench.call(http::Method::get, "/admin/outbox/lab/resume").first == 405);
        CHECK(bench.controlled == std::vector<std::string>{"lab halts", "lab runs", "nobody halts", "nobody runs"});
        auto snapshot = bench.store->snapshot();
        CHECK((*(*snapshot)->audit({})).size() == 4);
    }

    TEST_CASE("sets the number of a halted link, on the record") {
        using Numbering = AdminHandler::Services::Numbering;
        Bench bench;
        const auto set = [&](const std::string& rest) {
            return bench.call(http::Method::post, "/admin/outbox/" + rest).first;
        };
        for (const std::string bad : {"", "?next=", "?next=0", "?next=-1", "?next=2000000001", "?next=x", "?other=1"})
            CHECK(set("lab/sequence" + bad) == 400);
        CHECK(set("nobody/sequence?next=5") == 404);
        bench.numbering = Numbering::not_numbered;
        CHECK(set("lab/sequence?next=5") == 409);
        bench.numbering = Numbering::running;
        CHECK(set("lab/sequence?next=5") == 409);
        CHECK(bench.controlled.empty());
        bench.numbering = Numbering::halted;
        const auto done = bench.call(http::Method::post, "/admin/outbox/lab/sequence?next=17");
        CHECK(done.first == 200);
        CHECK(done.second.find("\"next\":17") != std::string::npos);
        CHECK(bench.controlled == std::vector<std::string>{"lab 17"});
        auto snapshot = bench.store->snapshot();
        CHECK(*(*snapshot)->note("exchange.sequence.out.lab") == "idle 17 0 0");
        CHECK((*(*snapshot)->audit({})).size() == 1);
    }

    TEST_CASE("lists and shows what goes out, replays a dead letter and leaves audit rows") {
        Bench bench;
        const auto id = bench.enqueue();
        storage::transact_blocking(*bench.store, [id](storage::Transaction& transaction) {
            return transaction.mark_dead(id, "MSA|AR", "rejected: AR 207");
        });
        auto [status, body] = bench.call(http::Method::get, "/admin/outbox?state=dead&limit=5");
        CHECK(status == 200);
        auto document = fhir::parse_json(body);
        REQUIRE(document.has_value());
        REQUIRE((*document)->root()["outbox"].size() == 1);
        CHECK((*document)->root()["outbox"].item(0)["note"].text() == "rejected: AR 207");
        std::tie(status, body) = bench.call(http::Method::post, "/admin/outbox/" + std::to_string(id) + "/replay");
        CHECK(status == 200);
        CHECK(body.find("\"state\":\"pending\"") != std::string::npos);
        CHECK(body.find("\"replayOf\":" + std::to_string(id)) != std::string::npos);
        CHECK(bench.woken == std::vector<std::string>{"lab"});
        std::tie(status, body) = bench.call(http::Method::get, "/admin/outbox/" + std::to_string(id));
        CHECK(status == 200);
        document = fhir::parse_json(body);
        REQUIRE(document.has_value());
        CHECK((*document)->root()["payload"].text() == "MSH|N\xc3\xb1");
        auto snapshot = bench.store->snapshot();
        CHECK((*snapshot)->audit({})->size() >= 1);
    }

    TEST_CASE("what a message's mapping recorded answers by element, by place and by byte") {
        Bench bench;
        const std::string bytes =
            "MSH|^~\\&|ADT|GEN|GATE|CITY|20240305||ADT^A31^ADT_A05|9|P|2.5.1\rEVN|A31|20240305\r"
            "PID|1||77^^^GEN^MR||Okafor^Ngozi||19840213|F\rPV1|1|N\r";
        const auto maps = mappings::MapSet::load(mappings::MapSet::builtin()).maps;
        REQUIRE(maps);
        const auto plan = maps->plan();
        const auto message = hl7v2::Message::parse(bytes);
        REQUIRE(message.has_value());
        mappings::ForwardContext context;
        context.now = "2024-03-05T12:00:00Z";
        const auto mapped = mappings::forward(*plan, message->view(), context);
        std::vector<std::string> names;
        for (std::size_t i = 0; i < mapped.resources.size(); ++i)
            names.push_back(std::string(mapped.resources[i].type) + "/" + std::to_string(i));
        const auto patient = static_cast<std::size_t>(
            std::find_if(names.begin(), names.end(), [](const auto& n) { return n.find("Patient/") == 0; }) -
            names.begin());
        REQUIRE(patient < names.size());
        const auto id = storage::transact_blocking(
            *bench.store, [&](storage::Transaction& transaction) -> storage::Result<storage::InboxId> {
                storage::InboxMessage row;
                row.application = "ADT";
                row.facility = "GEN";
                row.kind = "ADT^A31";
                row.control_id = "9";
                row.raw = bytes;
                row.received_us = 1'700'000'000'000'000;
                const auto added = transaction.add_inbox(row);
                if (added.has_error()) return added.error();
                const auto lineage = mappings::lineage_of(*plan, mapped, message->view());
                const auto kept = transaction.put_trace(
                    *added, bench.store->pack(join_trace("{\"structure\":\"ADT_A05\"}", names, lineage)));
                if (kept.has_error()) return kept.error();
                return *added;
            });
        REQUIRE(id.has_value());
        const std::string base = "/admin/messages/" + std::to_string(*id);
        CHECK(bench.call(http::Method::get, base).second.find("\"trace\":{\"structure\":\"ADT_A05\"}") !=
              std::string::npos);
        const std::string born = "{\"lineage\":[{\"resource\":\"" + names[patient] +
                                 "\",\"element\":\"Patient.birthDate\",\"source\":\"PID[1]-7[1].1.1\",\"offset\":" +
                                 std::to_string(bytes.find("19840213")) + ",\"length\":8,\"line\":\"mappings/maps/";
        for (const auto& query :
             std::vector<std::string>{"element=Patient.birthDate", "place=PID-7", "place=PID%5B1%5D-7.1",
                                      "element=Patient.birthDate&resource=Patient/" + std::to_string(patient)}) {
            CAPTURE(query);
            const auto [status, body] = bench.call(http::Method::get, base + "/lineage?" + query);
            CHECK(status == 200);
            CHECK(body.find(born) == 0);
        }
        CHECK(bench.call(http::Method::get, base + "/lineage?byte=" + std::to_string(bytes.find("19840213") + 5))
                  .second.find(born) == 0);
        CHECK(bench.call(http::Method::get, base + "/lineage?element=Patient.birthDate&resource=Patient/99").second ==
              "{\"lineage\":[]}");
        CHECK(bench.call(http::Method::get, base + "/lineage").second.find("\"residue\":[") != std::string::npos);
        CHECK(bench.call(http::Method::get, base + "/lineage?nonsense=1").first == 400);
        const auto [status, body] = bench.call(http::Method::get, base + "/provenance");
        CHECK(status == 200);
        const auto bundle = fhir::parse_json(body);
        REQUIRE(bundle.has_value());
        CHECK((*bundle)->root()["entry"].size() == names.size());
        CHECK(body.find("urn:causeway:lineage") != std::string::npos);
        CHECK(bench.call(http::Method::get, "/admin/messages/999/lineage").first == 404);
    }

    TEST_CASE("the lineage of a large message is answered in parts") {
        std::string bytes =
            "MSH|^~\\&|LAB|GEN|GATE|CITY|20240305||ORU^R01^ORU_R01|9|P|2.5.1\rPID|1||77^^^GEN^MR||Okafor^Ngozi\r"
            "OBR|1||F1^LAB|24331-1^Lipids^LN|||20240305||||||||||||||||||F\r";
        for (int i = 1; i <= 900; ++i)
            bytes +=
                "OBX|" + std::to_string(i) + "|NM|2093-" + std::to_string(i) + "^Cholesterol^LN||5.20|mmol/L|||||F\r";
        const auto plan = mappings::MapSet::load(mappings::MapSet::builtin()).maps->plan();
        const auto message = hl7v2::Message::parse(bytes);
        REQUIRE(message.has_value());
        const auto mapped = mappings::forward(*plan, message->view(), {});
        const auto kept = join_trace("{}", std::vector<std::string>(mapped.resources.size(), "Observation/1"),
                                     mappings::lineage_of(*plan, mapped, message->view()));
        const auto stored = split_trace(kept).second;
        CHECK(lineage_json(stored, {})->find("\"left_out\":") != std::string::npos);
        const auto one = lineage_json(stored, {{}, {}, "OBX[850]-5", {}});
        REQUIRE(one);
        CHECK(one->find("OBX[850]-5[1].1.1") != std::string::npos);
        CHECK(one->find("left_out") == std::string::npos);
        CHECK(!lineage_json("nonsense", {}));
        CHECK(split_trace("{}").second.empty());
    }

    TEST_CASE("an empty inbox is an empty list; what is not there is 404; other verbs are refused") {
        Bench bench;
        CHECK(bench.call(http::Method::get, "/admin/messages?limit=5") ==
              std::pair<unsigned, std::string>{200, "{\"messages\":[]}"});
        CHECK(bench.call(http::Method::get, "/admin/messages/17").first == 404);
        CHECK(bench.call(http::Method::get, "/admin/outbox/x").first == 404);
        CHECK(bench.call(http::Method::get, "/admin/elsewhere").first == 404);
        CHECK(bench.call(http::Method::post, "/admin/messages/17/swallow").first == 405);
        CHECK(bench.call(http::Method::post, "/admin/outbox/17/replay").first == 404);
    }
}
