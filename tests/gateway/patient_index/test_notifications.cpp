#include <doctest/doctest.h>
#include <fmt/core.h>

#include "tests/gateway/patient_index/registry_office.hpp"

using namespace causeway;
using hl7v2::operator""_v2;

namespace {

struct Desk {
    tests::RegistryOffice office;
    int count = 0;

    void feed(std::string_view event, std::string_view segments, std::string_view sender) {
        const auto receipt =
            office.accept(fmt::format("MSH|^~\\&|{}|X|CW|C|20260302080500||ADT^{}|N{}|P|2.5\rEVN||20260302080500\r{}\r",
                                      sender, event, ++count, segments));
        REQUIRE(receipt.replies.size() == 1);
        REQUIRE_MESSAGE(receipt.replies[0].find("MSA|AA") != std::string::npos, receipt.replies[0]);
    }
    static std::string pid(std::string_view id, std::string_view domain, std::string_view given = "MARY",
                           std::string_view born = "19840719") {
        return fmt::format("PID|1||{}^^^{}||HILLENBRAND^{}||{}|F|||12 ELM STREET^^TROY^MI^48084||^PRN^PH^^^248^4333532",
                           id, domain, given, born);
    }
    void admit(std::string_view id, std::string_view domain, std::string_view given = "MARY",
               std::string_view born = "19840719") {
        feed("A01^ADT_A01", pid(id, domain, given, born) + "\rPV1|1|N",
             domain == "TEST"  ? "TEST_HARNESS"
             : domain == "NID" ? "NID_AUTH"
                               : "TEST_HARNESS_A");
    }
    /// What LISTENER is to be sent, oldest first.
    std::vector<std::string> told() {
        storage::OutboxQuery query;
        query.partner = "LISTENER";
        query.with_payload = true;
        std::vector<std::string> out;
        for (const auto& row : office.gateway.store().snapshot().value()->outbox(query).value())
            out.insert(out.begin(), row.message.payload);
        return out;
    }
};

std::string identifiers(const std::string& message) {
    const auto parsed = hl7v2::MessageView::parse(std::string_view(message));
    REQUIRE(parsed.has_value());
    return std::string(parsed->segment("PID").field(3).raw());
}

}  // namespace

TEST_SUITE("gateway/patient_index/notifications") {
    TEST_CASE("a partner is told when numbers of its domains belong together, and when they no longer do") {
        Desk desk;
        desk.admit("1", "TEST");
        CHECK(desk.told().empty());  // one number is no news
        desk.admit("X9", "TEST_A");
        auto told = desk.told();
        REQUIRE(told.size() == 1);
        const auto message = hl7v2::MessageView::parse(std::string_view(told[0]));
        REQUIRE(message.has_value());
        CHECK(message->at("MSH-5"_v2).text() == "LISTENER");
        CHECK(message->at("MSH-6"_v2).text() == "NORTH");
        CHECK(message->at("MSH-9.1"_v2).text() == "ADT");
        CHECK(message->at("MSH-9.2"_v2).text() == "A31");
        CHECK(message->at("MSH-9.3"_v2).text() == "ADT_A05");
        CHECK(!message->at("MSH-10"_v2).text().empty());
        CHECK(!message->at("EVN-2"_v2).text().empty());
        CHECK(message->at("PV1-2"_v2).text() == "N");
        CHECK(message->segment("PID").field(5).raw() == "~^^^^^^S");
        const auto list = identifiers(told[0]);
        CHECK(list.find("1^^^TEST&2.16.840.1.113883.3.72.5.9.1&ISO") != std::string::npos);
        CHECK(list.find("X9^^^TEST_A&2.16.840.1.113883.3.72.5.9.2&ISO") != std::string::npos);
        CHECK(list.find("CAUSEWAY") == std::string::npos);

        // the same again: nothing new
        desk.feed("A08^ADT_A01", Desk::pid("1", "TEST") + "\rPV1|1|N", "TEST_HARNESS");
        CHECK(desk.told().size() == 1);

        // told apart: both that were told of together, each alone
        desk.admit("2", "TEST", "ZELDA", "19511130");
        desk.feed("A24^ADT_A24", Desk::pid("1", "TEST") + "\r" + Desk::pid("2", "TEST", "ZELDA", "19511130"),
                  "TEST_HARNESS");
        told = desk.told();
        REQUIRE(told.size() == 3);  // X9 is left alone, 1 and 2 are together
        CHECK(identifiers(told[1]).find("~") == std::string::npos);
        CHECK(identifiers(told[1]).starts_with("X9^"));
        CHECK(identifiers(told[2]).find("~") != std::string::npos);
        desk.feed("A37^ADT_A37", Desk::pid("1", "TEST") + "\r" + Desk::pid("2", "TEST", "ZELDA", "19511130"),
                  "TEST_HARNESS");
        told = desk.told();
        REQUIRE(told.size() >= 4);
        for (std::size_t i = 3; i < told.size(); ++i) {
            CAPTURE(i);
            const auto now = "~" + identifiers(told[i]);
            CHECK_FALSE((now.find("~1^^^TEST&") != std::string::npos && now.find("~2^^^TEST&") != std::string::npos));
        }
    }
    TEST_CASE("numbers of other domains are none of its business") {
        Desk desk;
        desk.admit("7", "TEST");
        desk.feed("A01^ADT_A01", Desk::pid("N-1", "NID") + "\rPV1|1|N", "NID_AUTH");
        CHECK(desk.told().empty());
    }
    TEST_CASE("a merge by message and one by an operator are both told of") {
        Desk desk;
        desk.admit("1", "TEST");
        desk.admit("2", "TEST", "ZELDA", "19511130");
        REQUIRE(desk.told().empty());
        desk.feed("A40^ADT_A39", Desk::pid("1", "TEST") + "\rMRG|2^^^TEST", "TEST_HARNESS");
        CHECK(desk.told().size() == 1);
    }
    TEST_CASE("a namespace that nobody has is a fault of the configuration") {
        exchange::ExchangeSettings settings;
        exchange::Partner partner;
        partner.name = "listener";
        partner.identity_updates = {"NOWHERE"};
        settings.partners.push_back(partner);
        const auto shared = std::make_shared<const exchange::ExchangeSettings>(std::move(settings));
        const patient_index::Authorities authorities({"CAUSEWAY", {}, {}, "urn:causeway:person", false, {}}, *shared);
        std::vector<exchange::ConfigurationFault> faults;
        const patient_index::v2::UpdateNotifier notifier({shared, authorities, {}, {}}, faults);
        REQUIRE(faults.size() == 1);
        CHECK(faults[0].where.find("listener") != std::string::npos);
    }
}
