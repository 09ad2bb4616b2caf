// What is promised under load: conditions and versions hold, whoever comes at the same time.
#include <atomic>
#include <thread>

#include "tests/gateway/rest/gateway.hpp"

using namespace causeway;
using tests::Gateway;

namespace {

constexpr int clients = 16;
constexpr int requests = 200;

/// Runs `work(number)` for 0 .. requests-1 on many threads that begin together.
template <class Work>
void all_at_once(Work work) {
    std::atomic<int> next = 0;
    std::atomic<bool> go = false;
    std::vector<std::thread> threads;
    for (int i = 0; i < clients; ++i)
        threads.emplace_back([&] {
            while (!go) std::this_thread::yield();
            for (int number; (number = next++) < requests;) work(number);
        });
    go = true;
    for (auto& thread : threads) thread.join();
}

std::string patient(int number) {
    return R"({"resourceType":"Patient","identifier":[{"system":"urn:mrn","value":"one"}],"name":[{"given":["g)" +
           std::to_string(number) + "\"]}]}";
}

}  // namespace

TEST_SUITE("gateway/rest/concurrency") {
    TEST_CASE("200 conditional creates of one condition make one resource") {
        Gateway gateway;
        std::atomic<int> created = 0, found = 0, other = 0;
        all_at_once([&](int number) {
            const auto got = gateway.post("Patient", patient(number), {{"If-None-Exist", "identifier=urn:mrn|one"}});
            ++(got.status == 201 ? created : got.status == 200 ? found : other);
        });
        CHECK(created == 1);
        CHECK(found == requests - 1);
        CHECK(other == 0);
        CHECK(gateway.get("Patient?_summary=count").root()["total"].text() == "1");
    }

    TEST_CASE("200 conditional updates of one condition make one resource, and each of its versions is one of them") {
        Gateway gateway;
        std::atomic<int> created = 0, updated = 0, other = 0;
        all_at_once([&](int number) {
            const auto got = gateway.put("Patient?identifier=urn:mrn|one", patient(number));
            ++(got.status == 201 ? created : got.status == 200 ? updated : other);
        });
        CHECK(created == 1);
        CHECK(updated == requests - 1);
        CHECK(other == 0);
        const auto all = gateway.get("Patient");
        REQUIRE(all.entries() == 1);
        CHECK(all.entry(0)["resource"]["meta"]["versionId"].text() == std::to_string(requests));
    }

    TEST_CASE("200 transactions with the same If-None-Exist make one patient with 200 observations") {
        Gateway gateway;
        std::atomic<int> good = 0;
        all_at_once([&](int number) {
            const auto got = gateway.post(
                "", R"({"resourceType":"Bundle","type":"transaction","entry":[
                {"fullUrl":"urn:uuid:00000000-0000-4000-8000-000000000001","resource":)" +
                        patient(number) +
                        R"(,"request":{"method":"POST","url":"Patient","ifNoneExist":"identifier=urn:mrn|one"}},
                {"resource":{"resourceType":"Observation","status":"final","code":{"text":"x"},
                "subject":{"reference":"urn:uuid:00000000-0000-4000-8000-000000000001"}},"request":{"method":"POST","url":"Observation"}}]})");
            if (got.status == 200) ++good;
        });
        CHECK(good == requests);
        const auto all = gateway.get("Patient");
        REQUIRE(all.entries() == 1);
        const std::string id(all.entry(0)["resource"]["id"].text());
        CHECK(gateway.get("Observation?patient=" + id + "&_summary=count").root()["total"].text() ==
              std::to_string(requests));
    }

    TEST_CASE("no update is lost with If-Match: a counter that 200 raise ends at 200") {
        Gateway gateway;
        REQUIRE(gateway.put("Basic/c", R"({"resourceType":"Basic","id":"c","code":{"text":"0"}})").status == 201);
        std::atomic<int> refused = 0;
        all_at_once([&](int) {
            for (;;) {
                const auto now = gateway.get("Basic/c");
                const int value = std::stoi(std::string(now.root()["code"]["text"].text()));
                const std::string next =
                    R"({"resourceType":"Basic","id":"c","code":{"text":")" + std::to_string(value + 1) + "\"}}";
                const auto got = gateway.put("Basic/c", next, {{"If-Match", now.header("ETag")}});
                if (got.status == 200) return;
                REQUIRE(got.status == 412);
                ++refused;
            }
        });
        CHECK(gateway.get("Basic/c").root()["code"]["text"].text() == std::to_string(requests));
        CHECK(gateway.get("Basic/c").header("ETag") == "W/\"" + std::to_string(requests + 1) + "\"");
    }

    TEST_CASE("the condition also holds after the store was closed and opened again") {
        const auto folder = Gateway::make_folder();
        const Gateway::Headers condition = {{"If-None-Exist", "identifier=urn:mrn|one"}};
        std::string id;
        {
            Gateway gateway({}, nullptr, folder);
            const auto first = gateway.post("Patient", patient(1), condition);
            REQUIRE(first.status == 201);
            id = first.id();
        }
        {
            Gateway gateway({}, nullptr, folder);
            const auto again = gateway.post("Patient", patient(2), condition);
            CHECK(again.status == 200);
            CHECK(again.id() == id);
        }
        std::filesystem::remove_all(folder);
    }
}
