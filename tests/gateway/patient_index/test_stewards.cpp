#include <doctest/doctest.h>
#include <fmt/core.h>

#include "gateway/patient_index/person_lookup.hpp"
#include "tests/gateway/patient_index/registry_office.hpp"

using namespace causeway;
using http::Method;

namespace {

std::string patient(std::string_view value, std::string_view given, std::string_view more) {
    return fmt::format(
        R"({{"resourceType":"Patient","identifier":[{{"system":"urn:oid:2.16.840.1.113883.3.72.5.9.1","value":"{}"}}],)"
        R"("name":[{{"family":"Hillenbrand","given":["{}"]}}],"gender":"female"{}}})",
        value, given, more);
}

constexpr std::string_view whole =
    R"(,"birthDate":"1984-07-19","telecom":[{"system":"phone","value":"248-433-3532"}],"address":[{"line":["12 Elm Street"],"city":"Troy","postalCode":"48084"}])";
constexpr std::string_view stranger =
    R"(,"birthDate":"1951-11-30","address":[{"line":["900 Lake Road"],"city":"Marquette","postalCode":"49855"}])";

struct Desk {
    tests::RegistryOffice office;
    tests::Gateway& gateway = office.gateway;

    storage::PersonId person(std::string_view id) {
        auto snapshot = gateway.store().snapshot().value();
        return patient_index::person_of(*snapshot, snapshot->version("Patient", id).value()->rid);
    }
    tests::Got operate(std::string_view name, std::string_view source, std::string_view target,
                       std::string_view more = {}) {
        return gateway.post(
            fmt::format("Patient/${}", name),
            fmt::format(
                R"({{"resourceType":"Parameters","parameter":[{{"name":"source-patient","valueReference":{{"reference":"Patient/{}"}}}},)"
                R"({{"name":"target-patient","valueReference":{{"reference":"Patient/{}"}}}}{}]}})",
                source, target, more));
    }
    /// The Patient without what every write changes.
    std::string content(std::string_view id) {
        auto snapshot = gateway.store().snapshot().value();
        return snapshot->read("Patient", id).value()->body.json;
    }
};

}  // namespace

TEST_SUITE("gateway/patient_index/merge_operation") {
    TEST_CASE("a preview changes nothing, a merge joins, its undo puts everything back") {
        Desk desk;
        const auto a = desk.gateway.create(patient("1", "Mary", whole)),
                   b = desk.gateway.create(patient("2", "Zelda", stranger));
        const auto person_a = desk.person(a), person_b = desk.person(b);
        const auto content_a = desk.content(a), content_b = desk.content(b);
        const auto preview = desk.operate("merge", b, a, R"(,{"name":"preview","valueBoolean":true})");
        CHECK(preview.status == 200);
        CHECK(preview.body.find("Patient/" + b) != std::string::npos);
        CHECK(desk.person(b) == person_b);
        CHECK(desk.content(a) == content_a);

        const auto merged = desk.operate("merge", b, a);
        CHECK_MESSAGE(merged.status == 200, merged.body);
        CHECK(desk.person(b) == person_a);
        CHECK(desk.content(b).find("replaced-by") != std::string::npos);
        CHECK(desk.content(b).find("\"active\":false") != std::string::npos);
        CHECK(desk.content(a).find("\"replaces\"") != std::string::npos);

        const auto undone = desk.operate("unmerge", b, a);
        CHECK_MESSAGE(undone.status == 200, undone.body);
        CHECK(desk.person(a) == person_a);
        CHECK(desk.person(b) == person_b);
        CHECK(desk.content(a) == content_a);
        CHECK(desk.content(b) == content_b);
        CHECK(desk.operate("unmerge", b, a).status == 422);
    }
    TEST_CASE("what cannot be merged is refused and changes nothing") {
        Desk desk;
        const auto a = desk.gateway.create(patient("1", "Mary", whole));
        CHECK(desk.operate("merge", a, a).status == 422);
        CHECK(desk.operate("merge", "nobody", a).status == 404);
        CHECK(desk.gateway.post("Patient/$merge", R"({"resourceType":"Parameters","parameter":[]})").status == 400);
    }
    TEST_CASE("patients are named by identifier too") {
        Desk desk;
        const auto a = desk.gateway.create(patient("1", "Mary", whole)),
                   b = desk.gateway.create(patient("2", "Zelda", stranger));
        const auto merged = desk.gateway.post(
            "Patient/$merge",
            R"({"resourceType":"Parameters","parameter":[{"name":"source-patient-identifier","valueIdentifier":{"system":"urn:oid:2.16.840.1.113883.3.72.5.9.1","value":"2"}},)"
            R"({"name":"target-patient-identifier","valueIdentifier":{"system":"urn:oid:2.16.840.1.113883.3.72.5.9.1","value":"1"}}]})");
        CHECK_MESSAGE(merged.status == 200, merged.body);
        CHECK(desk.person(a) == desk.person(b));
    }
}

