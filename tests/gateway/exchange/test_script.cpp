#include <doctest/doctest.h>

#include "gateway/exchange/script/script_answer.hpp"
#include "gateway/exchange/script/script_reader.hpp"
#include "gateway/exchange/script/script_writer.hpp"
#include "hl7v2/message.hpp"
#include "hl7v2/path.hpp"
#include "tests/gateway/exchange/script_samples.hpp"

using namespace causeway;
using namespace causeway::exchange;
using namespace causeway::hl7v2::literals;
using causeway::exchange::tests::script_message;
using causeway::exchange::tests::script_new_rx;

namespace {

hl7v2::Message twin_of(const std::string& xml) {
    auto twin = script::to_v2(xml);
    CAPTURE(twin.error);
    REQUIRE(!twin.er7.empty());
    auto parsed = hl7v2::Message::parse(std::move(twin.er7));
    REQUIRE(parsed.has_value());
    return std::move(*parsed);
}

}  // namespace

TEST_SUITE("gateway/exchange/script") {
    TEST_CASE("a NewRx is the RDE^O11 that says the same, in both shapes") {
        for (const bool later : {false, true}) {
            CAPTURE(later);
            const auto message = twin_of(script_new_rx("RX-1", later));
            const auto& view = message.view();
            CHECK(view.at("MSH-3"_v2).text() == "7701630");
            CHECK(view.at("MSH-9.1"_v2).text() == "RDE");
            CHECK(view.at("MSH-10"_v2).text() == "M-RX-1");
            CHECK(view.at("PID-5.1"_v2).text() == "Nguyen & Sons");  // escaped and read back
            CHECK(view.at("PID-7"_v2).text() == "19840312");
            CHECK(view.at("PID-8"_v2).text() == "F");
            CHECK(view.at("ORC-1"_v2).text() == "NW");
            CHECK(view.at("ORC-2"_v2).text() == "RX-1");
            CHECK(view.at("ORC-12.1"_v2).text() == "1740283947");
            CHECK(view.at("ORC-12.2"_v2).text() == "Halvorsen");
            CHECK(view.at("RXE-2.1"_v2).text() == "00093505698");
            CHECK(view.at("RXE-2.3"_v2).text() == "NDC");
            CHECK(view.at("RXE-7.2"_v2).text() == "Take 1 tablet by mouth every evening");
            CHECK(view.at("RXE-10"_v2).text() == "30");
            CHECK(view.at("RXE-11.1"_v2).text() == "C48542");
            CHECK(view.at("RXE-12"_v2).text() == "3");
            CHECK(view.at("RXE-32"_v2).text() == "20260303");
        }
    }

    TEST_CASE("an outcome is never guessed") {
        const auto control = [](std::string_view inner) {
            const auto twin =
                script::to_v2(script_message("CancelRxResponse", "<CancelRxResponse><Response>" + std::string(inner) +
                                                                     "</Response></CancelRxResponse>"));
            if (twin.er7.empty()) return "refused: " + twin.error;
            const auto parsed = hl7v2::MessageView::parse(twin.er7);
            return parsed->at("ORC-1"_v2).text();
        };
        CHECK(control("<Approved/>") == "CR");
        CHECK(control("<Denied><DenialReason>already dispensed</DenialReason></Denied>") == "UC");
        CHECK(control("<Approved/><Denied/>") == "UC");  // Denied if it is there at all
        CHECK(control("<Approved/><ApprovedWithChanges/>").starts_with("refused"));
        CHECK(control("<Perhaps/>").starts_with("refused"));
        CHECK(control("").starts_with("refused"));
    }

    TEST_CASE("a fill says all, some or nothing") {
        const auto status = [](std::string_view fill) {
            const auto message = twin_of(script_message(
                "RxFill", "<RxFill><FillStatus>" + std::string(fill) +
                              "</FillStatus><MedicationDispensed><DrugDescription>Atorvastatin</DrugDescription>"
                              "<Quantity><Value>10</Value></Quantity></MedicationDispensed></RxFill>"));
            return message.view().at("ORC-1"_v2).text() + " " + message.view().at("ORC-5"_v2).text();
        };
        CHECK(status("<Dispensed/>") == "RE CM");
        CHECK(status("<PartiallyDispensed/>") == "RE A");
        CHECK(status("<NotDispensed/>") == "UF CA");
    }

    TEST_CASE("Status, Verify and Error are acknowledgements of what they relate to") {
        const auto message = twin_of(script_message("Error", "<Error><Code>900</Code></Error>", "M-9"));
        CHECK(message.view().at("MSA-1"_v2).text() == "AR");
        CHECK(message.view().at("MSA-2"_v2).text() == "M-9");
        const auto status = twin_of(script_message("Status", "<Status><Code>010</Code></Status>", "M-9"));
        CHECK(status.view().at("MSA-1"_v2).text() == "AA");
        const auto answer = script::read_answer(
            script_message("Verify", "<Verify><VerifyStatus><Code>010</Code></VerifyStatus></Verify>", "M-9"));
        REQUIRE(answer);
        CHECK(answer->accepted);
        CHECK(answer->relates_to == "M-9");
        CHECK_FALSE(script::read_answer("<Message><Body><NewRx/></Body></Message>"));
        script::Parties parties;
        parties.to = "A";
        parties.relates_to = "2";
        const auto error = script::make_error(parties, "900", "no <such> thing");
        REQUIRE(script::read_answer(error));
        CHECK(script::read_answer(error)->code == "900");
    }

    TEST_CASE("what is not supported, not one message, or no good XML is refused") {
        CHECK(script::to_v2(script_message("RxHistoryRequest", "<RxHistoryRequest/>")).error_code == "900");
        CHECK(script::to_v2(
                  "<Message><Header><MessageID>1</MessageID></Header><Body><NewRx/><CancelRx/></Body></Message>")
                  .er7.empty());
        CHECK(
            script::to_v2(
                "<!DOCTYPE Message [<!ENTITY a \"b\">]><Message><Header><MessageID>&a;</MessageID></Header></Message>")
                .er7.empty());
        CHECK(script::to_v2("<Message>").er7.empty());
        std::string deep = "<Message>";
        for (int i = 0; i < 100'000; ++i) deep += "<a>";
        CHECK(script::to_v2(deep).er7.empty());
        CHECK(script::is_script("\xEF\xBB\xBF<?xml version=\"1.0\"?>\n<!-- x --><p:Message/>"));
        CHECK_FALSE(script::is_script("MSH|^~\\&|"));
        CHECK_FALSE(script::is_script("<Bundle/>"));
    }

    TEST_CASE("a prescription goes out as NewRx and comes back the same; a controlled substance is not made anew") {
        const std::string rde =
            "MSH|^~\\&|CAUSEWAY|NORTHGATE|7701630|RX|20260303091000+0000||RDE^O11^RDE_O11|C1|P|2.5.1\r"
            "PID|1||10231^^^N^MR||Nguyen^Maria||19840312|F|||48 Alder Ct^^Springfield^IL^62704^US\r"
            "ORC|NW|RX-5001|||||||20260303|||1740283947^Halvorsen^Ingrid\r"
            "RXE||617318^atorvastatin 20 MG Oral Tablet^RXNORM^^^^^^Atorvastatin 20 mg tablet|||||^1 tablet by mouth||"
            "1|30|{tbl}^tablet^UCUM|3\r";
        const auto message = hl7v2::Message::parse(rde);
        REQUIRE(message.has_value());
        const auto written = script::write("NewRx", message->view(), "2026-03-03T15:10:00Z");
        CHECK(written.fault.empty());
        CHECK(written.xml.find("TransactionVersion=\"20170715\"") != std::string::npos);
        CHECK(written.xml.find("<To Qualifier=\"P\">7701630</To>") != std::string::npos);
        const auto back = twin_of(written.xml);
        CHECK(back.view().at("ORC-2"_v2).text() == "RX-5001");
        CHECK(back.view().at("RXE-2.1"_v2).text() == "617318");
        CHECK(back.view().at("RXE-2.3"_v2).text() == "RXNORM");
        CHECK(back.view().at("RXE-2.9"_v2).text() == "Atorvastatin 20 mg tablet");
        CHECK(back.view().at("RXE-7.2"_v2).text() == "1 tablet by mouth");
        CHECK(back.view().at("RXE-9.1"_v2).text() == "1");
        CHECK(back.view().at("RXE-11.1"_v2).text() == "C48542");
        CHECK(back.view().at("PID-11.3"_v2).text() == "Springfield");
        auto controlled = rde;
        controlled.replace(controlled.rfind("|3\r"), 3, "|3" + std::string(23, '|') + "C48675\r");
        const auto schedule = hl7v2::Message::parse(controlled);
        REQUIRE(schedule.has_value());
        REQUIRE(schedule->view().at("RXE-35.1"_v2).text() == "C48675");
        CHECK(script::write("NewRx", schedule->view(), "2026-03-03T15:10:00Z").xml.empty());
        for (const auto* code : {"2", "II", "CII", "C48675", "5", "CV"}) CHECK(script::is_controlled(code));
        for (const auto* code : {"", "0", "6", "C38046", "VI"}) CHECK_FALSE(script::is_controlled(code));
    }
}
