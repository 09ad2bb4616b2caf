#include <doctest/doctest.h>

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "gateway/exchange/code_list.hpp"
#include "gateway/exchange/outgoing_check.hpp"
#include "hl7v2/message.hpp"
#include "tests/gateway/exchange/house.hpp"

using namespace causeway;
using namespace causeway::exchange;
using causeway::exchange::tests::House;

namespace {

/// A file that is gone with the test.
class File {
public:
    File(std::string_view name, std::string_view text)
        : path_((std::filesystem::temp_directory_path() / ("causeway-" + std::to_string(::getpid()) + "-")).string() +
                std::string(name)) {
        std::ofstream(path_) << text;
    }
    ~File() { std::remove(path_.c_str()); }
    File(const File&) = delete;
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

std::shared_ptr<ExchangeSettings> two_partners() {
    auto made = std::make_shared<ExchangeSettings>();
    for (const auto* name : {"lab", "health"}) {
        Partner partner;
        partner.name = name;
        partner.application = name;
        partner.mllp = MllpEndpoint{.host = "127.0.0.1", .port = 1};
        made->partners.push_back(partner);
    }
    return made;
}

std::shared_ptr<ExchangeSettings> orders_where(const std::string& where, const std::string& criteria = {}) {
    auto made = two_partners();
    RoutingRule rule;
    rule.name = "orders";
    rule.resource_type = "ServiceRequest";
    rule.criteria = criteria;
    rule.where = where;
    rule.to = "lab";
    rule.as = "OML^O21^OML_O21";
    made->rules = {rule};
    REQUIRE(validate(*made).empty());
    return made;
}

constexpr std::string_view order = R"({"resourceType":"ServiceRequest","status":"active","intent":"order",
    "priority":"stat","identifier":[{"type":{"coding":[{"system":
    "http://terminology.hl7.org/CodeSystem/v2-0203","code":"PLAC"}]},"system":"urn:causeway:authority:EMR","value":"E1"}],
    "code":{"coding":[{"system":"http://loinc.org","code":"24331-1"}]},"subject":{"reference":"Patient/p"}})";
constexpr std::string_view patient =
    R"({"resourceType":"Patient","id":"p","active":true,"name":[{"family":"Doe"}],"address":[{"state":"IL"}]})";

/// What explain() says of the order, without "orders -> lab: ".
std::string explained(House& house, WriteKind kind = WriteKind::create,
                      const security::Principal& by = security::Principal{}) {
    const auto document = fhir::parse_json(std::string(order)).value();
    rest::Written written;
    written.type = "ServiceRequest";
    written.id = "o";
    written.created = kind == WriteKind::create;
    written.erased = kind == WriteKind::remove;
    if (!written.erased) written.document = document;
    auto snapshot = house.store->snapshot();
    const auto lines = house.router.explain(written, by, **snapshot);
    REQUIRE(lines.size() == 1);
    return lines.front().substr(std::string_view("orders -> lab: ").size());
}

std::string result(std::string_view code, std::string_view value_type = "NM", std::string_view value = "1") {
    return "MSH|^~\\&|LIS|N|CW|C|20260601||ORU^R01^ORU_R01|M1|P|2.5.1\rPID|1||1^^^EMR^MR||Doe\r"
           "OBR|1|P1^EMR|F1^LIS|24331-1^Panel^LN|||20260601||||||||||||||||||F\rOBX|1|" +
           std::string(value_type) + "|" + std::string(code) + "||" + std::string(value) + "||||||F\r";
}

}  // namespace