TEST_SUITE("gateway/patient_index/person_operations") {
    TEST_CASE("PIXm") {
        Desk desk;
        desk.gateway.create(patient("1", "Mary", whole));
        auto second = patient("X", "Mary", whole);
        second.replace(second.find("9.1\""), 3, "9.2");
        desk.gateway.create(second);
        const std::string test = "urn:oid:2.16.840.1.113883.3.72.5.9.";
        const auto ask = [&](const std::string& source, const std::string& target = {}) {
            return desk.gateway.get("Patient/$ihe-pix?sourceIdentifier=" + source +
                                    (target.empty() ? "" : "&targetSystem=" + target));
        };
        const auto both = ask(test + "1%7C1");
        CHECK(both.status == 200);
        CHECK(both.body.find("\"X\"") != std::string::npos);
        CHECK(both.body.find("\"value\":\"1\"") == std::string::npos);
        CHECK(ask(test + "1%7C1", test + "3").body.find("valueIdentifier") == std::string::npos);
        CHECK(ask(test + "1%7C99").status == 404);
        CHECK(ask("urn:oid:9.9.9%7C1").status == 400);
        CHECK(ask(test + "1%7C1", "urn:oid:9.9.9").status == 403);
    }
    TEST_CASE("the golden record has each value once, with its source") {
        Desk desk;
        const auto a = desk.gateway.create(patient("1", "Mary", whole));
        auto second = patient("2", "Mary", whole);
        second.replace(second.find("248-433-3532"), 12, "248-433-0000");
        const auto b = desk.gateway.create(second);
        REQUIRE(desk.person(a) == desk.person(b));
        const auto golden = desk.gateway.get("Patient/" + a + "/$golden");
        REQUIRE(golden.status == 200);
        const auto root = golden.document->root();
        CHECK(root["name"].size() == 1);
        CHECK(root["telecom"].size() == 2);
        CHECK(root["address"].size() == 1);
        CHECK(root["identifier"].size() == 3);  // the person's own and two records'
        CHECK(root["link"].size() == 2);
        CHECK(root["telecom"].first()["extension"].first()["url"].text() == "urn:causeway:ext:source");
        CHECK(root["birthDate"].text() == "1984-07-19");
        CHECK(desk.gateway.get("Patient/nobody/$golden").status == 404);
    }
}

TEST_SUITE("gateway/patient_index/admin") {
    TEST_CASE("a review is settled as one person or as two, for good") {
        for (const bool same : {true, false}) {
            CAPTURE(same);
            Desk desk;
            const auto a = desk.gateway.create(patient("1", "Mary", whole)),
                       b = desk.gateway.create(patient("2", "Maria", whole));
            REQUIRE(desk.person(a) != desk.person(b));
            const auto queue = desk.office.admin(Method::get, "/admin/reviews");
            REQUIRE(queue.document);
            const auto review = queue.document->root()["reviews"].first();
            CHECK(review["rule"].text() == "given names differ");
            const auto path = "/admin/reviews/" + std::string(review["id"].text());
            CHECK(desk.office.admin(Method::get, path).status == 200);
            CHECK(desk.office.admin(Method::post, path, "{}").status == 400);
            CHECK(desk.office.admin(Method::post, path, same ? R"({"same":true})" : R"({"same":false})").status == 200);
            CHECK((desk.person(a) == desk.person(b)) == same);
            CHECK(desk.office.admin(Method::post, path, R"({"same":true})").status == 404);
            CHECK(desk.office.admin(Method::get, "/admin/reviews").document->root()["reviews"].size() == 0);
            // written again as the very same: the machine does not ask or join again
            auto again = patient("2", same ? "Maria" : "Mary", whole);
            again.insert(1, "\"id\":\"" + b + "\",");
            CHECK(desk.gateway.put("Patient/" + b, again).status == 200);
            CHECK((desk.person(a) == desk.person(b)) == same);
        }
    }
    TEST_CASE("an operator links and parts; the history says who") {
        Desk desk;
        const auto a = desk.gateway.create(patient("1", "Mary", whole)),
                   b = desk.gateway.create(patient("2", "Zelda", stranger));
        CHECK(
            desk.office.admin(Method::post, "/admin/patients/" + a + "/link", R"({"patient":")" + b + R"("})").status ==
            200);
        CHECK(desk.person(a) == desk.person(b));
        CHECK(desk.office.admin(Method::post, "/admin/patients/" + a + "/not-the-same", R"({"patient":")" + b + R"("})")
                  .status == 200);
        CHECK(desk.person(a) != desk.person(b));
        const auto history = desk.office.admin(Method::get, "/admin/patients/" + a);
        CHECK(history.body.find("MANUAL") != std::string::npos);
        CHECK(desk.office.admin(Method::post, "/admin/patients/nobody/link", R"({"patient":")" + b + R"("})").status ==
              404);
    }
}
