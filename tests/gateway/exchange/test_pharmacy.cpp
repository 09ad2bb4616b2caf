#include <doctest/doctest.h>

#include "fhir/model/builder.hpp"
#include "gateway/exchange/pharmacy_rules.hpp"
#include "hl7v2/message.hpp"
#include "hl7v2/path.hpp"
#include "tests/gateway/exchange/house.hpp"
#include "tests/gateway/exchange/script_samples.hpp"

using namespace causeway;
using namespace causeway::exchange;
using namespace causeway::hl7v2::literals;
using namespace causeway::exchange::tests;

namespace {

std::shared_ptr<const ExchangeSettings> settings() {
    auto made = std::make_shared<ExchangeSettings>();
    Partner pharmacy;
    pharmacy.name = "pharmacy";
    pharmacy.kind = PartnerKind::pharmacy;
    pharmacy.application = "RXDESK";
    pharmacy.mllp = MllpEndpoint{.host = "127.0.0.1", .port = 1};
    Partner network;
    network.name = "network";
    network.kind = PartnerKind::pharmacy;
    network.application = "7701630";
    network.http = HttpEndpoint{.url = "https://network.example.org/script", .format = "script"};
    made->partners = {pharmacy, network};
    const auto route = [&](std::string name, std::string criteria, std::vector<WriteKind> on, std::string to,
                           std::string as) {
        RoutingRule rule;
        rule.name = std::move(name);
        rule.resource_type = "MedicationRequest";
        rule.criteria = std::move(criteria);
        rule.on = std::move(on);
        rule.to = std::move(to);
        rule.as = std::move(as);
        made->rules.push_back(rule);
    };
    route("prescriptions", "status=active&intent=order", {WriteKind::create}, "pharmacy", "RDE^O11^RDE_O11");
    route("denied renewals", "status=cancelled&intent=proposal", {WriteKind::update}, "pharmacy", "RDE^O11^RDE_O11");
    route("e-prescriptions", "status=active&intent=order", {WriteKind::create}, "network", "NewRx");
    const auto faults = validate(*made);
    REQUIRE_MESSAGE(faults.empty(), (faults.empty() ? std::string() : faults.front().where + faults.front().text));
    return made;
}

/// A prescriber and two pharmacies.
struct Practice : House {
    RenewalTasks renewals{writer};

    Practice() : House(settings()) {
        writer.add_observer(renewals);
        put(R"({"resourceType":"Patient","id":"p","identifier":[{"system":"urn:causeway:authority:EMR","value":"1"}],"name":[{"family":"Doe"}]})",
            "p");
    }
    std::string prescription(std::string_view number, std::string_view more = "") {
        return R"({"resourceType":"MedicationRequest","status":"active","intent":"order","identifier":[{"type":{"coding":[
            {"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"PLAC"}]},
            "system":"urn:causeway:authority:EMR","value":")" +
               std::string(number) + R"("}],"medicationCodeableConcept":{"coding":[{"system":
            "http://www.nlm.nih.gov/research/umls/rxnorm","code":"723","display":"amoxicillin 500 MG Oral Capsule"}],
            "text":"Amoxicillin 500 mg"},"subject":{"reference":"Patient/p"})" +
               std::string(more) + "}";
    }
    fhir::DocumentPtr task(std::string_view code) {
        for (const auto& each : all("Task"))
            if (each->root()["code"]["coding"].first()["code"].text() == code) return each;
        return nullptr;
    }
};

std::string renewal(std::string_view control_id) {
    return "MSH|^~\\&|RXDESK|MAIN|CAUSEWAY|C|20260601||RDE^O11^RDE_O11|" + std::string(control_id) +
           "|P|2.5.1\rPID|1||1^^^EMR^MR||Doe\rORC|RF|RX-1^EMR|D-9^RXDESK||||||20260601\r"
           "RXE||723^amoxicillin 500 MG Oral Capsule^RXNORM|||||||||30\rRXR|PO\r";
}

}  // namespace