TEST_SUITE("gateway/exchange/router") {
    TEST_CASE("a route with a FHIRPath condition fires where it holds, and only there") {
        struct Row {
            const char* where;
            bool fires;
        };
        for (const auto& row :
             {Row{"priority = 'stat'", true}, Row{"priority = 'routine'", false},
              Row{"code.coding.where(system = 'http://loinc.org').code = '24331-1'", true},
              Row{"subject.resolve().active", true}, Row{"subject.resolve().address.state = 'WI'", false},
              Row{"requester.exists()", false}, Row{"requester.display = 'x'", false},  // empty is false
              Row{"identifier | code.coding", false}}) {                                // several items: cannot be told
            CAPTURE(row.where);
            House house(orders_where(row.where));
            house.put(std::string(patient), "p");
            house.put(std::string(order));
            CHECK(house.sent("lab").size() == (row.fires ? 1 : 0));
        }
    }

    TEST_CASE("explains for a resource which condition does not hold") {
        struct Row {
            const char* criteria;
            const char* where;
            const char* says;
        };
        for (const auto& row :
             {Row{"status=active&intent=order", "priority = 'stat'", "fires"},
              Row{"status=active&intent=plan", "", "no, criteria intent=plan does not hold"},
              Row{"status=active", "priority = 'asap'", "no, where priority = 'asap' does not hold"}}) {
            CAPTURE(row.says);
            House house(orders_where(row.where, row.criteria));
            CHECK(explained(house) == row.says);
        }
        House house(orders_where("", ""));
        CHECK(explained(house, WriteKind::remove) == "no, it does not look at this kind of write (on)");
        CHECK(explained(house, WriteKind::create, {security::Principal::Kind::partner, "lab", {}}) ==
              "no, the resource came from lab");
    }

    TEST_CASE("refuses conditions that cannot be compiled") {
        struct Row {
            const char* criteria;
            const char* where;
            const char* place;
        };
        for (const auto& row : {Row{"", "prority = 'stat'", "where"},  // no such element
                                Row{"", "priority = ", "where"}, Row{"nothing=1", "", "criteria"}}) {
            CAPTURE(row.where);
            std::vector<ConfigurationFault> faults;
            Router::check(orders_where(row.where, row.criteria), faults);
            REQUIRE(faults.size() == 1);
            CHECK(faults.front().where == std::string("route \"orders\": ") + row.place);
        }
    }

    TEST_CASE("a route with a list of codes takes what names one of them") {
        const File file("codes", "# reportable here\nLN|94500-6 SARS-CoV-2 RNA\n840539006\nhttp://loinc.org|24331-1\n");
        struct Row {
            std::string message;
            bool fires;
        };
        auto made = two_partners();
        RoutingRule rule;
        rule.name = "reportable";
        rule.messages = {"ORU^R01"};
        rule.codes = file.path();
        rule.to = "health";
        made->rules = {rule};
        for (const auto& row : {Row{result("94500-6^SARS-CoV-2 RNA^LN"), true},
                                Row{result("94500-6^SARS-CoV-2 RNA^L"), false},            // another system
                                Row{result("X^local^L^94500-6^SARS-CoV-2 RNA^LN"), true},  // the alternate code
                                Row{result("600-7^Blood culture^LN", "CWE", "840539006^COVID-19^SCT"), true},
                                Row{result("600-7^Blood culture^LN", "ST", "840539006"), false},  // a text is no code
                                Row{result("600-7^Blood culture^LN"), false}}) {
            CAPTURE(row.message);
            House house(made);
            CHECK(house.accept(row.message).outcome == Receipt::Outcome::processed);
            CHECK(house.sent("health").size() == (row.fires ? 1 : 0));
        }
        auto of_resource = orders_where("");
        of_resource->rules[0].codes = file.path();
        House house(of_resource);
        CHECK(explained(house) == "fires");
        of_resource->rules[0].codes = "/nowhere/codes";
        std::vector<ConfigurationFault> faults;
        Router::check(of_resource, faults);
        REQUIRE(faults.size() == 1);
        CHECK(faults.front().where == "route \"orders\": codes");
    }

    TEST_CASE("an exchange is told when a visit begins and ends, whoever wrote it") {
        auto made = two_partners();
        const auto route = [&](const char* name, WriteKind on, const char* where, const char* as) {
            RoutingRule rule;
            rule.name = name;
            rule.resource_type = "Encounter";
            rule.on = {on};
            rule.where = where;
            rule.to = "health";
            rule.as = as;
            rule.ordering_key = "patient";
            made->rules.push_back(rule);
        };
        route("begins", WriteKind::create, "status = 'in-progress'", "ADT^A01^ADT_A01");
        route("ends", WriteKind::update, "status = 'finished'", "ADT^A03^ADT_A03");
        House house(made);
        house.put(R"({"resourceType":"Patient","id":"p","identifier":[{"system":"urn:oid:1.2.3","value":"7"}],
            "name":[{"family":"Doe","given":["Jane"]}],"gender":"female","birthDate":"1980-01-02"})",
                  "p");
        const auto visit = [&](std::string_view status, std::string_view end) {
            house.put(R"({"resourceType":"Encounter","id":"e","status":")" + std::string(status) +
                          R"(","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"IMP"},
                          "identifier":[{"system":"urn:oid:1.2.4","value":"V1"}],"subject":{"reference":"Patient/p"},
                          "period":{"start":"2026-06-01T08:00:00Z")" +
                          std::string(end) + "}}",
                      "e");
        };
        visit("in-progress", "");
        visit("finished", R"(,"end":"2026-06-03T08:00:00Z")");
        const auto rows = house.sent("health");
        REQUIRE(rows.size() == 2);
        CHECK(rows[0].message.kind == "ADT^A01");
        CHECK(rows[1].message.kind == "ADT^A03");
        CHECK(rows[0].message.ordering_key == rows[1].message.ordering_key);
        for (const auto& row : rows) {
            const auto view = hl7v2::MessageView::parse(row.message.payload);
            REQUIRE(view.has_value());
            CHECK(view->segment("PID").field(5).component(1).value().text() == "Doe");
            CHECK(view->segment("PV1").field(2).value().text() == "I");
            CHECK_FALSE(view->segment("EVN").field(2).raw().empty());
        }
    }

    TEST_CASE("what leaves is checked by the partner's profiles: reported, or set aside") {
        for (const bool refuse : {false, true}) {
            CAPTURE(refuse);
            auto made = two_partners();
            made->partners[1].profiles = {"elr-2.5.1"};
            made->partners[1].profile_errors = refuse ? ProfileErrors::refuse : ProfileErrors::report;
            RoutingRule rule;
            rule.name = "reports";
            rule.messages = {"ORU^R01"};
            rule.to = "health";
            made->rules = {rule};
            House house(made);
            house.accept(result("94500-6^SARS-CoV-2 RNA^LN"));
            const auto rows = house.sent("health");
            REQUIRE(rows.size() == 1);
            CHECK(rows.front().state == (refuse ? storage::OutboxState::dead : storage::OutboxState::pending));
            CHECK(rows.front().note.starts_with(refuse ? "route \"reports\": profile: " : ""));
            auto snapshot = house.store->snapshot();
            const auto report = *(*snapshot)->note(conformance_note(rows.front().id));
            REQUIRE(report);
            const auto json = fhir::parse_json("{\"resourceType\":\"Basic\",\"report\":" + *report + "}").value();
            CHECK(json->root()["report"]["profiles"].first().text() == "elr-2.5.1");
            CHECK(json->root()["report"]["errors"].text() != "0");
            CHECK(report->find("Doe") == std::string::npos);
        }
        auto made = two_partners();
        made->partners[1].profiles = {"no-such-profile"};
        std::vector<ConfigurationFault> faults;
        Router::check(made, faults);
        REQUIRE(faults.size() == 1);
        CHECK(faults.front().where == "partner \"health\": profiles");
    }
}
