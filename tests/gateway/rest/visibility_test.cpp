// One grant about one patient and one about some types, over every resource type and every way to reach a resource.
#include <algorithm>
#include <set>

#include "fhir/search/parameters.hpp"
#include "gateway/security/scope.hpp"
#include "tests/gateway/rest/gateway.hpp"
#include "tests/gateway/rest/minimal_resource.hpp"

using namespace causeway;
using tests::Gateway;

namespace {

/// Lets a test say what the next requests may see.
class GrantingDoor final : public security::Door {
public:
    security::Decision authorize(const security::Principal&, const security::Action&) const override {
        return {true, {}, filter};
    }
    security::AccessFilter filter;
};

std::set<std::string> found(const tests::Got& got) {
    std::set<std::string> out;
    for (std::size_t i = 0; i < got.entries(); ++i) {
        const auto resource = got.entry(i)["resource"];
        if (resource["resourceType"].text() != "OperationOutcome")
            out.insert(std::string(resource["resourceType"].text()) + "/" + std::string(resource["id"].text()));
    }
    return out;
}

bool leaks(const tests::Got& got, std::string_view secret) { return got.body.find(secret) != std::string::npos; }

struct Row {
    std::string type, mine, theirs;  ///< ids; empty if the type's path is not plain
};

}  // namespace

