#include <doctest/doctest.h>

#include "gateway/exchange/partner_query.hpp"
#include "hl7v2/path.hpp"
#include "tests/gateway/exchange/house.hpp"

using namespace causeway;
using namespace causeway::exchange;
using namespace causeway::hl7v2::literals;
using causeway::exchange::tests::House;

namespace {

std::shared_ptr<ExchangeSettings> settings(bool cross_references = false) {
    auto made = std::make_shared<ExchangeSettings>();
    Partner index;
    index.name = "index";
    index.application = "PIXMGR";
    index.mllp = MllpEndpoint{.host = "127.0.0.1", .port = 1};
    index.cross_references = cross_references;
    index.authorities = {{"EMR", "1.2.3", "ISO", "urn:oid:1.2.3"}, {"NORTH", "1.2.4", "ISO", "urn:oid:1.2.4"}};
    Partner registry = index;
    registry.name = "registry";
    registry.application = "IIS";
    registry.authorities.clear();
    Partner server = index;
    server.name = "server";
    server.application = "FHIR";
    server.mllp.reset();
    server.fhir = FhirEndpoint{.base = "https://fhir.example.org"};
    made->partners = {index, registry, server};
    return made;
}

/// A gateway with one patient, and other systems to ask about him.
struct Clinic : House {
    explicit Clinic(bool cross_references = false) : House(settings(cross_references)) {
        put(R"({"resourceType":"Patient","id":"p","identifier":[
            {"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"SS"}]},
             "system":"urn:causeway:authority:OTHER","value":"9"},
            {"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}]},
             "system":"urn:oid:1.2.3","value":"77"}],
            "name":[{"family":"Doe","given":["Jane"]}],"gender":"female","birthDate":"1980-01-02"})",
            "p");
    }
    storage::Result<storage::OutboxId> ask(const std::string& partner, QueryKind kind, const std::string& id = "p") {
        return storage::transact_blocking(*store, [&](storage::Transaction& transaction) {
            return router.ask(transaction, partner, kind, {"Patient", id});
        });
    }
    /// The question, whole.
    std::string question(const std::string& partner, QueryKind kind) {
        REQUIRE(ask(partner, kind).has_value());
        return sent(partner).back().message.payload;
    }
    Receipt answer(const std::string& partner, const std::string& question, const std::string& bytes) {
        return inbox.accept_blocking(bytes, {partner, {}, nullptr, partner, {}, question});
    }
};

std::string rsp(std::string_view event, std::string_view pid) {
    return "MSH|^~\\&|PIXMGR|HIE|CAUSEWAY||20260601||RSP^" + std::string(event) +
           "|A1|P|2.5.1\rMSA|AA|Q1\rQAK|Q1|OK\r" + "QPD|IHE PIX Query|Q1|77^^^EMR&1.2.3&ISO\r" + std::string(pid);
}

}  // namespace

