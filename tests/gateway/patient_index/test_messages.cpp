#include <doctest/doctest.h>
#include <fmt/core.h>

#include <thread>

#include "gateway/patient_index/person_lookup.hpp"
#include "tests/gateway/patient_index/registry_office.hpp"

using namespace causeway;
using hl7v2::operator""_v2;

namespace {

struct Person {
    std::string id, family = "HILLENBRAND", given = "MARY", born = "19840719", phone = "^PRN^PH^^^248^4333532",
                    domain = "TEST";
    std::string pid() const {
        return fmt::format("PID|1||{}^^^{}||{}^{}||{}|F|||12 ELM STREET^^TROY^MI^48084||{}", id, domain, family, given,
                           born, phone);
    }
};

Person stranger(std::string id) { return {std::move(id), "QUACKENBUSH", "ZELDA", "19511130", "^PRN^PH^^^906^2261000"}; }

class Desk {
public:
    std::string send(std::string_view event, std::string_view segments, std::string_view sender = "TEST_HARNESS") {
        const auto message =
            fmt::format("MSH|^~\\&|{}|X|CW|C|20260302080500||ADT^{}|M{}|P|2.5\rEVN||20260302080500\r{}\r", sender,
                        event, ++count_, segments);
        return reply(message);
    }
    std::string query(std::string_view event, std::string_view rest) {
        return reply(fmt::format("MSH|^~\\&|TEST_HARNESS|X|CW|C|20260302080500||QBP^{}^QBP_Q21|M{}|P|2.5\r{}\r", event,
                                 ++count_, rest));
    }
    void feed(std::string_view event, std::string_view segments) {
        const auto answer = send(event, segments);
        CHECK_MESSAGE(answer.find("MSA|AA|") != std::string::npos, answer);
    }
    void admit(const Person& person) { feed("A01^ADT_A01", person.pid() + "\rPV1|1|N"); }

    storage::PersonId person(std::string_view id, std::string_view oid = "1") {
        auto snapshot = office.gateway.store().snapshot().value();
        return patient_index::person_by_identifier(*snapshot, fmt::format("urn:oid:2.16.840.1.113883.3.72.5.9.{}", oid),
                                                   id, {});
    }
    fhir::DocumentPtr patient(std::string_view id) {
        auto snapshot = office.gateway.store().snapshot().value();
        const auto name =
            snapshot->identity(fmt::format("Patient|urn:oid:2.16.840.1.113883.3.72.5.9.1|{}", id)).value();
        if (!name) return nullptr;
        const auto stored = snapshot->read(name->type, name->id).value();
        return stored && !stored->erased() ? fhir::parse_json(stored->body.json).value() : nullptr;
    }
    std::string pix(std::string_view id) {
        return query("Q23", fmt::format("QPD|IHE PIX Query|T1|{}^^^TEST\rRCP|I", id));
    }

    tests::RegistryOffice office;

private:
    std::string reply(const std::string& message) {
        auto receipt = office.accept(message);
        REQUIRE(receipt.replies.size() == 1);
        CAPTURE(receipt.note);
        return receipt.replies[0];
    }
    int count_ = 0;
};

std::size_t count(std::string_view text, std::string_view what) {
    std::size_t out = 0;
    for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) ++out;
    return out;
}

std::string json_patient(std::string_view id, std::string_view given = "Mary") {
    return fmt::format(
        R"({{"resourceType":"Patient","identifier":[{{"system":"urn:oid:1.2.3","value":"{}"}}],"name":[{{"family":"Hillenbrand","given":["{}"]}}],)"
        R"("gender":"female","birthDate":"1984-07-19","telecom":[{{"system":"phone","value":"248-433-3532"}}],)"
        R"("address":[{{"line":["12 Elm Street"],"city":"Troy","postalCode":"48084"}}]}})",
        id, given);
}

}  // namespace