TEST_SUITE("gateway/rest/visibility") {
    TEST_CASE("a patient's grant shows the patient's compartment and nothing of another's") {
        GrantingDoor door;
        Gateway gateway({}, &door);
        const tests::MinimalResources minimal;
        REQUIRE(gateway.put("Patient/mine", R"({"resourceType":"Patient","id":"mine","name":[{"family":"Mine"}]})")
                    .status == 201);
        REQUIRE(
            gateway.put("Patient/theirs", R"({"resourceType":"Patient","id":"theirs","name":[{"family":"Theirs"}]})")
                .status == 201);
        std::vector<Row> rows;
        std::size_t made = 0;
        for (const auto& row : fhir::r4::compartment("Patient")) {
            if (row.type == "Patient") continue;
            for (const auto code : row.parameters) {
                const auto* const parameter = fhir::search::find_parameter(row.type, code);
                if (!parameter) continue;
                const auto mine = minimal.with_reference(row.type, parameter->expression, "Patient/mine");
                const auto theirs = minimal.with_reference(row.type, parameter->expression, "Patient/theirs");
                if (mine.empty()) continue;
                CAPTURE(mine);
                const auto a = gateway.post(row.type, mine), b = gateway.post(row.type, theirs);
                REQUIRE_MESSAGE(a.status == 201, a.body);
                REQUIRE(b.status == 201);
                rows.push_back({std::string(row.type), std::string(a.id()), std::string(b.id())});
                ++made;
                break;
            }
        }
        CHECK(made >= 60);
        door.filter.everything = false;
        door.filter.patient_ids = {"mine"};

        for (const Row& row : rows) {
            CAPTURE(row.type);
            CHECK(gateway.get(row.type + "/" + row.mine).status == 200);
            CHECK(gateway.get(row.type + "/" + row.theirs).status == 404);
            CHECK(gateway.get(row.type + "/" + row.mine + "/_history/1").status == 200);
            CHECK(gateway.get(row.type + "/" + row.theirs + "/_history/1").status == 404);
            CHECK(gateway.get(row.type + "/" + row.theirs + "/_history").status == 404);
            CHECK(gateway.get(row.type + "/" + row.theirs + "/$meta").status == 404);
            CHECK(found(gateway.get(row.type)) == std::set<std::string>{row.type + "/" + row.mine});
            const auto counted = gateway.get(row.type + "?_summary=count");
            CHECK(counted.root()["total"].text() == "1");
            CHECK(found(gateway.get(row.type + "?_id=" + row.theirs + "," + row.mine)) ==
                  std::set<std::string>{row.type + "/" + row.mine});
            CHECK(found(gateway.get(row.type + "?_sort=_id")) == std::set<std::string>{row.type + "/" + row.mine});
            CHECK(found(gateway.get(row.type + "/_history")) == std::set<std::string>{row.type + "/" + row.mine});
            CHECK_FALSE(leaks(gateway.get(row.type + "?_include=*"), "theirs"));
            CHECK(gateway.erase(row.type + "/" + row.theirs).status == 204);
            CHECK(gateway.put(row.type + "/" + row.theirs, minimal.make(row.type, "\"id\":\"" + row.theirs + "\""))
                      .status == 403);
        }
        CHECK_FALSE(leaks(gateway.get("_history?_count=1000"), "theirs"));
        CHECK_FALSE(leaks(gateway.get("Patient?_revinclude=*"), "theirs"));
        CHECK_FALSE(leaks(gateway.get("Patient/mine/$everything"), "theirs"));
        CHECK(gateway.get("Patient/theirs/$everything").status == 404);
        CHECK(gateway.get("Patient/theirs/Observation").entries() == 0);
        CHECK(gateway.get("Patient?name=theirs").entries() == 0);
        CHECK(gateway.get("Observation?subject:Patient.name=theirs").entries() == 0);
        CHECK(gateway.get("Patient?_has:Observation:patient:status=registered").entries() == 1);
        CHECK(gateway.get("Patient?_id=theirs").entries() == 0);
        // Nothing was deleted or changed behind the wall.
        door.filter = {};
        for (const Row& row : rows) {
            CAPTURE(row.type);
            CHECK(gateway.get(row.type + "/" + row.theirs).header("ETag") == "W/\"1\"");
        }
    }

    TEST_CASE("links from what is seen to what is not say nothing of it") {
        GrantingDoor door;
        Gateway gateway({}, &door);
        for (const char* id : {"mine", "theirs"})
            REQUIRE(gateway
                        .put(std::string("Patient/") + id, std::string(R"({"resourceType":"Patient","id":")") + id +
                                                               R"(","name":[{"family":"N)" + id + "\"}]}")
                        .status == 201);
        // Mine, but it refers to the other patient's encounter.
        REQUIRE(
            gateway
                .put("Encounter/e", R"({"resourceType":"Encounter","id":"e","status":"finished","class":{"code":"AMB"},
            "subject":{"reference":"Patient/theirs"}})")
                .status == 201);
        REQUIRE(
            gateway
                .put("Observation/o", R"({"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},
            "subject":{"reference":"Patient/mine"},"encounter":{"reference":"Encounter/e"}})")
                .status == 201);
        REQUIRE(gateway
                    .put("Observation/t",
                         R"({"resourceType":"Observation","id":"t","status":"final","code":{"text":"secret"},
            "subject":{"reference":"Patient/theirs"},"hasMember":[{"reference":"Observation/o"}]})")
                    .status == 201);
        REQUIRE(
            gateway.put("Binary/b", R"({"resourceType":"Binary","id":"b","contentType":"text/plain","data":"aGk="})")
                .status == 201);
        CHECK(gateway.get("Observation/o?_include=Observation:encounter").status == 200);
        CHECK(found(gateway.get("Observation?_include=Observation:encounter")).contains("Encounter/e"));
        door.filter.everything = false;
        door.filter.patient_ids = {"mine"};
        CHECK(found(gateway.get("Observation?_include=Observation:encounter")) ==
              std::set<std::string>{"Observation/o"});
        CHECK(found(gateway.get("Observation?_revinclude=Observation:has-member")) ==
              std::set<std::string>{"Observation/o"});
        CHECK(gateway.get("Observation?encounter.status=finished").entries() == 0);
        CHECK(gateway.get("Observation?encounter:Encounter.patient.family=Ntheirs").entries() == 0);
        CHECK(gateway.get("Observation?_has:Observation:has-member:code:text=secret").entries() == 0);
        CHECK(gateway.get("Observation?_filter=encounter.status eq finished").entries() == 0);
        CHECK(gateway.get("Binary/b").status == 403);
        // Writing: into the own compartment only, and nobody else's id can be taken over.
        CHECK(gateway
                  .post("Observation", R"({"resourceType":"Observation","status":"final","code":{"text":"x"},
            "subject":{"reference":"Patient/mine"}})")
                  .status == 201);
        CHECK(gateway
                  .post("Observation", R"({"resourceType":"Observation","status":"final","code":{"text":"x"},
            "subject":{"reference":"Patient/theirs"}})")
                  .status == 403);
        CHECK(gateway
                  .send(http::Method::patch, "Observation/t",
                        R"([{"op":"replace","path":"/status","value":"amended"}])",
                        {{"Content-Type", "application/json-patch+json"}})
                  .status == 404);
        const auto bundle = gateway.post("", R"({"resourceType":"Bundle","type":"transaction","entry":[
            {"request":{"method":"GET","url":"Observation/t"}}]})");
        CHECK_FALSE(leaks(bundle, "secret"));
        const auto batch = gateway.post("", R"({"resourceType":"Bundle","type":"batch","entry":[
            {"request":{"method":"GET","url":"Observation/t"}},{"request":{"method":"GET","url":"Observation?code:text=secret"}}]})");
        CHECK(batch.status == 200);
        CHECK_FALSE(leaks(batch, R"("text":"secret")"));
        CHECK_FALSE(leaks(batch, R"("id":"t")"));
        // An update that would move a resource out of sight is undone.
        CHECK(gateway
                  .put("Observation/o", R"({"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},
            "subject":{"reference":"Patient/theirs"}})")
                  .status == 403);
        CHECK(gateway.get("Observation/o").header("ETag") == "W/\"1\"");
    }

    TEST_CASE("grants by type and by query; a page link is worth no more than the right it is used with") {
        GrantingDoor door;
        Gateway gateway({}, &door);
        const auto observation = [&](const char* id, const char* category) {
            REQUIRE(
                gateway
                    .put(
                        std::string("Observation/") + id,
                        std::string(R"({"resourceType":"Observation","id":")") + id +
                            R"(","status":"final","code":{"text":"x"},"category":[{"coding":[{"system":"urn:c","code":")" +
                            category + R"("}]}]})")
                    .status == 201);
        };
        for (const char* id : {"l1", "l2", "l3"}) observation(id, "laboratory");
        for (const char* id : {"v1", "v2", "v3"}) observation(id, "vital-signs");
        REQUIRE(gateway.put("Patient/p", R"({"resourceType":"Patient","id":"p"})").status == 201);
        const auto first = gateway.get("Observation?_count=2");
        REQUIRE_FALSE(first.link("next").empty());

        door.filter.everything = false;
        door.filter.types = {"Observation"};
        CHECK(gateway.get("Observation").entries() == 6);
        CHECK(gateway.get("Patient/p").status == 403);
        CHECK(gateway.get("Patient").status == 403);
        CHECK_FALSE(found(gateway.get("?_type=Observation,Patient&_count=100")).contains("Patient/p"));
        door.filter.queries = {{"Observation", "category=urn:c|laboratory"}};
        CHECK(gateway.get("Observation").entries() == 3);
        CHECK(gateway.get("Observation/v1").status == 404);
        CHECK(gateway.get("Observation/l1").status == 200);
        CHECK(gateway.get("Observation?_total=accurate&_count=1").root()["total"].text() == "3");
        for (std::string next = first.link("next"); !next.empty();) {
            const auto page = gateway.get(next);
            REQUIRE(page.status == 200);
            for (const auto& name : found(page)) CHECK(name.starts_with("Observation/l"));
            next = page.link("next");
        }
        door.filter.queries = {{"Observation", "no-such-parameter=1"}};
        CHECK(gateway.get("Observation").status == 403);
    }

    TEST_CASE("what is remembered of a grant is worth nothing for another type, action, purpose or grant") {
        const security::Door door(true);
        Gateway gateway({}, &door);
        const auto grant = [](std::string_view scopes) {
            return std::make_shared<const security::Grant>(security::Grant{
                std::get<std::vector<security::Scope>>(security::parse_scopes(scopes)), {}, false, true});
        };
        const auto reader = grant("system/Patient.r"), writer = grant("system/Patient.cruds");
        const auto as = [&](const std::shared_ptr<const security::Grant>& what, const char* purpose) {
            security::Principal principal{security::Principal::Kind::client, "emr", "127.0.0.1", what};
            principal.purpose = purpose;
            gateway.as(std::make_shared<const security::Principal>(std::move(principal)));
        };
        as(writer, "an emergency");
        REQUIRE(gateway.put("Patient/open", R"({"resourceType":"Patient","id":"open"})").status == 201);
        REQUIRE(gateway
                    .put("Patient/labelled",
                         R"({"resourceType":"Patient","id":"labelled","meta":{"security":[{"system":)"
                         R"("http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"R"}]}})")
                    .status == 201);
        for (int round = 0; round < 3; ++round) {
            as(reader, "");
            CHECK(gateway.get("Patient/open").status == 200);
            CHECK(gateway.get("Patient/labelled").status == 404);
            CHECK(gateway.get("Patient").status == 403);
            CHECK(gateway.get("Observation/1").status == 403);
            CHECK(gateway.put("Patient/open", R"({"resourceType":"Patient","id":"open"})").status == 403);
            as(reader, "an emergency");
            CHECK(gateway.get("Patient/labelled").status == 200);
            CHECK(gateway.get("Patient").status == 403);
            as(writer, "");
            CHECK(gateway.get("Patient/labelled").status == 404);
            CHECK(gateway.get("Patient").entries() == 1);
            CHECK(gateway.put("Patient/open", R"({"resourceType":"Patient","id":"open"})").status == 200);
            as(writer, "an emergency");
            CHECK(gateway.get("Patient").entries() == 2);
        }
    }

    TEST_CASE("of the types outside the compartment, those about patients stay hidden") {
        GrantingDoor door;
        Gateway gateway({}, &door);
        const tests::MinimalResources minimal;
        std::vector<std::string> types;
        std::set<std::string_view> compartment;
        for (const auto& row : fhir::r4::compartment("Patient")) compartment.insert(row.type);
        for (const auto type : fhir::r4::resource_types()) {
            if (compartment.contains(type) || type == "Patient") continue;
            const auto made = gateway.put(
                std::string(type) + "/x",
                type == "Subscription"
                    ? R"({"resourceType":"Subscription","id":"x","status":"off","reason":"x","criteria":"Patient",
                                                    "channel":{"type":"rest-hook","endpoint":"http://127.0.0.1/"}})"
                    : minimal.make(type, R"("id":"x")"));
            REQUIRE_MESSAGE(made.status == 201, made.body);
            types.emplace_back(type);
        }
        door.filter.everything = false;
        door.filter.patient_ids = {"mine"};
        const std::set<std::string> hidden = {"Binary",        "Bundle",     "Task",
                                              "MessageHeader", "Parameters", "Subscription"};
        for (const auto& type : types) {
            CAPTURE(type);
            const auto status = gateway.get(type + "/x").status;
            if (hidden.contains(type)) CHECK(status == 403);
            if (type == "Organization" || type == "Practitioner" || type == "ValueSet" || type == "Medication")
                CHECK(status == 200);
        }
    }
}