TEST_SUITE("gateway/exchange/pharmacy") {
    TEST_CASE("a renewal is a proposal of its own, answered by an order or a refusal") {
        Practice practice;
        const auto order = practice.put(practice.prescription("RX-1"));
        REQUIRE(practice.sent("pharmacy").size() == 1);
        const auto receipt = practice.accept(renewal("RF-1"));
        CAPTURE(receipt.note);
        REQUIRE(receipt.outcome == Receipt::Outcome::processed);

        fhir::DocumentPtr proposal;
        for (const auto& each : practice.all("MedicationRequest")) {
            if (each->root()["intent"].text() == "proposal") proposal = each;
            if (each->id() == order) CHECK(each->root()["status"].text() == "active");  // what was ordered stays
        }
        REQUIRE(proposal);
        CHECK(proposal->root()["status"].text() == "draft");
        CHECK(proposal->root()["priorPrescription"]["reference"].text() == "MedicationRequest/" + order);
        auto asked = practice.task("approve");
        REQUIRE(asked);
        CHECK(asked->root()["status"].text() == "requested");
        CHECK(asked->root()["focus"]["reference"].text() == "MedicationRequest/" + std::string(proposal->id()));
        CHECK(practice.accept(renewal("RF-1")).outcome == Receipt::Outcome::duplicate);
        CHECK(practice.sent("pharmacy").size() == 1);  // a question is not sent back to who asked

        SUBCASE("approved") {
            const auto renewed = practice.put(practice.prescription(
                "RX-2", R"(,"basedOn":[{"reference":"MedicationRequest/)" + std::string(proposal->id()) + R"("}])"));
            asked = practice.task("approve");
            CHECK(asked->root()["status"].text() == "completed");
            CHECK(asked->root()["output"].item(0)["valueReference"]["reference"].text() ==
                  "MedicationRequest/" + renewed);
            const auto rows = practice.sent("pharmacy");
            REQUIRE(rows.size() == 2);
            CAPTURE(rows[1].note);
            const auto message = hl7v2::Message::parse(rows[1].message.payload);
            REQUIRE(message.has_value());
            CHECK(message->view().at("ORC-1"_v2).text() == "AF");
            CHECK(message->view().at("ORC-2.1"_v2).text() == "RX-2");
        }
        SUBCASE("denied") {
            auto builder = fhir::DocumentBuilder::edit(proposal);
            builder.root().member("status").set_string("cancelled");
            builder.root().member("statusReason").member("text").set_string("seen first");
            practice.put(fhir::to_json(std::move(builder).finish()->root()), std::string(proposal->id()));
            asked = practice.task("approve");
            CHECK(asked->root()["status"].text() == "rejected");
            CHECK(asked->root()["statusReason"]["text"].text() == "seen first");
            const auto rows = practice.sent("pharmacy");
            REQUIRE(rows.size() == 2);
            CAPTURE(rows[1].note);
            const auto message = hl7v2::Message::parse(rows[1].message.payload);
            REQUIRE(message.has_value());
            CHECK(message->view().at("ORC-1"_v2).text() == "DF");
        }
    }

    TEST_CASE("a second order of the same drug and an allergy to it are warnings on the Task, and stop nothing") {
        Practice practice;
        practice.put(R"({"resourceType":"AllergyIntolerance","id":"a","clinicalStatus":{"coding":[{"system":
            "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical","code":"active"}]},
            "code":{"text":"Amoxicillin"},"patient":{"reference":"Patient/p"}})",
                     "a");
        const auto first = practice.put(practice.prescription("RX-1"));
        practice.put(practice.prescription("RX-2"));
        REQUIRE(practice.sent("pharmacy").size() == 2);
        std::string warnings;
        for (const auto& each : practice.all("Task"))
            if (each->root()["owner"]["identifier"]["value"].text() == "pharmacy")
                for (const auto input : each->root()["input"].items())
                    warnings += std::string(input["type"]["coding"].first()["code"].text()) + " " +
                                std::string(input["valueReference"]["reference"].text()) + "; ";
        CHECK(warnings.find("duplicate-prescription MedicationRequest/" + first + ";") != std::string::npos);
        CHECK(warnings.find("allergy AllergyIntolerance/a; ") != warnings.rfind("allergy AllergyIntolerance/a; "));
    }

    TEST_CASE(
        "SCRIPT in: the original is kept, its content is a prescription, and what is no SCRIPT of ours is refused") {
        Practice practice;
        const auto xml = script_new_rx("RX-77");
        const auto receipt = practice.accept(xml);
        CAPTURE(receipt.note);
        REQUIRE(receipt.outcome == Receipt::Outcome::processed);
        CHECK(receipt.partner == "network");
        CHECK(receipt.kind == "SCRIPT NewRx");
        auto snapshot = practice.store->snapshot();
        CHECK((*(*snapshot)->inbox(receipt.id))->message.raw == xml);
        const auto orders = practice.all("MedicationRequest");
        REQUIRE(orders.size() == 1);
        const auto root = orders[0]->root();
        CHECK(root["status"].text() == "active");
        CHECK(root["medicationCodeableConcept"]["coding"].first()["code"].text() == "00093505698");
        CHECK(root["dispenseRequest"]["numberOfRepeatsAllowed"].text() == "3");
        CHECK(practice.accept(xml).outcome == Receipt::Outcome::duplicate);
        CHECK(practice.accept(script_message("H", "<RxHistoryRequest/>")).outcome == Receipt::Outcome::rejected);
    }

    TEST_CASE("SCRIPT out: a prescription becomes a NewRx, a controlled substance a dead letter") {
        Practice practice;
        practice.put(practice.prescription("RX-1"));
        auto rows = practice.sent("network");
        REQUIRE(rows.size() == 1);
        CAPTURE(rows[0].note);
        CHECK(rows[0].state == storage::OutboxState::pending);
        CHECK(rows[0].message.payload.find("<PrescriberOrderNumber>RX-1</PrescriberOrderNumber>") != std::string::npos);
        CHECK(rows[0].message.payload.find("<Code>723</Code>") != std::string::npos);
        practice.put(practice.prescription(
            "RX-2",
            R"(,"extension":[{"url":"urn:causeway:ext:rxe-35","valueCodeableConcept":{"coding":[{"code":"C48675"}]}}])"));
        rows = practice.sent("network");
        REQUIRE(rows.size() == 2);
        CHECK(rows[1].state == storage::OutboxState::dead);
        CHECK(rows[1].note.find("controlled substance") != std::string::npos);
        CHECK(practice.sent("pharmacy")[1].state == storage::OutboxState::dead);
    }
}
