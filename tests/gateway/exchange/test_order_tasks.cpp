#include <doctest/doctest.h>

#include "gateway/exchange/outbox.hpp"
#include "tests/gateway/exchange/house.hpp"

using namespace causeway;
using namespace causeway::exchange;
using causeway::exchange::tests::House;

namespace {

std::shared_ptr<const ExchangeSettings> settings() {
    auto made = std::make_shared<ExchangeSettings>();
    Partner lab;
    lab.name = "lab";
    lab.application = "LIS";
    lab.facility = "CAPITOL LAB";
    lab.mllp = MllpEndpoint{.host = "127.0.0.1", .port = 1};
    made->partners = {lab};
    RoutingRule orders;
    orders.name = "orders";
    orders.resource_type = "ServiceRequest";
    orders.on = {WriteKind::create};
    orders.to = "lab";
    orders.as = "OML^O21^OML_O21";
    made->rules = {orders};
    REQUIRE(validate(*made).empty());
    return made;
}

/// An EMR that orders, and a laboratory that answers.
struct Ward : House {
    std::string order_id;

    Ward() : House(settings()) {
        put(R"({"resourceType":"Patient","id":"p","identifier":[{"system":"urn:causeway:authority:EMR","value":"1"}],"name":[{"family":"Doe"}]})",
            "p");
        order_id = put(R"({"resourceType":"ServiceRequest","status":"active","intent":"order",
            "identifier":[{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"PLAC"}]},
                           "system":"urn:causeway:authority:EMR","value":"E1"}],
            "code":{"coding":[{"system":"http://loinc.org","code":"24331-1"}],"text":"Lipid panel"},
            "subject":{"reference":"Patient/p"}})");
    }
    fhir::DocumentPtr task() {
        auto snapshot = store->snapshot();
        const auto name = *(*snapshot)->identity("Task|fulfill|ServiceRequest/" + order_id + "|lab");
        REQUIRE(name);
        return read(*name);
    }
    std::string status() { return std::string(task()->root()["status"].text()); }
    void settle(Settlement::Kind kind, const std::string& reason = {}) {
        Settlement settlement;
        settlement.kind = kind;
        settlement.id = 1;
        settlement.reason = reason;
        const auto done = storage::transact_blocking(*store, [&](storage::Transaction& transaction) {
            return settle_outgoing(transaction, settlement, &tasks);
        });
        REQUIRE(done.has_value());
    }
    Receipt say(const std::string& bytes) {
        const auto receipt = inbox.accept_blocking(bytes, {"test", "127.0.0.1"});
        CAPTURE(receipt.note);
        CHECK(receipt.outcome == Receipt::Outcome::processed);
        return receipt;
    }
    Receipt reply(std::string_view control, const std::string& id = "R1") {
        return say("MSH|^~\\&|LIS|CAPITOL LAB|CW|C|20260302080500||ORL^O22^ORL_O22|" + id +
                   "|P|2.5.1\rMSA|AA|X\rPID|1||1^^^EMR\rORC|" + std::string(control) + "|E1^EMR|F9^LIS\r");
    }
    Receipt result(std::string_view status, const std::string& id) {
        return say("MSH|^~\\&|LIS|CAPITOL LAB|CW|C|20260302090500||ORU^R01^ORU_R01|" + id +
                   "|P|2.5.1\rPID|1||1^^^EMR||Doe\rORC|RE|E1^EMR|F9^LIS\rOBR|1|E1^EMR|F9^LIS|2093-3^Cholesterol^LN|||"
                   "20260302080000|||||||||||||||" +
                   "20260302090" + id.substr(1) + "00||CH|" + std::string(status) +
                   "\rOBX|1|NM|2093-3^Cholesterol^LN||182|mg/dL|||||" + std::string(status) + "\r");
    }
};

}  // namespace

TEST_SUITE("gateway/exchange/order_tasks") {
    TEST_CASE("a routed order has a Task that says for whom, about what and where it stands") {
        Ward ward;
        REQUIRE(ward.faults.empty());
        const auto task = ward.task();
        const auto root = task->root();
        CHECK(root["status"].text() == "requested");
        CHECK(root["focus"]["reference"].text() == "ServiceRequest/" + ward.order_id);
        CHECK(root["for"]["reference"].text() == "Patient/p");
        CHECK(root["owner"]["identifier"]["value"].text() == "lab");
        CHECK(root["owner"]["display"].text() == "CAPITOL LAB");
    }
    TEST_CASE("delivered is received; what could not be delivered says why and is not given up") {
        Ward ward;
        SUBCASE("delivered") {
            ward.settle(Settlement::Kind::delivered);
            CHECK(ward.status() == "received");
        }
        SUBCASE("parked, then replayed by an operator") {
            ward.settle(Settlement::Kind::parked, "AE 207");
            CHECK(ward.status() == "requested");
            CHECK(ward.task()->root()["businessStatus"]["text"].text() == "not delivered: AE 207");
        }
        SUBCASE("another attempt is no news") {
            ward.settle(Settlement::Kind::retry, "AE 207");
            CHECK(ward.status() == "requested");
            CHECK(!ward.task()->root()["businessStatus"]);
        }
    }
    TEST_CASE("the reply accepts or refuses, and its filler number comes to the order") {
        Ward ward;
        SUBCASE("OK") {
            ward.reply("OK");
            CHECK(ward.status() == "accepted");
            const auto order = ward.read({"ServiceRequest", ward.order_id});
            REQUIRE(order->root()["identifier"].size() == 2);
            CHECK(order->root()["status"].text() == "active");
            CHECK(order->root()["code"]["text"].text() == "Lipid panel");
        }
        SUBCASE("UA") {
            ward.reply("UA");
            CHECK(ward.status() == "rejected");
        }
        SUBCASE("DE: it cannot be worked on as it was sent") {
            ward.reply("DE");
            CHECK(ward.status() == "failed");
            CHECK(ward.read({"ServiceRequest", ward.order_id})->root()["code"]["text"].text() == "Lipid panel");
        }
    }
    TEST_CASE("results move it on, never back, and what was ordered stays") {
        Ward ward;
        ward.result("P", "P1");
        CHECK(ward.status() == "in-progress");
        ward.result("F", "F2");
        CHECK(ward.status() == "completed");
        const auto done = ward.task();
        REQUIRE(done->root()["output"].size() == 1);
        CHECK(done->root()["output"].first()["valueReference"]["reference"].text().substr(0, 17) ==
              "DiagnosticReport/");
        ward.reply("OK", "R9");
        CHECK(ward.status() == "completed");
        // the report's code is not the order's: a result does not rewrite what was asked for
        CHECK(ward.read({"ServiceRequest", ward.order_id})->root()["code"]["text"].text() == "Lipid panel");
    }
    TEST_CASE("somebody else's word does not move it") {
        Ward ward;
        ward.say(
            "MSH|^~\\&|OTHER|X|CW|C|20260302080500||ORL^O22^ORL_O22|R1|P|2.5.1\rMSA|AA|X\rPID|1||1^^^EMR\r"
            "ORC|OK|E1^EMR|F9^LIS\r");
        CHECK(ward.status() == "requested");
    }
}
