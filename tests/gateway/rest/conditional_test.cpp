#include <thread>

#include "tests/gateway/rest/gateway.hpp"

using namespace causeway;
using tests::Gateway;

namespace {

std::string patient(const std::string& mrn, const std::string& rest = R"("birthDate":"1962")") {
    return R"({"resourceType":"Patient","identifier":[{"system":"http://mrn","value":")" + mrn + "\"}]," + rest + "}";
}

}  // namespace

TEST_SUITE("gateway/rest/conditional") {
    TEST_CASE("conditional create: none creates, one is returned, several are a 412") {
        Gateway gateway;
        const Gateway::Headers condition = {{"If-None-Exist", "identifier=http://mrn|1"}};
        const auto first = gateway.post("Patient", patient("1"), condition);
        REQUIRE(first.status == 201);
        const auto second = gateway.post("Patient", patient("1", R"("birthDate":"2001")"), condition);
        CHECK(second.status == 200);
        CHECK(second.id() == first.id());
        CHECK(second.root()["birthDate"].text() == "1962");
        CHECK(second.header("Location") == first.header("Location"));
        CHECK(second.header("ETag") == "W/\"1\"");
        CHECK(gateway.get("Patient").entries() == 1);
        gateway.create(patient("1"));
        const auto several = gateway.post("Patient", patient("1"), condition);
        CHECK(several.status == 412);
        CHECK(several.issue() == "multiple-matches");
    }

    TEST_CASE("a condition that is empty, unknown or not a filter is refused whatever handling says") {
        Gateway gateway;
        for (const char* condition :
             {"", "identifier=", "foo=bar", "_count=1", "_sort=birthdate", "_include=Patient:organization"}) {
            CAPTURE(condition);
            const auto got =
                gateway.post("Patient", patient("1"), {{"If-None-Exist", condition}, {"Prefer", "handling=lenient"}});
            CHECK((got.status == 412 || got.status == 400));
        }
        CHECK(gateway.get("Patient").entries() == 0);
        CHECK(gateway.put("Patient", patient("1")).status == 412);
        CHECK(gateway.erase("Patient").status == 412);
        CHECK(gateway.erase("Patient?foo=bar").status == 400);
    }

    TEST_CASE("200 identical conditional creates at once make one resource, and so after a restart of the questions") {
        Gateway gateway;
        std::atomic<int> created = 0, found = 0, other = 0;
        std::vector<std::thread> threads;
        for (int t = 0; t < 8; ++t)
            threads.emplace_back([&] {
                for (int i = 0; i < 25; ++i) {
                    const auto got =
                        gateway.post("Patient", patient("same"), {{"If-None-Exist", "identifier=http://mrn|same"}});
                    ++(got.status == 201 ? created : got.status == 200 ? found : other);
                }
            });
        for (auto& thread : threads) thread.join();
        CHECK(created == 1);
        CHECK(found == 199);
        CHECK(other == 0);
        CHECK(gateway.get("Patient?identifier=http://mrn|same").entries() == 1);
    }

    TEST_CASE("concurrent updates with If-Match: exactly one wins each version") {
        Gateway gateway;
        const std::string id = gateway.create(patient("1"));
        std::atomic<int> won = 0, lost = 0;
        std::vector<std::thread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&, t] {
                for (int i = 0; i < 25; ++i) {
                    const auto current = gateway.get("Patient/" + id);
                    const std::string body = R"({"resourceType":"Patient","id":")" + id +
                                             R"(","multipleBirthInteger":)" + std::to_string(t * 100 + i) + "}";
                    const auto got = gateway.put("Patient/" + id, body, {{"If-Match", current.header("ETag")}});
                    ++(got.status == 200 ? won : lost);
                    if (got.status != 200) CHECK(got.status == 412);
                }
            });
        for (auto& thread : threads) thread.join();
        CHECK(won + lost == 100);
        CHECK(gateway.get("Patient/" + id).root()["meta"]["versionId"].text() == std::to_string(won + 1));
    }

    TEST_CASE("conditional update") {
        Gateway gateway;
        auto got = gateway.put("Patient?identifier=http://mrn|1", patient("1"));
        REQUIRE(got.status == 201);
        const std::string id(got.id());
        got = gateway.put("Patient?identifier=http://mrn|1", patient("1", R"("birthDate":"1970")"));
        CHECK(got.status == 200);
        CHECK(got.id() == id);
        CHECK(got.header("ETag") == "W/\"2\"");
        got =
            gateway.put("Patient?identifier=http://mrn|1", patient("1", R"("id":")" + id + R"(","birthDate":"1971")"));
        CHECK(got.status == 200);
        got = gateway.put("Patient?identifier=http://mrn|1", patient("1", R"("id":"other")"));
        CHECK(got.status == 400);
        CHECK(got.issue() == "value");
        got = gateway.put("Patient?identifier=http://mrn|2", patient("2", R"("id":"chosen")"));
        CHECK(got.status == 201);
        CHECK(got.id() == "chosen");
        CHECK(gateway.put("Patient?identifier=http://mrn|3", patient("3", R"("id":"chosen")")).status == 409);
        CHECK(gateway
                  .put("Patient?identifier=http://mrn|1", patient("1", R"("birthDate":"1980")"),
                       {{"If-Match", "W/\"1\""}})
                  .status == 412);
        gateway.create(patient("1"));
        got = gateway.put("Patient?identifier=http://mrn|1", patient("1"));
        CHECK(got.status == 412);
        CHECK(got.issue() == "multiple-matches");
    }

    TEST_CASE("conditional delete: none, one, several; single where several are forbidden") {
        Gateway gateway;
        CHECK(gateway.erase("Patient?identifier=http://mrn|1").status == 204);
        const std::string one = gateway.create(patient("1")), two = gateway.create(patient("2")),
                          other = gateway.create(patient("2"));
        CHECK(gateway.erase("Patient?identifier=http://mrn|1").status == 204);
        CHECK(gateway.get("Patient/" + one).status == 410);
        CHECK(gateway.get("Patient/" + two).status == 200);
        CHECK(gateway.erase("Patient?identifier=http://mrn|2").status == 204);
        CHECK(gateway.get("Patient/" + two).status == 410);
        CHECK(gateway.get("Patient/" + other).status == 410);

        rest::Settings settings;
        settings.conditional_delete_max = 1;
        Gateway strict(settings);
        strict.create(patient("2"));
        strict.create(patient("2"));
        const auto got = strict.erase("Patient?identifier=http://mrn|2");
        CHECK(got.status == 412);
        CHECK(got.issue() == "multiple-matches");
        CHECK(strict.get("Patient?identifier=http://mrn|2").entries() == 2);
    }
}
