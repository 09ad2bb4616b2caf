#include <doctest/doctest.h>

#include <tuple>

#include "gateway/exchange/cds_hooks.hpp"
#include "gateway/exchange/outbox.hpp"
#include "tests/gateway/exchange/house.hpp"

using namespace causeway;
using namespace causeway::exchange;
using causeway::exchange::tests::House;

namespace {

std::shared_ptr<ExchangeSettings> settings() {
    auto made = std::make_shared<ExchangeSettings>();
    Partner pharmacy;
    pharmacy.name = "pharmacy";
    pharmacy.application = "RXDESK";
    pharmacy.mllp = MllpEndpoint{.host = "127.0.0.1", .port = 1};
    Partner advisor;
    advisor.name = "advisor";
    advisor.http = HttpEndpoint{.url = "https://cds.example.org/cds-services/order-sign", .format = "cds-hooks"};
    made->partners = {pharmacy, advisor};
    for (const auto& [name, to, as] :
         {std::tuple{"prescriptions", "pharmacy", "RDE^O11^RDE_O11"}, std::tuple{"advice", "advisor", "order-sign"}}) {
        RoutingRule rule;
        rule.name = name;
        rule.resource_type = "MedicationRequest";
        rule.on = {WriteKind::create};
        rule.to = to;
        rule.as = as;
        made->rules.push_back(rule);
    }
    return made;
}

/// A prescriber, a pharmacy and a decision support service.
struct Practice : House {
    std::string order;

    Practice() : House(settings()) {
        put(R"({"resourceType":"Patient","id":"p","identifier":[{"system":"urn:causeway:authority:EMR","value":"1"}],"name":[{"family":"Doe"}]})",
            "p");
        put(R"({"resourceType":"AllergyIntolerance","id":"a","code":{"text":"latex"},"patient":{"reference":"Patient/p"}})",
            "a");
        order = put(R"({"resourceType":"MedicationRequest","status":"active","intent":"order",
            "identifier":[{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"PLAC"}]},
            "system":"urn:causeway:authority:EMR","value":"RX-1"}],
            "medicationCodeableConcept":{"text":"Amoxicillin 500 mg"},"subject":{"reference":"Patient/p"}})");
    }
    /// The one Task of the order, and of it the inputs that advice has made: "cds-warning: summary".
    std::vector<std::string> advice() {
        const auto found_tasks = all("Task");
        REQUIRE(found_tasks.size() == 1);
        std::vector<std::string> found;
        for (const auto input : found_tasks.front()->root()["input"].items()) {
            const auto code = input["type"]["coding"].first()["code"].text();
            if (code.starts_with("cds-"))
                found.push_back(std::string(code) + ": " + std::string(input["valueString"].text()));
        }
        return found;
    }
    void settle(Settlement::Kind kind, std::uint32_t attempts, const std::string& reason, const std::string& answer) {
        Settlement settlement;
        settlement.kind = kind;
        settlement.id = static_cast<std::uint64_t>(sent("advisor").front().id);
        settlement.attempts = attempts;
        settlement.reason = reason;
        settlement.answer = answer;
        const auto done = storage::transact_blocking(*store, [&](storage::Transaction& transaction) {
            return settle_outgoing(transaction, settlement, &tasks);
        });
        REQUIRE(done.has_value());
    }
};

}  // namespace

TEST_SUITE("gateway/exchange/cds_hooks") {
    TEST_CASE("an order asks the service with what it needs to know, beside the pharmacy's queue") {
        Practice practice;
        CHECK(practice.sent("pharmacy").size() == 1);
        const auto rows = practice.sent("advisor");
        REQUIRE(rows.size() == 1);
        CHECK(rows.front().message.kind == "CDS order-sign");
        const auto request = fhir::parse_json(rows.front().message.payload).value();
        const auto root = request->root();
        CHECK(root["hook"].text() == "order-sign");
        CHECK(root["hookInstance"].text().size() == 36);
        CHECK(root["context"]["patientId"].text() == "p");
        CHECK(root["context"]["userId"].has_value());
        CHECK(root["context"]["draftOrders"]["entry"].first()["resource"]["id"].text() == practice.order);
        CHECK(root["prefetch"]["patient"]["id"].text() == "p");
        CHECK(root["prefetch"]["allergies"]["entry"].first()["resource"]["id"].text() == "a");
        CHECK(root["prefetch"]["medications"]["resourceType"].text() == "Bundle");
        const auto order = cds::order_of(rows.front().message.payload);
        REQUIRE(order);
        CHECK(order->id == practice.order);
    }

    TEST_CASE("cards become inputs of the Task, in the place of what was said before, and move nothing") {
        Practice practice;
        practice.settle(Settlement::Kind::retry, 1, "no connection", {});
        CHECK(practice.advice() == std::vector<std::string>{"cds-unanswered: no connection"});
        practice.settle(Settlement::Kind::retry, 2, "timeout", {});
        CHECK(practice.advice() == std::vector<std::string>{"cds-unanswered: no connection"});  // noted once
        practice.settle(Settlement::Kind::delivered, 3, {},
                        R"({"cards":[{"summary":"Interacts with warfarin","indicator":"critical",
                            "source":{"label":"DrugBase"}},{"summary":"Generic available","indicator":"info",
                            "source":{"label":"DrugBase"}},{"summary":"odd","indicator":"shouting"}]})");
        CHECK(practice.advice() == std::vector<std::string>{"cds-critical: Interacts with warfarin",
                                                            "cds-info: Generic available", "cds-warning: odd"});
        CHECK(std::string(practice.all("Task").front()->root()["status"].text()) == "requested");
    }

    TEST_CASE("a service that never answers is noted; one without cards leaves nothing") {
        Practice practice;
        practice.settle(Settlement::Kind::parked, 5, "HTTP 500", {});
        CHECK(practice.advice() == std::vector<std::string>{"cds-unanswered: HTTP 500"});
        Practice quiet;
        quiet.settle(Settlement::Kind::delivered, 1, {}, R"({"cards":[]})");
        CHECK(quiet.advice().empty());
    }

    TEST_CASE("only an answer with cards is one") {
        CHECK(cds::read_cards(R"({"cards":[]})").has_value());
        CHECK_FALSE(cds::read_cards(R"({"card":[]})").has_value());
        CHECK_FALSE(cds::read_cards("<html>").has_value());
        std::string many = R"({"cards":[)";
        for (int i = 0; i < 30; ++i) many += std::string(i == 0 ? "" : ",") + R"({"summary":"s","indicator":"info"})";
        CHECK(cds::read_cards(many + "]}")->size() == cds::cards_max);
    }

    TEST_CASE("a route to the service says order-sign, of an order") {
        auto wrong = settings();
        wrong->rules[1].as = "RDE^O11^RDE_O11";
        REQUIRE(validate(*wrong).size() == 1);
        CHECK(validate(*wrong).front().where == "route \"advice\": as");
        auto patient = settings();
        patient->rules[1].resource_type = "Patient";
        CHECK(validate(*patient).size() == 1);
    }
}