TEST_SUITE("gateway/patient_index/messages") {
    TEST_CASE("every merge event makes one person of two, found by either number") {
        for (const auto* event : {"A18^ADT_A18", "A30^ADT_A30", "A34^ADT_A30", "A39^ADT_A39", "A40^ADT_A39"}) {
            CAPTURE(event);
            Desk desk;
            desk.admit({"1"});
            desk.admit(stranger("2"));
            REQUIRE(desk.person("1") != desk.person("2"));
            desk.feed(event, Person{"1"}.pid() + "\rMRG|2^^^TEST");
            CHECK(desk.person("1") == desk.person("2"));
            CHECK(desk.pix("2").find("1^^^TEST&") != std::string::npos);
            REQUIRE(desk.patient("2"));
            CHECK(desk.patient("2")->root()["active"].text() == "false");
            CHECK(desk.patient("2")->root()["link"].first()["type"].text() == "replaced-by");
        }
    }
    TEST_CASE("link and unlink hold against the machine") {
        Desk desk;
        desk.admit({"1"});
        desk.admit(stranger("2"));
        desk.feed("A24^ADT_A24", Person{"1"}.pid() + "\r" + stranger("2").pid());
        CHECK(desk.person("1") == desk.person("2"));
        desk.feed("A37^ADT_A37", Person{"1"}.pid() + "\r" + stranger("2").pid());
        CHECK(desk.person("1") != desk.person("2"));
        // both say the same now; told apart they stay apart
        auto same = Person{"2"};
        desk.feed("A08^ADT_A01", same.pid() + "\rPV1|1|N");
        CHECK(desk.person("1") != desk.person("2"));
    }
    TEST_CASE("A43 moves a record to another person, A47 gives it another number, A29 deletes it") {
        Desk desk;
        desk.admit({"1"});
        desk.admit(stranger("2"));
        desk.feed("A43^ADT_A43", Person{"1"}.pid() + "\rMRG|2^^^TEST");
        CHECK(desk.person("2") == desk.person("1"));

        desk.feed("A47^ADT_A30", Person{"7"}.pid() + "\rMRG|1^^^TEST");
        CHECK(desk.person("7") == desk.person("1"));
        REQUIRE(desk.patient("7"));
        CHECK(desk.patient("7")->root()["id"].text() == desk.patient("1")->root()["id"].text());
        const auto moved = desk.patient("7");
        const auto& identifiers = moved->root()["identifier"];
        CHECK(identifiers.size() == 1);
        CHECK(identifiers.first()["value"].text() == "7");

        desk.feed("A29^ADT_A21", Person{"7"}.pid() + "\rPV1|1|N");
        CHECK(!desk.patient("7"));
        CHECK(desk.pix("7").find("QAK|T1|AE") != std::string::npos);
    }
    TEST_CASE("a sender may not merge, move or name what is not its own") {
        Desk desk;
        desk.admit({"1"});
        for (const auto& segments :
             {std::string("PID|1||1^^^TEST||X^Y\rPV1|1|N"), std::string("PID|1||1^^^NOWHERE||X^Y\rPV1|1|N"),
              std::string("PID|1||1||X^Y\rPV1|1|N"), std::string("PID|1||||X^Y\rPV1|1|N")}) {
            CAPTURE(segments);
            CHECK(desk.send("A01^ADT_A01", segments, "TEST_HARNESS_A").find("MSA|AA") == std::string::npos);
        }
        const auto unknown = desk.send("A40^ADT_A39", Person{"1"}.pid() + "\rMRG|99^^^TEST");
        CHECK(unknown.find("MSA|AE") != std::string::npos);
        CHECK(unknown.find("|204^") != std::string::npos);
        CHECK(!desk.patient("99"));
    }
    TEST_CASE("a demographics answer comes in pages and names each person once") {
        Desk desk;
        for (int i = 0; i < 5; ++i) {
            auto person = Person{std::to_string(i)};
            person.given = std::string("ABCDE").substr(static_cast<std::size_t>(i), 1) + "DELE";
            person.born = fmt::format("19{}0719", 50 + 7 * i);
            person.phone = fmt::format("^PRN^PH^^^248^433{:04}", 1111 * i);
            desk.admit(person);
        }
        desk.admit({"20", "HILLENBRAND", "ADELE", "19500719", "^PRN^PH^^^248^4330000"});  // record 0's person
        CHECK(desk.person("0") == desk.person("20"));
        std::string pointer;
        std::size_t pages = 0, patients = 0;
        do {
            const auto answer = desk.query("Q22", "QPD|Q22^Find Candidates^HL7|T|@PID.5.1^HILLENBRAND\rRCP|I|2^RD" +
                                                      (pointer.empty() ? std::string() : "\rDSC|" + pointer + "|I"));
            const auto parsed = hl7v2::MessageView::parse(std::string_view(answer));
            REQUIRE(parsed.has_value());
            CHECK(parsed->at("QAK-2"_v2).text() == "OK");
            patients += parsed->count("PID");
            pointer = parsed->at("DSC-1"_v2).text();
            ++pages;
        } while (!pointer.empty() && pages < 10);
        CHECK(pages == 3);
        CHECK(patients == 5);
    }
    TEST_CASE("an old number of a two-domain person answers with the domain that is asked") {
        Desk desk;
        desk.admit({"1"});
        const auto other = Person{"X9", "HILLENBRAND", "MARY", "19840719", "^PRN^PH^^^248^4333532", "TEST_A"};
        CHECK(desk.send("A01^ADT_A01", other.pid() + "\rPV1|1|N", "TEST_HARNESS_A").find("MSA|AA") !=
              std::string::npos);
        CHECK(desk.person("1") == desk.person("X9", "2"));
        const auto answer = desk.query("Q23", "QPD|IHE PIX Query|T|1^^^TEST|^^^TEST_A\rRCP|I");
        CHECK(count(answer, "X9^^^TEST_A&") == 1);
        CHECK(answer.find("|1^^^TEST&") == answer.rfind("|1^^^TEST&"));
        CHECK(answer.find("CWP") == std::string::npos);
    }
}

