#include <doctest/doctest.h>

#include <future>

#include "fhir/json/json.hpp"
#include "gateway/exchange/admin.hpp"
#include "gateway/storage/memory/memory_store.hpp"

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
    AdminHandler admin{{*store, door, reads, clock, [this](const std::string& partner) { woken.push_back(partner); }}};

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

    TEST_CASE("an empty inbox is an empty list; what is not there is 404; other verbs are refused") {
        Bench bench;
        CHECK(bench.call(http::Method::get, "/admin/messages?limit=5") ==
              std::pair<unsigned, std::string>{200, "{\"messages\":[]}"});
        CHECK(bench.call(http::Method::get, "/admin/messages/17").first == 404);
        CHECK(bench.call(http::Method::get, "/admin/outbox/x").first == 404);
        CHECK(bench.call(http::Method::get, "/admin/elsewhere").first == 404);
        CHECK(bench.call(http::Method::post, "/admin/messages/17/replay").first == 405);
        CHECK(bench.call(http::Method::post, "/admin/outbox/17/replay").first == 404);
    }
}