TEST_SUITE("gateway/exchange/partner_query") {
    TEST_CASE("a PIX query asks about the number that the index knows") {
        Clinic clinic;
        const auto question = clinic.question("index", QueryKind::pix);
        const auto view = hl7v2::MessageView::parse(question);
        REQUIRE(view.has_value());
        CHECK(view->at("MSH-9.1"_v2).text() == "QBP");
        CHECK(view->at("MSH-9.2"_v2).text() == "Q23");
        CHECK(view->at("MSH-9.3"_v2).text() == "QBP_Q21");
        CHECK(view->at("MSH-5"_v2).text() == "PIXMGR");
        CHECK(view->at("QPD-1"_v2).text() == "IHE PIX Query");
        CHECK(view->at("QPD-2"_v2).text() == view->at("MSH-10"_v2).text());
        CHECK(view->at("QPD-3.1"_v2).text() == "77");  // not the first: that authority is none of the index's
        CHECK(view->at("RCP-1"_v2).text() == "I");
        CHECK(view->size() == 3);
        CHECK(clinic.sent("index").back().message.kind == "QBP^Q23");
    }

    TEST_CASE("a PDQ query names the demographics, an immunization query fills the guide's fields") {
        Clinic clinic;
        const auto pdq = clinic.question("index", QueryKind::pdq);
        CHECK(pdq.find("QPD|IHE PDQ Query|") != std::string::npos);
        CHECK(pdq.find("|@PID.5.1^Doe~@PID.5.2^Jane~@PID.7^19800102~@PID.8^F\r") != std::string::npos);
        const auto history = clinic.question("registry", QueryKind::history);
        const auto view = hl7v2::MessageView::parse(history);
        REQUIRE(view.has_value());
        CHECK(view->at("MSH-9.2"_v2).text() == "Q11");
        CHECK(view->at("MSH-21.1"_v2).text() == "Z34");
        CHECK(view->at("QPD-1.1"_v2).text() == "Z34");
        CHECK(view->field("QPD-3"_v2).repetition_count() == 2);
        CHECK(view->segment("QPD").field(4).component(1).value().text() == "Doe");
        CHECK(view->segment("QPD").field(6).value().text() == "19800102");
        CHECK(view->segment("QPD").field(7).value().text() == "F");
        CHECK(clinic.question("registry", QueryKind::forecast).find("QPD|Z44^") != std::string::npos);
    }

    TEST_CASE("what cannot be asked is refused and leaves nothing in a queue") {
        Clinic clinic;
        using storage::FailureCode;
        CHECK(clinic.ask("nobody", QueryKind::pix).error().code == FailureCode::not_found);
        CHECK(clinic.ask("index", QueryKind::pix, "nobody").error().code == FailureCode::not_found);
        CHECK(clinic.ask("server", QueryKind::pix).error().code == FailureCode::refused);
        clinic.put(R"({"resourceType":"Patient","id":"bare","name":[{"family":"Roe"}]})", "bare");
        CHECK(clinic.ask("index", QueryKind::pix, "bare").error().code == FailureCode::refused);
        CHECK(clinic.sent("index").empty());
        CHECK(clinic.sent("server").empty());
    }

    TEST_CASE("identifiers of another index become our patient's only where it is trusted with that") {
        const auto bytes = rsp("K23^RSP_K23", "PID|||555^^^NORTH&1.2.4&ISO^PI~888^^^WEST&1.2.5&ISO^PI||^^^^^^S\r");
        for (const bool trusted : {false, true}) {
            CAPTURE(trusted);
            Clinic clinic(trusted);
            const auto question = clinic.question("index", QueryKind::pix);
            const auto receipt = clinic.answer("index", question, bytes);
            CHECK(receipt.outcome == Receipt::Outcome::processed);
            CHECK(clinic.all("Patient").size() == 1);
            const auto patient = clinic.read({"Patient", "p"});
            std::size_t of_others = 0;
            for (const auto each : patient->root()["identifier"].items())
                of_others += each["value"].text() == "555" || each["value"].text() == "888";
            CHECK(of_others == (trusted ? 2 : 0));
            CHECK(patient->root()["name"].first()["family"].text() == "Doe");
        }
    }

    TEST_CASE("an answer that nobody asked for changes nothing, whoever it comes from") {
        Clinic clinic(true);
        const auto bytes = rsp("K23^RSP_K23", "PID|||555^^^NORTH&1.2.4&ISO^PI\r");
        CHECK(clinic.answer("index", "", bytes).outcome == Receipt::Outcome::processed);
        const auto pdq = clinic.question("index", QueryKind::pdq);
        CHECK(clinic
                  .answer("index", pdq,
                          rsp("K22^RSP_K21", "PID|1||555^^^NORTH^PI||Doe^Jane\rPID|2||556^^^NORTH^PI||Doe^J\r"))
                  .note.find("2 patients, 2 identifiers") != std::string::npos);
        CHECK(clinic.all("Patient").size() == 1);
        CHECK(clinic.read({"Patient", "p"})->root()["identifier"].size() == 2);
    }

    TEST_CASE("a registry's history is taken in: its immunizations are the patient's") {
        Clinic clinic;
        const auto question = clinic.question("registry", QueryKind::history);
        const auto receipt = clinic.answer(
            "registry", question,
            "MSH|^~\\&|IIS|STATE|CAUSEWAY||20260601||RSP^K11^RSP_K11|A1|P|2.5.1|||||||||Z32^CDCPHINVS\rMSA|AA|Q1\r"
            "QAK|Q1|OK|Z34^Request Immunization History^CDCPHINVS\rQPD|Z34^Request Immunization History^CDCPHINVS|Q1\r"
            "PID|1||77^^^EMR&1.2.3&ISO^MR~4711^^^IIS^SR||Doe^Jane||19800102|F\r"
            "ORC|RE||65^IIS\rRXA|0|1|20200301||207^COVID-19 mRNA^CVX|0.5|mL^milliliter^UCUM||01^Historical^NIP001\r");
        CAPTURE(receipt.note);
        REQUIRE(receipt.outcome == Receipt::Outcome::processed);
        const auto found = clinic.all("Immunization");
        REQUIRE(found.size() == 1);
        CHECK(found.front()->root()["vaccineCode"]["coding"].first()["code"].text() == "207");
        CHECK(found.front()->root()["patient"]["reference"].text().starts_with("Patient/"));
    }
}