TEST_SUITE("gateway/patient_index/doors") {
    TEST_CASE("REST, a transaction and a message make one identity of one person") {
        Desk desk;
        auto& gateway = desk.office.gateway;
        const auto id = gateway.create(json_patient("A"));
        const auto bundle =
            gateway.post("", R"({"resourceType":"Bundle","type":"transaction","entry":[{"resource":)" +
                                 json_patient("B") + R"(,"request":{"method":"POST","url":"Patient"}}]})");
        CHECK(bundle.status == 200);
        desk.admit({"1"});
        auto snapshot = gateway.store().snapshot().value();
        const auto rid = snapshot->version("Patient", id).value()->rid;
        const auto person = patient_index::person_of(*snapshot, rid);
        CHECK(snapshot->patients().members(person, 10).value().size() == 3);
        CHECK(desk.person("1") == person);
    }
    TEST_CASE("two registrations of one person at the same time end as one identity") {
        for (int round = 0; round < 5; ++round) {
            Desk desk;
            auto& gateway = desk.office.gateway;
            std::vector<std::thread> threads;
            for (int i = 0; i < 4; ++i)
                threads.emplace_back([&gateway, i] { gateway.post("Patient", json_patient(std::to_string(i))); });
            for (auto& thread : threads) thread.join();
            auto snapshot = gateway.store().snapshot().value();
            const auto records = snapshot->patients().records_after(0, 100).value();
            REQUIRE(records.size() == 4);
            for (const auto& record : records) CHECK(record.person == records[0].person);
        }
    }
    TEST_CASE("a deleted patient leaves its person; a changed one is matched again") {
        Desk desk;
        auto& gateway = desk.office.gateway;
        const auto first = gateway.create(json_patient("A")), second = gateway.create(json_patient("B", "Zelda"));
        auto person = [&](const std::string& id) {
            auto snapshot = gateway.store().snapshot().value();
            return patient_index::person_of(*snapshot, snapshot->version("Patient", id).value()->rid);
        };
        CHECK(person(first) != person(second));
        auto changed = json_patient("B");
        changed.insert(1, "\"id\":\"" + second + "\",");
        CHECK(gateway.put("Patient/" + second, changed).status == 200);
        CHECK(person(first) == person(second));
        CHECK(gateway.erase("Patient/" + second).status < 300);
        CHECK(person(second) == 0);
        CHECK(person(first) != 0);
    }
}
